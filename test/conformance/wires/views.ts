// Small parts of the readers of several wires. Independent of the code under test.
import type { FinishClass } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { list, number, parse, record, says, type Json } from '../../support/json.ts'
import type { AnswerView, Aside, Item, UsageView } from './wire.ts'

/** The parsed data of the frames, `[DONE]` and unreadable ones left out. */
export function payloads(frames: readonly Frame[]): Json[] {
  return frames.flatMap((frame) => {
    const value = parse(frame.data)
    return typeof value === 'object' && value !== null ? [value as Json] : []
  })
}

/** An answer calls tools exactly when there are calls, whatever the provider says; one cut off or withheld stays that. */
export function borneOut(finish: FinishClass, tools: readonly unknown[]): FinishClass {
  if (finish !== 'stop' && finish !== 'tool') return finish
  return tools.length > 0 ? 'tool' : 'stop'
}

/** What a wire without free-text tools can say of an answer: their clients cannot offer such tools. */
export function withoutCustom(said: AnswerView): AnswerView {
  const tools = said.tools.filter((call) => call.custom !== true)
  if (tools.length === said.tools.length) return said
  return { ...said, tools, finish: borneOut(said.finish, tools), saidFinish: borneOut(said.finish, tools) }
}

/** Only Anthropic has a word for a paused turn; on every other wire it ends. */
export function withoutPause(finish: FinishClass): FinishClass {
  return finish === 'pause' ? 'stop' : finish
}

/**
 * OpenAI's record of tokens in chat and completions: prompt_tokens includes cached ones (wire-facts 38). A total above
 * prompt + completion counts what completion leaves out: reasoning (39, xAI and Gemini's compatible endpoint). Nonsense
 * is clamped.
 */
export function openaiUsage(value: unknown): UsageView | undefined {
  const usage = record(value)
  if (Object.keys(usage).length === 0) return undefined
  const input = number(usage['prompt_tokens'])
  const completion = number(usage['completion_tokens'])
  const output = Math.max(completion, number(usage['total_tokens']) - input)
  const cached = record(usage['prompt_tokens_details'])['cached_tokens']
  const reasoning = number(record(usage['completion_tokens_details'])['reasoning_tokens'])
  return {
    input,
    cached: Math.min(number(cached ?? usage['prompt_cache_hit_tokens']), input),
    output,
    reasoning: Math.min(reasoning, output),
  }
}

/** The members of a holder that are not its content and say something. */
export function asidesOf(holder: Json, at: string, content: ReadonlySet<string>): Aside[] {
  return Object.entries(holder)
    .filter(([key, value]) => !content.has(key) && says(value) && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => ({ key, value, at: `${at}.${key}` }))
}

/** The position of a call's id: the same for the call and for its result. */
export function position(ids: Map<string, number>, id: string): number {
  const known = ids.get(id) ?? ids.size
  ids.set(id, known)
  return known
}

/**
 * The order in which all wires can say it: in a user's turn results come first (Anthropic wants them there), in an
 * assistant's turn calls come last (Chat has one text and one list of calls per message).
 */
export function inCommonOrder(items: readonly Item[]): Item[] {
  const sorted: Item[] = []
  let first: Item[] = []
  let rest: Item[] = []
  let role: Item['role'] | undefined
  const flush = (): void => {
    sorted.push(...first, ...rest)
    first = []
    rest = []
  }
  for (const item of items) {
    if (item.role !== role) flush()
    role = item.role
    const early = role === 'assistant' ? item.kind !== 'tool-call' : item.kind === 'tool-result'
    if (early) first.push(item)
    else rest.push(item)
  }
  flush()
  return sorted
}

/** Below these keys stands what a tool, a schema or an end user wrote: data, in which null is a value. */
const opaqueKeys = new Set(
  (
    'input arguments args parameters input_schema inputSchema schema json response parametersJsonSchema ' +
    'parameters_json_schema responseSchema response_schema responseJsonSchema additionalModelRequestFields'
  ).split(' '),
)

/** Absent ≡ null: a member that is null says nothing. Data inside tools and schemas is left alone. */
export function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined)
      .map(([key, member]) => [key, opaqueKeys.has(key) && !Array.isArray(member) ? member : dropNulls(member)]),
  )
}

/** An empty record or list says as much as none. */
export function withoutEmpty(body: Json, keys: readonly string[]): Json {
  return Object.fromEntries(
    Object.entries(body).filter(
      ([key, value]) =>
        !(keys.includes(key) && typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  )
}

/** Content as its parts; a string is one text part at the path of the content itself. An empty string says nothing. */
export function partsOf(content: unknown, at: string): { part: Json; at: string }[] {
  if (typeof content === 'string') return content === '' ? [] : [{ part: { type: 'text', text: content }, at }]
  return list(content).map((part, index) => ({ part: record(part), at: `${at}[${index}]` }))
}

/** An inline medium as a data URL; a plain text is that text, however it is packed. */
export function inlineOf(type: string, base64: string): unknown {
  const plain = base64.replaceAll('-', '+').replaceAll('_', '/')
  if (type === 'text/plain') return { text: Buffer.from(plain, 'base64').toString('utf8') }
  return `data:${type};base64,${plain}`
}

/** Where an image or a file is: inline, behind a link, or at a provider. */
export function placeOf(value: unknown): 'inline' | 'link' | 'provider' {
  if (typeof value !== 'string') return 'provider'
  return value.startsWith('data:') ? 'inline' : 'link'
}

/** Where a provider names no answer, its id is made from the request's. */
export function isMintedByUs(id: string): boolean {
  return id.includes('req_conformance')
}

/** Ids that an SDK minted are random: `call_` and a UUID. */
export function isMintedBySdk(id: string): boolean {
  return /^call_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id)
}

// What a provider leaves out or adds on its own wire.
const vendor = 'beyond the specification: '

/** A rule that an answer of the same wire may break, because its provider did. */
export function beyond(problem: string): string {
  return vendor + problem
}

/** Without the rules that only a translation has to keep. */
export function forOwn(problems: readonly string[], own: boolean): string[] {
  return own ? problems.filter((problem) => !problem.startsWith(vendor)) : [...problems]
}

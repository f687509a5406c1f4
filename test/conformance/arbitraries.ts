// Random canonical requests and event streams that a decoder may legally produce. Owns the shapes; asserts nothing.
import * as fc from 'fast-check'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { ContentPart, ImagePart, TextPart, ToolCallPart, ToolResultPart } from '../../src/ir/content.ts'
import type { IrEvent, PartOpening } from '../../src/ir/event.ts'
import type { FunctionTool, IrRequest, Sampling, Turn } from '../../src/ir/request.ts'
import type { FinishClass } from '../../src/ir/response.ts'

/** Any well-formed text: control characters, combining marks, astral planes, sometimes nothing. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 24 }),
  fc.string({ unit: 'grapheme', maxLength: 24 }),
  fc.constantFrom('', ' ', '\n', 'data: [DONE]\n\n', '{"type":"message_stop"}', '\u2028', '😀', 'e\u0301', '\\u0000'),
)
const said = anyText.filter((text) => text.trim() !== '')

const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const inlineImage = fc
  .record({ mediaType: fc.constantFrom('image/png', 'image/jpeg', 'image/gif', 'image/webp'), data: base64 })
  .map((source): ImagePart => ({ type: 'image', source: { kind: 'base64', ...source } }))
const linkedImage = fc.webUrl().map((url): ImagePart => ({ type: 'image', source: { kind: 'url', url } }))
const textPart = anyText.map((text): TextPart => ({ type: 'text', text }))
const saidPart = said.map((text): TextPart => ({ type: 'text', text }))

const jsonObject = fc.oneof(
  fc.constant(''),
  fc
    .dictionary(
      fc.string({ maxLength: 6 }).filter((key) => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 4 },
    )
    .map((value) => JSON.stringify(value)),
)

// Names as clients invent them: dots, slashes, umlauts, too long. Two of them never differ in illegal characters only.
const anyNames = ['get_weather', 'files.read', 'mcp/search', 'prüfe', 'a'.repeat(70), 'weather-2', 'x', 'with blanks']
// Every wire takes these as they are.
const legalNames = ['get_weather', 'files_read', 'weather-2', 'x']

interface Exchanged {
  readonly user: readonly ContentPart[]
  readonly say: readonly ContentPart[]
  readonly calls: readonly { readonly name: string; readonly input: string; readonly result: ToolResultShape }[]
}

interface ToolResultShape {
  readonly parts: readonly ContentPart[]
  readonly isError: boolean
  readonly beside: readonly ContentPart[]
}

/** What a request of one wire can hold, so that what is made is what its decoder could have made. */
interface Vocabulary {
  /** Tools, calls and results. */
  readonly tools: boolean
  readonly images: boolean
  /** Images behind a link. */
  readonly links: boolean
  /** A result that is an error, and images in it. */
  readonly richResults: boolean
  readonly oneCallAtATime: 'always' | 'with-choice' | 'never'
  /** A schema that is enforced. */
  readonly strict: boolean
  readonly choices: readonly ('auto' | 'none' | 'required' | 'tool')[]
  readonly sampling: fc.Arbitrary<Sampling>
}

const anyChoice = ['auto', 'none', 'required', 'tool'] as const
const warm = { topP: fc.constantFrom(0.1, 0.95, 1) }
const limit = { maxOutputTokens: fc.integer({ min: 1, max: 100_000 }) }
const stop = {
  stop: fc.array(fc.constantFrom('END', '\n', '  ', '###', 'stop', 'x'), { minLength: 1, maxLength: 6 }),
}
const openaiOnly = {
  seed: fc.integer(),
  frequencyPenalty: fc.constantFrom(0.5, -1),
  presencePenalty: fc.constantFrom(0.5, -1),
}
const topK = { topK: fc.integer({ min: 1, max: 100 }) }
const upToTwo = { temperature: fc.constantFrom(0, 0.5, 1, 1.7) }
const upToOne = { temperature: fc.constantFrom(0, 0.5, 1) }

const vocabularies: Readonly<Record<GenerativeId, Vocabulary>> = {
  'openai-chat': {
    tools: true,
    images: true,
    links: true,
    richResults: false,
    oneCallAtATime: 'always',
    strict: true,
    choices: anyChoice,
    sampling: fc.record({ ...limit, ...warm, ...stop, ...upToTwo, ...openaiOnly }, { requiredKeys: [] }),
  },
  'openai-responses': {
    tools: true,
    images: true,
    links: true,
    richResults: false,
    oneCallAtATime: 'always',
    strict: true,
    choices: anyChoice,
    sampling: fc.record({ ...limit, ...warm, ...upToTwo }, { requiredKeys: [] }),
  },
  'openai-completions': {
    tools: false,
    images: false,
    links: false,
    richResults: false,
    oneCallAtATime: 'never',
    strict: true,
    choices: [],
    sampling: fc.record({ ...limit, ...warm, ...stop, ...upToTwo, ...openaiOnly }, { requiredKeys: [] }),
  },
  'anthropic-messages': {
    tools: true,
    images: true,
    links: true,
    richResults: true,
    oneCallAtATime: 'with-choice',
    strict: true,
    choices: anyChoice,
    sampling: fc.record({ ...limit, ...warm, ...stop, ...upToOne, ...topK }, { requiredKeys: ['maxOutputTokens'] }),
  },
  gemini: {
    tools: true,
    images: true,
    links: false,
    richResults: false,
    oneCallAtATime: 'never',
    strict: false,
    choices: anyChoice,
    sampling: fc.record(
      {
        ...limit,
        ...warm,
        ...stop,
        ...upToTwo,
        ...topK,
        ...openaiOnly,
        seed: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      },
      { requiredKeys: [] },
    ),
  },
  'bedrock-converse': {
    tools: true,
    images: true,
    links: false,
    richResults: true,
    oneCallAtATime: 'never',
    strict: true,
    choices: ['auto', 'required', 'tool'],
    sampling: fc.record({ ...limit, ...warm, ...stop, ...upToOne }, { requiredKeys: [] }),
  },
}

/** What both wires know, so that a request is not refused for what the suite asserts elsewhere. */
function shared(source: GenerativeId, target: GenerativeId): Vocabulary {
  const own = vocabularies[source]
  const other = vocabularies[target]
  return {
    ...own,
    tools: own.tools && other.tools,
    images: own.images && other.images,
    links: own.links && other.links,
    choices: own.tools && other.tools ? own.choices : [],
  }
}

function result({ richResults }: Vocabulary): fc.Arbitrary<ToolResultShape> {
  return fc.record({
    parts: fc.array(richResults ? fc.oneof(textPart, textPart, inlineImage) : textPart, { maxLength: 3 }),
    isError: richResults ? fc.boolean() : fc.constant(false),
    beside: fc.array(saidPart, { maxLength: 1 }),
  })
}

function exchanged(vocabulary: Vocabulary, names: readonly string[]): fc.Arbitrary<Exchanged> {
  const { tools, images, links } = vocabulary
  const call = fc.record({ name: fc.constantFrom(...names), input: jsonObject, result: result(vocabulary) })
  const image = links ? fc.oneof(inlineImage, linkedImage) : inlineImage
  return fc.record({
    user: fc
      .tuple(saidPart, fc.array(images ? fc.oneof(textPart, image) : textPart, { maxLength: 3 }))
      .map(([first, rest]): ContentPart[] => [first, ...rest]),
    say: fc.array(textPart, { maxLength: 2 }),
    calls: fc.array(call, { maxLength: tools ? 3 : 0 }),
  })
}

const tool = (name: string, strict: boolean): fc.Arbitrary<FunctionTool> =>
  fc.record(
    {
      type: fc.constant('function' as const),
      name: fc.constant(name),
      description: said,
      schema: fc.constantFrom(
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
        { type: 'object', properties: {} },
        { type: 'object', properties: { a: { type: ['integer', 'null'], exclusiveMinimum: 0 } } },
      ),
      strict: strict ? fc.boolean() : fc.constant(false),
    },
    { requiredKeys: ['type', 'name', 'schema'] },
  )

/**
 * A request as it was decoded from a dialect, within what the target knows as well; every part has a path, so that a loss
 * can name it. A prompt of the completions wire is one text of the user.
 * @param legal whether tool names and ids are such that every wire takes them
 */
export function request(source: GenerativeId, target: GenerativeId, legal: boolean): fc.Arbitrary<IrRequest> {
  const names = legal ? legalNames : anyNames
  const vocabulary = shared(source, target)
  const { choices, oneCallAtATime } = vocabulary
  const isPrompt = source === 'openai-completions'
  return fc
    .record({
      instructions: fc.array(saidPart, { maxLength: isPrompt ? 0 : 2 }),
      exchanges: fc.array(exchanged(vocabulary, names), { minLength: isPrompt ? 0 : 1, maxLength: isPrompt ? 0 : 3 }),
      closing: fc.array(saidPart, { minLength: 1, maxLength: 1 }),
      tools: fc.tuple(...(vocabulary.tools ? names : []).map((name) => tool(name, vocabulary.strict))),
      choice:
        choices.length === 0 ? fc.constant(undefined) : fc.option(fc.constantFrom(...choices), { nil: undefined }),
      parallel: fc.option(fc.boolean(), { nil: undefined }),
      sampling: vocabulary.sampling,
      stream: fc.boolean(),
    })
    .map(({ instructions, exchanges, closing, tools, choice, parallel, ...rest }): IrRequest => {
      const turns = [...exchanges.flatMap(turnsOf), { role: 'user' as const, parts: closing }]
      const saysParallel = oneCallAtATime === 'always' || (oneCallAtATime === 'with-choice' && choice !== undefined)
      return {
        source,
        model: 'model',
        instructions: instructions.map((part, index) => ({ ...part, at: `system[${index}]` })),
        turns: mergeUserTurns(renumberCalls(turns, legal)).map((turn, index) => located(turn, `messages[${index}]`)),
        tools: tools.map((entry, index) => ({ ...entry, at: `tools[${index}]` })),
        ...(choice !== undefined && {
          toolChoice: choice === 'tool' ? { mode: choice, name: names[1] ?? '' } : { mode: choice },
        }),
        ...(parallel !== undefined && saysParallel && tools.length > 0 && { parallelToolCalls: parallel }),
        ...rest,
      }
    })
}

function turnsOf({ user, say, calls }: Exchanged): Turn[] {
  const assistant = [
    ...say,
    ...calls.map(({ name, input }): ToolCallPart => ({ type: 'tool-call', id: '', name, input })),
  ]
  const results = calls.map(({ result: { parts, isError } }): ToolResultPart => {
    return { type: 'tool-result', callId: '', parts, ...(isError && { isError }) }
  })
  const beside = calls.flatMap(({ result: { beside } }) => beside)
  const turns: Turn[] = [{ role: 'user', parts: user }]
  // An assistant turn without anything is no turn.
  if (assistant.some((part) => part.type !== 'text' || part.text.trim() !== ''))
    turns.push({ role: 'assistant', parts: assistant })
  if (calls.length > 0) turns.push({ role: 'user', parts: [...results, ...beside] })
  return turns
}

/** Ids as providers make them, among them some that Anthropic refuses (wire-facts 27). */
function callId(count: number, legal: boolean): string {
  const prefixes = legal ? ['call_', 'toolu_01'] : ['call_', 'functions.add:', 'toolu_01', '']
  return `${prefixes[count % prefixes.length] ?? ''}${count}`
}

/** Gives the calls and their results, in order, the same ids. */
function renumberCalls(turns: readonly Turn[], legal: boolean): Turn[] {
  let call = 0
  let answer = 0
  return turns.map((turn) => ({
    ...turn,
    parts: turn.parts.map((part) => {
      if (part.type === 'tool-call') return { ...part, id: callId(call++, legal) }
      return part.type === 'tool-result' ? { ...part, callId: callId(answer++, legal) } : part
    }),
  }))
}

/** Two user turns in a row are one on Anthropic's wire; here they are one from the start. */
function mergeUserTurns(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = []
  for (const turn of turns) {
    const last = merged.at(-1)
    if (last?.role === 'user' && turn.role === 'user')
      merged[merged.length - 1] = { ...last, parts: [...last.parts, ...turn.parts] }
    else merged.push(turn)
  }
  return merged
}

function located(turn: Turn, at: string): Turn {
  return {
    ...turn,
    at,
    parts: turn.parts.map((part, index) => {
      const path = `${at}.content[${index}]`
      if (part.type !== 'tool-result') return { ...part, at: path }
      return {
        ...part,
        at: path,
        parts: part.parts.map((inner, inside) => ({ ...inner, at: `${path}.content[${inside}]` })),
      }
    }),
  }
}

interface PartScript {
  readonly opening: PartOpening
  readonly deltas: readonly ((part: number) => IrEvent)[]
}

const fragments = (text: fc.Arbitrary<string>): fc.Arbitrary<string[]> => fc.array(text, { maxLength: 4 })

const textScript = fragments(anyText).map((texts): PartScript => ({
  opening: { type: 'text' },
  deltas: texts.map((text) => (part) => ({ type: 'text-delta', part, text })),
}))
const reasoningScript = fc
  .tuple(fragments(anyText), fc.option(fc.constant('c2lnbmF0dXJl'), { nil: undefined }))
  .map(([texts, signature]): PartScript => ({
    opening: { type: 'reasoning' },
    deltas: [
      ...texts.map((text) => (part: number): IrEvent => ({ type: 'reasoning-delta', part, text })),
      ...(signature === undefined ? [] : [(part: number): IrEvent => ({ type: 'signature-delta', part, signature })]),
    ],
  }))
const toolScript = fc
  .tuple(fc.constantFrom(...legalNames), jsonObject, fc.array(fc.nat({ max: 40 }), { maxLength: 3 }))
  .map(([name, input, cuts]): PartScript => ({
    opening: { type: 'tool-call', id: '', name },
    deltas: pieces(input, cuts).map((text) => (part) => ({ type: 'tool-input-delta', part, text })),
  }))

/** Text cut at some places, possibly into empty pieces. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const ends = [...cuts.map((cut) => Math.min(cut, text.length)).toSorted((left, right) => left - right), text.length]
  return ends.map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end))
}

/**
 * The events of one answer, with tool ids of this prefix. Parts overlap in any way, except that text never overlaps
 * text: what a client sees of two texts at once has no order that all wires share.
 */
export function events(idPrefix: string, textAlone = false): fc.Arbitrary<IrEvent[]> {
  const script = textAlone ? textScript : fc.oneof(textScript, reasoningScript, toolScript, toolScript)
  return fc
    .record({
      scripts: fc.array(script, { maxLength: 5 }),
      order: fc.infiniteStream(fc.nat({ max: 1000 })),
      finish: fc.constantFrom<FinishClass>('stop', 'length', 'filter', 'other'),
      usage: fc.option(fc.record({ input: fc.nat(), cacheRead: fc.nat(), output: fc.nat() }), { nil: undefined }),
      early: fc.boolean(),
    })
    .map(({ scripts, order, finish, usage, early }) => {
      const body = interleave(scripts, idPrefix, (count) => (order.next().value ?? 0) % count)
      const report: IrEvent[] =
        usage === undefined ? [] : [{ type: 'usage-report', usage: { ...usage, evidence: 'reported' } }]
      const calls = scripts.some((script) => script.opening.type === 'tool-call')
      const ending: IrEvent = {
        type: 'choice-finish',
        choice: 0,
        finish: { class: calls && (finish === 'stop' || finish === 'other') ? 'tool' : finish },
      }
      return [
        { type: 'response-start', id: 'resp_1', model: 'm', created: 5 },
        ...(early ? report : []),
        ...body,
        ending,
        ...report,
        { type: 'response-end' },
      ]
    })
}

function interleave(scripts: readonly PartScript[], idPrefix: string, pick: (count: number) => number): IrEvent[] {
  let call = 0
  const queues = scripts.map(({ opening, deltas }, part): IrEvent[] => [
    {
      type: 'part-start',
      part,
      choice: 0,
      opening: opening.type === 'tool-call' ? { ...opening, id: `${idPrefix}${call++}` } : opening,
    },
    ...deltas.map((delta) => delta(part)),
    { type: 'part-end', part },
  ])
  const isText = scripts.map((script) => script.opening.type === 'text')
  const merged: IrEvent[] = []
  for (;;) {
    const pending = queues.flatMap((queue, part) => (queue.length > 0 ? [part] : []))
    if (pending.length === 0) return merged
    // A text waits until the text before it is closed, and parts open in their order.
    const ready = pending.filter((part) => {
      const opened = queues[part]?.[0]?.type !== 'part-start'
      const before = pending.filter((other) => other < part)
      const allOpen = before.every((other) => queues[other]?.[0]?.type !== 'part-start')
      return opened || (allOpen && !(isText[part] === true && before.some((other) => isText[other] === true)))
    })
    const next = queues[ready[pick(ready.length)] ?? 0]?.shift()
    if (next !== undefined) merged.push(next)
    if (pick(9) === 0) merged.push({ type: 'keep-alive' })
  }
}

// Properties of all codecs over random input: requests come back from the wire as they went out, minus declared losses,
// whole answers and streams too, and any legal order of events becomes a stream that the official SDKs read as the answer
// it is.
import * as fc from 'fast-check'
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { ContentPart } from '../../src/ir/content.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { Loss } from '../../src/ir/loss.ts'
import type { IrRequest, Sampling } from '../../src/ir/request.ts'
import type { FinishClass, IrResponse } from '../../src/ir/response.ts'
import { totalInput } from '../../src/ir/usage.ts'
import { rounds } from '../support/full-run.ts'
import { parseArguments } from '../support/json.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { hasShared } from '../support/shared.ts'
import { readStream } from '../support/stream-grammar.ts'
import { events, request } from './arbitraries.ts'
import {
  decodeRequest,
  decodeResponse,
  decodeStream,
  dialectIds,
  dialects,
  encodeRequest,
  encodeResponse,
  encodeStream,
  exchangeFor,
  foldEvents,
} from './harness.ts'
import { layer } from './layer.ts'
import { covers, touches } from './losses.ts'
import { wires } from './wires/index.ts'
import type { Concept } from './wires/wire.ts'

const runs = { numRuns: rounds(1000, 100), seed: 20_261_121 }

interface Said {
  readonly what: string
  readonly at: string
}

/** What a request says, as comparable lines; ids by position, names as the client spelled them, empty texts left out. */
function said(ir: IrRequest, names: ReadonlyMap<string, string>): Said[] {
  const ids = new Map<string, number>()
  const position = (id: string): number => {
    const known = ids.get(id) ?? ids.size
    ids.set(id, known)
    return known
  }
  const line = (role: string, part: ContentPart): Said[] => {
    const at = part.at ?? ''
    switch (part.type) {
      case 'text':
        return part.text.trim() === '' ? [] : [{ what: `${role} text ${part.text}`, at }]
      case 'image':
        return [{ what: `${role} image ${JSON.stringify(part.source)}`, at }]
      case 'tool-call': {
        const name = names.get(part.name) ?? part.name
        const input = JSON.stringify(parseArguments(part.input))
        return [{ what: `${role} call ${position(part.id)} ${name} ${input}`, at }]
      }
      case 'tool-result': {
        const call = position(part.callId)
        const error = part.isError === true ? [{ what: `error of ${call}`, at }] : []
        return [...part.parts.flatMap((inner) => line(`result ${call}`, inner)), ...error]
      }
      default:
        return [{ what: `${role} ${part.type}`, at }]
    }
  }
  const tools = ir.tools.flatMap((tool): Said[] => {
    const at = tool.at ?? ''
    if (tool.type !== 'function') return [{ what: `tool ${tool.type}`, at }]
    const name = names.get(tool.name) ?? tool.name
    return [
      { what: `tool ${name} ${JSON.stringify(tool.description)}`, at },
      { what: `schema ${name} ${JSON.stringify(sorted(tool.schema))}`, at },
      ...(tool.strict === true ? [{ what: `strict ${name}`, at: `${at}.strict` }] : []),
    ]
  })
  return [
    ...ir.instructions.flatMap((part) => line('system', part)),
    ...ir.turns.flatMap((turn) => turn.parts.flatMap((part) => line(turn.role, part))),
    ...tools,
  ]
}

/** The order of keys says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}

const concepts: Readonly<Record<keyof Sampling, Concept>> = {
  maxOutputTokens: 'limit',
  temperature: 'temperature',
  topP: 'topP',
  topK: 'topK',
  stop: 'stop',
  seed: 'seed',
  frequencyPenalty: 'frequencyPenalty',
  presencePenalty: 'presencePenalty',
}

/** Whether a loss names a parameter, by what any wire calls it. */
function namesIt(losses: readonly Loss[], concept: Concept): boolean {
  const names = Object.values(wires).flatMap((wire) => wire.requests.concepts[concept])
  return losses.some(({ path }) => names.some((name) => path.startsWith(name)))
}

function samplingProblems(before: Sampling, after: Sampling, losses: readonly Loss[]): string[] {
  return (
    Object.keys(before)
      .map((key) => key as keyof Sampling)
      .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
      // A prompt may need a stop of its own, beside those of the client.
      .filter((key) => !(key === 'stop' && before.stop?.every((text) => after.stop?.includes(text))))
      // 1 is the wires' own default: left out, it says the same.
      .filter((key) => !((key === 'temperature' || key === 'topP') && before[key] === 1))
      .filter((key) => !namesIt(losses, concepts[key]))
  )
}

/** What got lost between a request and what the target decodes from it, without a loss that names it. */
function lostInSilence(target: GenerativeId, ir: IrRequest): string[] {
  const { sent, losses, toolNames } = encodeRequest(target, ir)
  const decoded = decodeRequest(target, sent)
  const remaining = said(decoded, toolNames).map(({ what }) => what)
  const problems: string[] = []
  const { joinsTexts } = wires[target].requests
  for (const { what, at } of said(ir, new Map())) {
    const found = remaining.indexOf(what)
    const [, text] = /^\w+ text ([^]*)$/.exec(what) ?? []
    if (found >= 0) remaining.splice(found, 1)
    else if (joinsTexts && text !== undefined && remaining.some((line) => line.includes(text))) continue
    else if (!covers(losses, at) && !(/^(?:schema|error)/.test(what) && touches(losses, at)))
      problems.push(`${what} (${at})`)
  }
  problems.push(...samplingProblems(ir.sampling, decoded.sampling, losses))
  if (decoded.stream !== ir.stream) problems.push('stream')
  const choice = ir.toolChoice?.mode ?? 'auto'
  const isKept = (decoded.toolChoice?.mode ?? 'auto') === choice
  if (!isKept && !namesIt(losses, 'toolChoice')) problems.push('tool choice')
  // Without tools to call there is nothing to keep apart.
  const apart = ir.parallelToolCalls === false && choice !== 'none' && decoded.tools.length > 0
  if (apart && decoded.parallelToolCalls !== false && !namesIt(losses, 'toolChoice'))
    problems.push('parallel tool calls')
  return problems
}

/** What an answer says, by the one accumulator of Signalbox. */
interface AnswerSaid {
  readonly text: string
  readonly reasoning: string
  readonly tools: readonly unknown[]
  readonly ids: readonly string[]
}

function answerSaid(response: IrResponse): AnswerSaid {
  const parts = response.outputs.flatMap((output) => output.parts)
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part] : []))
  const textOf = (type: 'text' | 'reasoning'): string =>
    parts.map((part) => (part.type === type ? part.text : '')).join('')
  return {
    text: textOf('text'),
    reasoning: textOf('reasoning'),
    tools: calls.map(({ name, input }) => ({ name, input: parseArguments(input) })),
    ids: calls.map(({ id }) => id),
  }
}

function folded(list: readonly IrEvent[]): AnswerSaid {
  return answerSaid(foldEvents('openai-chat', list))
}

/** What a client gets of an answer that came on its own wire. */
function own(target: GenerativeId, list: readonly IrEvent[]) {
  return encodeStream(target, list, exchangeFor(target, target))
}

/** What a client gets of an answer that came on another. */
function foreign(target: GenerativeId, list: readonly IrEvent[]) {
  const upstream = target === 'openai-chat' ? 'anthropic-messages' : 'openai-chat'
  return encodeStream(target, list, exchangeFor(target, upstream))
}

function isLegalAndSame(target: GenerativeId, list: readonly IrEvent[]): void {
  const { frames } = foreign(target, list)
  const { streams, answers } = wires[target]
  expect(streams.problems(frames)).toEqual([])
  if (dialects[target].grammar !== undefined) expect(readStream(target, frames).faults).toEqual([])
  const { text, tools } = folded(list)
  const view = answers.view(streams.assemble(frames))
  expect(view.text).toBe(text)
  expect(view.tools.map(({ name, input }) => ({ name, input }))).toEqual(tools)
}

async function isReadBySdk(target: GenerativeId, list: readonly IrEvent[]): Promise<void> {
  const sdk = await sdkFold(target, foreign(target, list).frames)
  if (!sdk.ok) throw new Error(`the SDK rejects it: ${sdk.error}`)
  const { text, tools, ids } = folded(list)
  const view = wires[target].answers.view(sdk.value)
  expect(view.text).toBe(text)
  expect(view.tools.map(({ name, input }) => ({ name, input }))).toEqual(tools)
  expect(new Set(view.tools.map((call) => call.id)).size).toBe(ids.length)
}

/** What a trip over the wire must keep of an answer: everything that it says, its finish, its counters, its signatures. */
interface Kept extends AnswerSaid {
  readonly finish: FinishClass | undefined
  readonly input: number | undefined
  readonly cacheRead: number | undefined
  readonly output: number | undefined
  readonly signatures: readonly string[]
}

function keptOf(target: GenerativeId, response: IrResponse): Kept {
  const { usage } = response
  const signed = target === 'openai-chat' || target === 'openai-completions' ? [] : response.outputs
  const finish = response.outputs[0]?.finish?.class
  return {
    ...answerSaid(response),
    // What a client does about `other` is what it does about `stop`.
    finish: finish === 'other' ? 'stop' : finish,
    input: usage && totalInput(usage),
    cacheRead: usage?.cacheRead || 0,
    output: usage?.output,
    signatures: signed.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.type === 'reasoning' ? (part.signature ?? []) : [])),
    ),
  }
}

/** The same answer after encoding and decoding; where the list of losses is empty, nothing may differ. */
function comesBack(target: GenerativeId, list: readonly IrEvent[]): void {
  const before = foldEvents(target, list)
  const expected = keptOf(target, before)
  const stream = own(target, list)
  const streamed = keptOf(target, foldEvents(target, decodeStream(target, stream.frames)))
  const { body, losses } = encodeResponse(target, before, exchangeFor(target, target))
  const whole = keptOf(target, decodeResponse(target, body))
  // An answer without counters may have to say 0.
  const counted = before.usage !== undefined
  for (const [form, actual, lost] of [
    ['stream', streamed, stream.losses],
    ['whole', whole, losses],
  ] as const) {
    expect(actual.text, form).toBe(expected.text)
    expect(actual.tools, form).toEqual(expected.tools)
    expect(actual.ids, form).toEqual(expected.ids)
    // A limit that was met behind a whole call: what counts is the call.
    const finishes = expected.tools.length > 0 ? [expected.finish, 'tool'] : [expected.finish]
    expect(finishes, form).toContain(actual.finish)
    // Of reasoning that overlaps, the pieces arrive and their order is the wire's.
    const ordered = (text: string): string => [...text].toSorted().join('')
    if (lost.length === 0) expect(ordered(actual.reasoning), form).toBe(ordered(expected.reasoning))
    if (lost.length === 0) expect(actual.signatures.toSorted(), form).toEqual(expected.signatures.toSorted())
    if (counted)
      expect([actual.input, actual.cacheRead, actual.output], form).toEqual([
        expected.input,
        expected.cacheRead,
        expected.output,
      ])
  }
}

layer(
  'properties',
  ({ check, skip }) => {
    for (const target of dialectIds) {
      for (const source of dialectIds) {
        const about = { dialect: source, target }
        check(`${source} → ${target} requests say the same after the wire, or list what they lost`, about, () => {
          const holds = (ir: IrRequest): void => {
            expect(lostInSilence(target, ir)).toEqual([])
          }
          fc.assert(fc.property(request(source, target, source === target), holds), runs)
        })
        // A client that breaks its own wire's rules gets them back broken: only a translation answers for them.
        if (source === target) continue
        const specified = `${source} → ${target} requests are what the provider's specification takes`
        if (!hasShared) skip(specified, about, 'needs the shared folder')
        else
          check(specified, about, () => {
            const { schemaErrors, problems } = wires[target].requests
            const holds = (ir: IrRequest): void => {
              const { sent } = encodeRequest(target, ir)
              expect([...schemaErrors(sent.body), ...problems(sent.body)]).toEqual([])
            }
            fc.assert(fc.property(request(source, target, false), holds), { ...runs, numRuns: rounds(300, 40) })
          })
      }

      const about = { dialect: target }
      const textAlone = target === 'openai-completions'
      check(`${target} streams are legal and say the same, whatever the order of the events`, about, () => {
        fc.assert(
          fc.property(events('call_', textAlone), (list) => isLegalAndSame(target, list)),
          runs,
        )
      })
      check(`${target} answers come back from the wire as they were, streamed and whole`, about, () => {
        fc.assert(
          fc.property(events('call_', textAlone), (list) => comesBack(target, list)),
          runs,
        )
      })
      check(`${target} streams are legal where a provider gave ids that the wire does not allow`, about, () => {
        const holds = (list: readonly IrEvent[]): void => {
          expect(wires[target].streams.problems(foreign(target, list).frames)).toEqual([])
        }
        fc.assert(fc.property(events('functions.call:', textAlone), holds), runs)
      })
      check(`${target} streams are read by the official SDK as the answer they are`, about, async () => {
        await fc.assert(
          fc.asyncProperty(events('call_', textAlone), (list) => isReadBySdk(target, list)),
          runs,
        )
      })
    }
  },
  { recordings: false },
)

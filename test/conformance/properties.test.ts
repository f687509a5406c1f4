// Properties of both codecs over random input: requests come back from the wire as they went out, minus declared losses,
// and any legal order of events becomes a stream that the official SDKs read as the answer it is.
import * as fc from 'fast-check'
import { expect } from 'vitest'
import type { ContentPart } from '../../src/ir/content.ts'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { Loss } from '../../src/ir/loss.ts'
import type { IrRequest, Sampling } from '../../src/ir/request.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { hasShared } from '../support/shared.ts'
import { viewAnswer } from './answer-view.ts'
import { events, request } from './arbitraries.ts'
import { assemble } from './assemble.ts'
import { decodeRequest, dialectIds, encodeRequest, encodeStream, exchangeFor, foldEvents } from './harness.ts'
import { parseArguments } from './json.ts'
import { full, layer } from './layer.ts'
import { covers } from './losses.ts'
import { requestErrors, requestProblems } from './request-rules.ts'
import { streamProblems } from './stream-rules.ts'

const runs = { numRuns: full ? 2000 : 300, seed: 20_261_121 }

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
        const error = part.isError === true ? [{ what: `error of ${call}`, at: `${at}.is_error` }] : []
        return [...part.parts.flatMap((inner) => line(`result ${call}`, inner)), ...error]
      }
      default:
        return [{ what: `${role} ${part.type}`, at }]
    }
  }
  const tools = ir.tools.map((tool): Said => {
    if (tool.type !== 'function') return { what: `tool ${tool.type}`, at: tool.at ?? '' }
    const { description, schema, strict } = tool
    const name = names.get(tool.name) ?? tool.name
    return { what: `tool ${name} ${JSON.stringify([description, schema, strict ?? false])}`, at: tool.at ?? '' }
  })
  return [
    ...ir.instructions.flatMap((part) => line('system', part)),
    ...ir.turns.flatMap((turn) => turn.parts.flatMap((part) => line(turn.role, part))),
    ...tools,
  ]
}

/** How the wires call a sampling parameter: a loss may use the name of either. */
const wireNames: Readonly<Record<keyof Sampling, readonly string[]>> = {
  maxOutputTokens: ['max_tokens', 'max_completion_tokens'],
  temperature: ['temperature'],
  topP: ['top_p'],
  topK: ['top_k'],
  stop: ['stop', 'stop_sequences'],
  seed: ['seed'],
  frequencyPenalty: ['frequency_penalty'],
  presencePenalty: ['presence_penalty'],
}

function samplingProblems(before: Sampling, after: Sampling, losses: readonly Loss[]): string[] {
  return (
    Object.keys(before)
      .map((key) => key as keyof Sampling)
      .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
      // 1 is the wires' own default: left out, it says the same.
      .filter((key) => !((key === 'temperature' || key === 'topP') && before[key] === 1))
      .filter(
        (key) =>
          !losses.some(({ path }) => wireNames[key].some((name) => path === name || path.startsWith(`${name}[`))),
      )
  )
}

/** What got lost between a request and what the target decodes from it, without a loss that names it. */
function lostInSilence(target: DialectId, ir: IrRequest): string[] {
  const { body, losses, toolNames } = encodeRequest(target, ir)
  const decoded = decodeRequest(target, body)
  const remaining = said(decoded, toolNames).map(({ what }) => what)
  const problems: string[] = []
  for (const { what, at } of said(ir, new Map())) {
    const found = remaining.indexOf(what)
    if (found >= 0) remaining.splice(found, 1)
    else if (!covers(losses, at)) problems.push(`${what} (${at})`)
  }
  problems.push(...samplingProblems(ir.sampling, decoded.sampling, losses))
  if (decoded.stream !== ir.stream) problems.push('stream')
  if (ir.toolChoice !== undefined && decoded.toolChoice?.mode !== ir.toolChoice.mode) problems.push('tool choice')
  // Without tools to call there is nothing to keep apart.
  const apart = ir.parallelToolCalls === false && ir.toolChoice?.mode !== 'none'
  if (apart && decoded.parallelToolCalls !== false) problems.push('parallel tool calls')
  return problems
}

/** What the events say, by the one accumulator of Signalbox. */
function folded(list: readonly IrEvent[]): { text: string; tools: unknown[]; ids: string[] } {
  const parts = foldEvents('openai-chat', list).outputs.flatMap((output) => output.parts)
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part] : []))
  return {
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    tools: calls.map(({ name, input }) => ({ name, input: parseArguments(input) })),
    ids: calls.map(({ id }) => id),
  }
}

function isLegalAndSame(target: DialectId, list: readonly IrEvent[]): void {
  const { frames } = encodeStream(target, list, exchangeFor(target))
  expect(streamProblems(target, frames)).toEqual([])
  const { text, tools } = folded(list)
  const view = viewAnswer(target, assemble(target, frames))
  expect(view.text).toBe(text)
  expect(view.tools.map(({ name, input }) => ({ name, input }))).toEqual(tools)
}

async function isReadBySdk(target: DialectId, list: readonly IrEvent[]): Promise<void> {
  const { frames } = encodeStream(target, list, exchangeFor(target))
  const sdk = await sdkFold(target, frames)
  if (!sdk.ok) throw new Error(`the SDK rejects it: ${sdk.error}`)
  const { text, tools, ids } = folded(list)
  const view = viewAnswer(target, sdk.value)
  expect(view.text).toBe(text)
  expect(view.tools.map(({ name, input }) => ({ name, input }))).toEqual(tools)
  expect(new Set(view.tools.map((call) => call.id)).size).toBe(ids.length)
}

layer(
  'properties',
  ({ check, skip }) => {
    for (const target of dialectIds) {
      for (const source of dialectIds) {
        check(`${source} → ${target} requests say the same after the wire, or list what they lost`, () => {
          const holds = (ir: IrRequest): void => {
            expect(lostInSilence(target, ir)).toEqual([])
          }
          fc.assert(fc.property(request(source, source === target), holds), runs)
        })
        // A client that breaks its own wire's rules gets them back broken: only a translation answers for them.
        if (source === target) continue
        const specified = `${source} → ${target} requests are what the provider's specification takes`
        if (!hasShared) skip(specified, 'needs the shared folder')
        else
          check(specified, () => {
            const holds = (ir: IrRequest): void => {
              const { body } = encodeRequest(target, ir)
              expect([...requestErrors(target, body), ...requestProblems(target, body)]).toEqual([])
            }
            fc.assert(fc.property(request(source, false), holds), { ...runs, numRuns: full ? 300 : 100 })
          })
      }

      check(`${target} streams are legal and say the same, whatever the order of the events`, () => {
        fc.assert(
          fc.property(events('call_'), (list) => isLegalAndSame(target, list)),
          runs,
        )
      })
      check(`${target} streams are legal where a provider gave ids that the wire does not allow`, () => {
        const holds = (list: readonly IrEvent[]): void => {
          expect(streamProblems(target, encodeStream(target, list, exchangeFor(target)).frames)).toEqual([])
        }
        fc.assert(fc.property(events('functions.call:'), holds), { ...runs, numRuns: 100 })
      })
      check(`${target} streams are read by the official SDK as the answer they are`, async () => {
        await fc.assert(
          fc.asyncProperty(events('call_'), (list) => isReadBySdk(target, list)),
          runs,
        )
      })
    }
  },
  { recordings: false },
)

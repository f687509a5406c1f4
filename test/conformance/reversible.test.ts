// Layer 5: over the other wire and back. Text, tool calls, tool results, base64 images and usage totals return as they
// were; everything else that a request said returns too, or the list of losses names it.
import { expect } from 'vitest'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Loss } from '../../src/ir/loss.ts'
import { viewAnswer } from './answer-view.ts'
import { assemble } from './assemble.ts'
import { answerCases, brokenStream, eventsOf, requestCases, responseOf } from './corpus-cases.ts'
import {
  decodeRequest,
  decodeStream,
  dialects,
  encodeRequest,
  encodeResponse,
  encodeStream,
  exchangeFor,
  other,
  unwrap,
} from './harness.ts'
import { list, record, type Json } from './json.ts'
import { layer } from './layer.ts'
import { covers, lostPaths, touches } from './losses.ts'
import { modernRequest } from './normalise.ts'
import { mustBeRefused } from './request-rules.ts'
import { viewAsides, viewRequest, type Aside, type Item } from './request-view.ts'

interface RoundTrip {
  readonly there: Json
  readonly back: Json
  readonly lossesThere: readonly Loss[]
  readonly lossesBack: readonly Loss[]
}

function requestRoundTrip(dialect: DialectId, body: Json): RoundTrip {
  const target = other(dialect)
  const there = encodeRequest(target, decodeRequest(dialect, body))
  const back = encodeRequest(dialect, decodeRequest(target, there.body))
  return { there: there.body, back: back.body, lossesThere: there.losses, lossesBack: back.losses }
}

function key({ role, kind, value }: Item): string {
  return JSON.stringify([role, kind, value])
}

/** What the model gets to see and that did not come back and is not on the list of losses either. */
function silentlyLost(dialect: DialectId, body: Json, trip: RoundTrip): string[] {
  const before = viewRequest(dialect, body)
  const middle = viewRequest(other(dialect), trip.there)
  const after = viewRequest(dialect, trip.back)
  const remaining = after.map(key)
  const problems: string[] = []
  for (const item of before) {
    const found = remaining.indexOf(key(item))
    if (found >= 0) {
      remaining.splice(found, 1)
      continue
    }
    const halfWay = middle.find((entry) => key(entry) === key(item))
    const isListed = covers(trip.lossesThere, item.at) || (halfWay !== undefined && covers(trip.lossesBack, halfWay.at))
    if (!isListed) problems.push(`lost in silence: ${item.kind} at ${item.at}`)
  }
  const kept = (items: readonly Item[], others: readonly Item[]): string[] =>
    items.map(key).filter((entry) => others.some((candidate) => key(candidate) === entry))
  const moved = middle.filter((item) => covers(trip.lossesBack, item.at)).map(key)
  const movable = before.filter((item) => !covers(trip.lossesThere, item.at) && !moved.includes(key(item)))
  if (JSON.stringify(kept(movable, after)) !== JSON.stringify(kept(after, movable))) problems.push('another order')
  return problems
}

/**
 * Members that say nothing to the model: how the answer travels, and values that are the wire's own default.
 * A default may be left out on the way without a loss.
 */
const withoutEffect: readonly { readonly path: RegExp; readonly value?: unknown }[] = [
  { path: /^stream_options/ },
  { path: /^(?:n|temperature|top_p)$/, value: 1 },
  { path: /^(?:frequency_penalty|presence_penalty)$/, value: 0 },
  { path: /^stream$/, value: false },
  { path: /^parallel_tool_calls$/, value: true },
  { path: /^tool_choice\.disable_parallel_tool_use$/, value: false },
  { path: /^tool_choice(?:\.type)?$/, value: 'auto' },
  { path: /^reasoning_effort$/, value: 'none' },
  // Anthropic's formats are always enforced.
  { path: /^response_format\.json_schema\.strict$/, value: true },
  { path: /^tools\[\d+\]\.type$/, value: 'custom' },
  { path: /^tools\[\d+\](?:\.function)?\.strict$/, value: false },
  { path: /^tools\[\d+\](?:\.function)?\.description$/, value: '' },
  { path: /^tools$/ },
  { path: /^response_format\.json_schema\.name$/ },
]

function hasEffect(path: string, body: Json): boolean {
  const value = path.split(/[.[\]]+/).reduce<unknown>((at, step) => {
    if (step === '') return at
    return Array.isArray(at) ? list(at)[Number(step)] : record(at)[step]
  }, body)
  if (Array.isArray(value) && value.length === 0) return false
  if (path === 'tool_choice' && record(value)['type'] === 'auto')
    return record(value)['disable_parallel_tool_use'] === true
  return !withoutEffect.some((rule) => rule.path.test(path) && (!('value' in rule) || rule.value === value))
}

/** Parameters and tools that did not come back and that no loss names. */
function silentlyLostParameters(dialect: DialectId, body: Json, trip: RoundTrip): string[] {
  const { back, lossesThere, lossesBack } = trip
  const { messages: _m, system: _s, ...parameters } = modernRequest(dialect, body)
  return lostPaths(parameters, modernRequest(dialect, back))
    .filter((path) => hasEffect(path, parameters))
    .filter((path) => !touches(lossesThere, path) && !touches(lossesBack, counterpart(path)))
}

function isBreakpoint({ key: name }: Aside): boolean {
  return name === 'cache_control' || name === 'prompt_cache_breakpoint'
}

function breakpoints(asides: readonly Aside[]): number {
  return asides.filter(isBreakpoint).length
}

/** Members beside the content that did not come back and that no loss names. */
function silentlyLostAsides(dialect: DialectId, body: Json, { there, back, lossesThere }: RoundTrip): string[] {
  const asides = viewAsides(dialect, body)
  // A cache breakpoint has to arrive; the way back may drop it, and says so.
  const arrived = breakpoints(viewAsides(other(dialect), there)) >= breakpoints(asides)
  const returned = viewAsides(dialect, back).map(({ key: name, value }) => JSON.stringify([name, value]))
  return asides
    .filter((aside) => !(arrived && isBreakpoint(aside)))
    .filter(({ key: name, value }) => !returned.includes(JSON.stringify([name, value])))
    .filter(({ at }) => !touches(lossesThere, at))
    .map(({ at }) => at)
}

/** What a parameter is called on the other wire, for losses of the way back. */
function counterpart(path: string): string {
  if (path.startsWith('thinking') || path.startsWith('output_config')) return 'reasoning_effort'
  return path === 'reasoning_effort' ? 'thinking' : path
}

layer('reversible', ({ check, skip }) => {
  for (const { label, dialect, body } of requestCases(skip)) {
    if (mustBeRefused(dialect, body) !== undefined) {
      skip(`request · ${label}`, 'refused on the other wire, as the requests layer asserts')
      continue
    }
    check(`request, content · ${label}`, () => {
      expect(silentlyLost(dialect, body, requestRoundTrip(dialect, body))).toEqual([])
    })
    check(`request, beside the content · ${label}`, () => {
      expect(silentlyLostAsides(dialect, body, requestRoundTrip(dialect, body))).toEqual([])
    })
    check(`request, parameters · ${label}`, () => {
      expect(silentlyLostParameters(dialect, body, requestRoundTrip(dialect, body))).toEqual([])
    })
  }

  for (const answer of answerCases(skip)) {
    const { label, dialect, frames, body } = answer
    const target = other(dialect)
    const several = list(body['choices']).length > 1
    const reason = brokenStream(answer) ?? (several ? 'several choices: no answer for the other wire' : undefined)
    if (reason !== undefined) {
      skip(`answer · ${label}`, reason)
      continue
    }
    if (dialect === 'anthropic-messages' && thinkingBlocks(body).length > 0)
      check(`answer, signed reasoning · ${label}`, () => {
        const there = encodeResponse(target, responseOf(answer), exchangeFor(target))
        const decoded = unwrap(dialects[target].decodeResponse(there.body))
        const back = encodeResponse(dialect, decoded, exchangeFor(dialect)).body
        if (there.losses.length === 0) expect(thinkingBlocks(back)).toEqual(thinkingBlocks(body))
      })
    check(`answer · ${label}`, () => {
      if (frames === undefined) {
        const there = encodeResponse(target, responseOf(answer), exchangeFor(target)).body
        const decoded = unwrap(dialects[target].decodeResponse(there))
        const back = encodeResponse(dialect, decoded, exchangeFor(dialect)).body
        expectSameAnswer(dialect, body, back)
      } else {
        const there = encodeStream(target, eventsOf(answer), exchangeFor(target)).frames
        const back = encodeStream(dialect, decodeStream(target, there), exchangeFor(dialect)).frames
        expectSameAnswer(dialect, body, assemble(dialect, back))
      }
    })
  }
})

/** Reasoning with its signatures and its redacted data: what a provider wants back unchanged. */
function thinkingBlocks(body: Json): Json[] {
  return list(body['content'])
    .map(record)
    .filter((block) => block['type'] === 'thinking' || block['type'] === 'redacted_thinking')
}

function expectSameAnswer(dialect: DialectId, before: Json, after: Json): void {
  const expected = viewAnswer(dialect, before)
  const actual = viewAnswer(dialect, after)
  // Chat cannot say that a turn was paused, so the way over it ends it.
  const finish = expected.finish === 'pause' ? 'stop' : expected.finish
  const tools = expected.tools.map((call, index) => ({ ...call, id: call.id || actual.tools[index]?.id }))
  expect(actual).toEqual({ ...expected, finish, saidFinish: finish, tools, usage: expected.usage ?? actual.usage })
}

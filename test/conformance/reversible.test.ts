// Layer 5: over every other wire and back. Text, tool calls, tool results, base64 images and usage totals return as they
// were; everything else that a request said returns too, or the list of losses names it.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { Loss } from '../../src/ir/loss.ts'
import { list, record, type Json } from '../support/json.ts'
import { answerCases, brokenStream, eventsOf, requestCases, responseOf, type RequestCase } from './corpus-cases.ts'
import {
  decodeRequest,
  decodeResponse,
  decodeStream,
  dialectIds,
  encodeRequest,
  encodeResponse,
  encodeStream,
  exchangeFor,
  others,
  tryEncodeRequest,
} from './harness.ts'
import { layer, Nothing } from './layer.ts'
import { covers, lostPaths, misplaced, touches } from './losses.ts'
import { wires } from './wires/index.ts'
import type { Aside, Concept, Item } from './wires/wire.ts'

interface RoundTrip {
  readonly before: Json
  readonly there: Json
  readonly back: Json
  readonly dialect: GenerativeId
  readonly target: GenerativeId
  readonly lossesThere: readonly Loss[]
  readonly lossesBack: readonly Loss[]
}

const trips = new Map<string, RoundTrip>()

/** The way there and back, made once for all that is asked of it. */
function requestRoundTrip(request: RequestCase, target: GenerativeId): RoundTrip {
  const key = `${target} ${request.label}`
  const trip = trips.get(key) ?? roundTrip(request, target)
  trips.set(key, trip)
  return trip
}

function roundTrip({ dialect, sent }: RequestCase, target: GenerativeId): RoundTrip {
  const outcome = tryEncodeRequest(target, decodeRequest(dialect, sent))
  if (!outcome.ok) throw new Nothing('refused on the other wire, as the requests layer asserts')
  const there = outcome.value
  const { model } = wires[dialect].requests.asks(sent)
  const back = encodeRequest(dialect, decodeRequest(target, there.sent), model)
  return {
    before: sent.body,
    there: there.sent.body,
    back: back.sent.body,
    dialect,
    target,
    lossesThere: there.losses,
    lossesBack: back.losses,
  }
}

function key({ role, kind, value, inResult }: Item): string {
  return JSON.stringify([role, kind, value, inResult])
}

/** What the model gets to see and that did not come back and is not on the list of losses either. */
function silentlyLost(trip: RoundTrip): string[] {
  const before = wires[trip.dialect].requests.view(trip.before)
  const { joinsTexts, view: viewThere } = wires[trip.target].requests
  const middle = viewThere(trip.there)
  const after = wires[trip.dialect].requests.view(trip.back)
  const remaining = after.map(key)
  const problems: string[] = []
  for (const item of before) {
    const found = remaining.indexOf(key(item))
    if (found >= 0) {
      remaining.splice(found, 1)
      continue
    }
    const isJoined = joinsTexts && middle.some(({ value }) => String(value).includes(String(item.value)))
    if (item.kind === 'text' && isJoined) continue
    const halfWay = middle.find((entry) => key(entry) === key(item))
    const isListed = covers(trip.lossesThere, item.at) || (halfWay !== undefined && covers(trip.lossesBack, halfWay.at))
    if (!isListed) problems.push(`lost in silence: ${item.kind} at ${item.at}`)
  }
  if (joinsTexts) return problems
  const kept = (items: readonly Item[], others: readonly Item[]): string[] =>
    items.map(key).filter((entry) => others.some((candidate) => key(candidate) === entry))
  const moved = middle.filter((item) => covers(trip.lossesBack, item.at)).map(key)
  const movable = before.filter((item) => !covers(trip.lossesThere, item.at) && !moved.includes(key(item)))
  if (JSON.stringify(kept(movable, after)) !== JSON.stringify(kept(after, movable))) problems.push('another order')
  return problems
}

/** A default may be left out on the way without a loss, and so may what says nothing. */
function hasEffect(dialect: GenerativeId, path: string, body: Json): boolean {
  const value = path.split(/[.[\]]+/).reduce<unknown>((at, step) => {
    if (step === '') return at
    return Array.isArray(at) ? list(at)[Number(step)] : record(at)[step]
  }, body)
  if (Array.isArray(value) && value.length === 0) return false
  // Anthropic says in one record which tool may be called, and how many at a time.
  if (path === 'tool_choice' && record(value)['type'] === 'auto')
    return record(value)['disable_parallel_tool_use'] === true
  if (path === 'reasoning' && record(value)['effort'] === 'none') return Object.keys(record(value)).length > 1
  return !wires[dialect].requests.withoutEffect.some(
    (rule) => rule.path.test(path) && (!('value' in rule) || rule.value === value),
  )
}

/** Parameters and tools that did not come back and that no loss names. */
function silentlyLostParameters({ dialect, before, back, lossesThere, lossesBack }: RoundTrip): string[] {
  const { parameters } = wires[dialect].requests
  const said = parameters(before)
  return (
    lostPaths(said, parameters(back))
      .filter((path) => hasEffect(dialect, path, said))
      // Without tools, how they may be called says nothing.
      .filter((path) => !(path === 'parallel_tool_calls' && list(back['tools']).length === 0))
      .filter((path) => !touches(lossesThere, path))
      .filter((path) => ![...lossesThere, ...lossesBack].some((loss) => namesIt(loss, dialect, path)))
  )
}

/** Whether a loss names a parameter by what any wire calls it: the canonical request knows no paths of parameters. */
function namesIt({ path }: Loss, dialect: GenerativeId, parameter: string): boolean {
  const { concepts } = wires[dialect].requests
  const said = (Object.keys(concepts) as Concept[]).filter((name) =>
    concepts[name].some((own) => parameter.startsWith(own)),
  )
  const names = said.flatMap((name) => Object.values(wires).flatMap((wire) => wire.requests.concepts[name]))
  return [parameter, ...names].some(
    (name) => path.startsWith(name) || name.startsWith(`${path}.`) || name.startsWith(`${path}[`),
  )
}

const cacheMarks = new Set(['cache_control', 'prompt_cache_breakpoint', 'cachePoint'])

function breakpoints(asides: readonly Aside[]): number {
  return asides.filter((aside) => cacheMarks.has(aside.key)).length
}

/** Members beside the content that did not come back and that no loss names. */
function silentlyLostAsides({ dialect, target, before, there, back, lossesThere }: RoundTrip): string[] {
  const asides = wires[dialect].requests.asides(before)
  // A cache breakpoint has to arrive or to be on the list, under the name that any wire gives it; the way back may drop
  // it, and says so.
  const listed = lossesThere.filter(({ path }) => cacheMarks.has(path.split('.').at(-1) ?? '')).length
  const arrived = breakpoints(wires[target].requests.asides(there)) + listed >= breakpoints(asides)
  const returned = wires[dialect].requests.asides(back).map(({ key: name, value }) => JSON.stringify([name, value]))
  return asides
    .filter((aside) => !(arrived && cacheMarks.has(aside.key)))
    .filter(({ key: name, value }) => !returned.includes(JSON.stringify([name, value])))
    .filter(({ at }) => !touches(lossesThere, at))
    .map(({ at }) => at)
}

/** What any wire calls a parameter. */
const everyName = Object.values(wires).flatMap((wire) => Object.values(wire.requests.concepts).flat())

layer('reversible', ({ check, skip }) => {
  const requests = requestCases(skip)
  for (const dialect of dialectIds)
    for (const target of others(dialect))
      check(`losses of parameters go by the client's own names · ${dialect} → ${target}`, { dialect, target }, () => {
        const { limit } = wires[dialect].requests.concepts
        const found = requests
          .filter((request) => request.dialect === dialect)
          .flatMap(({ sent }) => {
            const outcome = tryEncodeRequest(target, decodeRequest(dialect, sent))
            // A limit that the client left out and the target needs has no place in its body.
            return outcome.ok ? misplaced(outcome.value.losses, sent.body, limit) : []
          })
        expect([...new Set(found)]).toEqual([])
      })

  for (const request of requests)
    for (const target of others(request.dialect)) {
      const about = { ...request, target }
      const way = `${request.dialect} → ${target} → back · ${request.label}`
      check(`request, content · ${way}`, about, () => {
        expect(silentlyLost(requestRoundTrip(request, target))).toEqual([])
      })
      check(`request, beside the content · ${way}`, about, () => {
        expect(silentlyLostAsides(requestRoundTrip(request, target))).toEqual([])
      })
      check(`request, places of losses · ${way}`, about, () => {
        const { lossesThere, before } = requestRoundTrip(request, target)
        expect(misplaced(lossesThere, before, everyName)).toEqual([])
      })
      check(`request, parameters · ${way}`, about, () => {
        expect(silentlyLostParameters(requestRoundTrip(request, target))).toEqual([])
      })
    }

  for (const answer of answerCases(skip)) {
    const { label, dialect, frames, body } = answer
    for (const target of others(dialect)) {
      const about = { ...answer, target }
      const way = `${dialect} → ${target} → back · ${label}`
      const several = wires[dialect].answers.count(body) > 1 && wires[target].requests.offers.choices === 'no'
      const reason = brokenStream(answer) ?? (several ? 'several choices: no answer for the other wire' : undefined)
      if (reason !== undefined) {
        skip(`answer · ${way}`, about, reason)
        continue
      }
      if (dialect === 'anthropic-messages' && thinkingBlocks(body).length > 0)
        check(`answer, signed reasoning · ${way}`, about, () => {
          const there = encodeResponse(target, responseOf(answer), exchangeFor(target, dialect))
          const decoded = decodeResponse(target, there.body)
          const back = encodeResponse(dialect, decoded, exchangeFor(dialect, target)).body
          if (there.losses.length === 0) expect(thinkingBlocks(back)).toEqual(thinkingBlocks(body))
        })
      check(`answer · ${way}`, about, () => {
        if (frames === undefined) {
          const there = encodeResponse(target, responseOf(answer), exchangeFor(target, dialect)).body
          const back = encodeResponse(dialect, decodeResponse(target, there), exchangeFor(dialect, target)).body
          expectSameAnswer(dialect, target, body, back)
        } else {
          const there = encodeStream(target, eventsOf(answer), exchangeFor(target, dialect)).frames
          const back = encodeStream(dialect, decodeStream(target, there), exchangeFor(dialect, target)).frames
          expectSameAnswer(dialect, target, body, wires[dialect].streams.assemble(back))
        }
      })
    }
  }
})

/** Reasoning with its signatures and its redacted data: what a provider wants back unchanged. */
function thinkingBlocks(body: Json): Json[] {
  return list(body['content'])
    .map(record)
    .filter((block) => block['type'] === 'thinking' || block['type'] === 'redacted_thinking')
}

/** The answer as far as the other wire can say it. */
function expectSameAnswer(dialect: GenerativeId, target: GenerativeId, before: Json, after: Json): void {
  const { view, sayable } = wires[dialect].answers
  const expected = sayable(wires[target].answers.sayable(view(before)))
  const actual = view(after)
  const tools = expected.tools.map((call, index) => ({ ...call, id: call.id || actual.tools[index]?.id }))
  const saidFinish = expected.finish
  expect(actual).toEqual({ ...expected, saidFinish, tools, usage: expected.usage ?? actual.usage })
}

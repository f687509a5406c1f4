// Layer 4: what a translation must keep, for every answer on every wire, whole and streamed. On its own wire a recorded
// stream may be one that the official SDK does not take; what we make of it has to be one that it does.
// The expectations are read from the recording by the readers of its wire.
import { expect } from 'vitest'
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import type { Loss } from '../../src/ir/loss.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { readStream } from '../support/stream-grammar.ts'
import { answerCases, brokenStream, eventsOf, responseOf, type AnswerCase } from './corpus-cases.ts'
import { dialectIds, encodeResponse, encodeStream, exchangeFor } from './harness.ts'
import { layer } from './layer.ts'
import { isMintedBySdk } from './wires/views.ts'
import { wires } from './wires/index.ts'
import type { AnswerView } from './wires/wire.ts'

function calls({ tools }: AnswerView): unknown[] {
  return tools.map(({ name, input }) => ({ name, input }))
}

interface Comparison {
  /** The recording is of the same wire. */
  readonly own: boolean
  readonly folded?: boolean
}

/** Asserts that `actual`, read from the target wire, says what the recording said, as far as the wire can say it. */
function expectSame(
  target: GenerativeId,
  recorded: AnswerView,
  actual: AnswerView,
  { own, folded = false }: Comparison,
): void {
  const expected = own ? recorded : wires[target].answers.sayable(recorded)
  expect(actual.text, 'visible text').toBe(expected.text)
  // The official fold of Chat keeps only the last fragment of a member it does not know.
  if (!folded || target !== 'openai-chat') expect(actual.reasoning, 'reasoning').toBe(expected.reasoning)
  expect(calls(actual), 'tool calls').toEqual(calls(expected))
  // On its own wire a call that its provider gave no id stays without one.
  if (!own || expected.tools.every((call) => call.id !== '')) expectBijective(expected, actual)
  // On its own wire the provider's word may stand.
  if (own) expect(actual.finish, 'finish class').toBe(expected.finish)
  else expect(actual.saidFinish, 'finish class').toBe(expected.finish)
  if (expected.usage !== undefined) expect(actual.usage, 'usage').toEqual(expected.usage)
}

/** Ids are passed through verbatim where both wires accept them, and minted where there was none. */
function expectBijective(recorded: AnswerView, actual: AnswerView): void {
  const ids = actual.tools.map((call) => call.id)
  expect(new Set(ids).size, 'tool ids are distinct').toBe(ids.length)
  expect(
    ids.filter((id) => id === '' || isMintedBySdk(id)),
    'every call has an id of ours',
  ).toEqual([])
  for (const [index, call] of recorded.tools.entries())
    if (/^[a-zA-Z0-9_-]+$/.test(call.id)) expect(ids[index], 'the tool id').toBe(call.id)
}

/** What the target cannot say is on the list of losses. */
function expectListed(target: GenerativeId, recorded: AnswerView, losses: readonly Loss[]): void {
  const sayable = wires[target].answers.sayable(recorded)
  const unsaid = sayable.reasoning !== recorded.reasoning || sayable.tools.length !== recorded.tools.length
  if (unsaid) expect(losses, 'losses').not.toEqual([])
}

async function expectStream(
  target: GenerativeId,
  recorded: AnswerView,
  frames: readonly Frame[],
  own: boolean,
): Promise<void> {
  const { streams, answers } = wires[target]
  expect(streams.problems(frames, own), 'the rules of the wire').toEqual([])
  if (!own && dialects[target].grammar !== undefined)
    expect(readStream(target, frames).faults, "the dialect's own grammar").toEqual([])
  expectSame(target, recorded, answers.view(streams.assemble(frames)), { own })
  const folded = await sdkFold(target, frames)
  if (!folded.ok) throw new Error(`the official SDK rejects the stream: ${folded.error}`)
  expectSame(target, recorded, answers.view(folded.value), { own, folded: true })
}

/** A stream that its provider broke must end in one error, whatever its finish reason was, and never as a success. */
function expectError(target: GenerativeId, frames: readonly Frame[]): void {
  const { streams } = wires[target]
  expect(streams.errors(frames)).toHaveLength(1)
  expect(streams.hasTerminator(frames)).toBe(false)
}

/** Several answers go only where the client could have asked for them. */
function reasonToSkip({ dialect, body }: AnswerCase, target: GenerativeId): string | undefined {
  const several = wires[dialect].answers.count(body) > 1
  const askable = target === dialect || wires[target].requests.offers.choices !== 'no'
  return several && !askable ? 'several choices: no client of the target can ask for them' : undefined
}

layer('cross', ({ check, skip }) => {
  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    const form = frames === undefined ? 'whole' : 'stream'
    for (const target of dialectIds) {
      const about = { ...answer, target }
      const reason = reasonToSkip(answer, target)
      const way = `${dialect} ${form} → ${target}`
      if (reason !== undefined) {
        skip(`${way} · ${label}`, about, reason)
        continue
      }
      const own = target === dialect
      const recorded = (): AnswerView => wires[dialect].answers.view(answer.body)
      const exchange = exchangeFor(target, dialect)

      if (brokenStream(answer) !== undefined) {
        check(`${way} ends in an error · ${label}`, about, () =>
          expectError(target, encodeStream(target, eventsOf(answer), exchange).frames),
        )
        continue
      }
      check(`${way} stream · ${label}`, about, async () => {
        const encoded = encodeStream(target, eventsOf(answer), exchange)
        await expectStream(target, recorded(), encoded.frames, own)
        if (!own) expectListed(target, recorded(), encoded.losses)
      })
      // Whole from whole on the same wire is what the identity layer compares.
      if (!own || frames !== undefined)
        check(`${way} whole · ${label}`, about, () => {
          const { body, losses } = encodeResponse(target, responseOf(answer), exchange)
          if (!own) expect(wires[target].answers.problems(body)).toEqual([])
          expectSame(target, recorded(), wires[target].answers.view(body), { own })
          if (!own) expectListed(target, recorded(), losses)
        })
    }
  }
})

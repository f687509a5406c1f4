// Layer 4: what a translation must keep, for every answer on both wires, whole and streamed. On its own wire a recorded
// stream may be one that the official SDK does not take; what we make of it has to be one that it does.
// The expectations are read from the recording by answer-view.ts.
import { expect } from 'vitest'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { finishOn, viewAnswer, type AnswerView } from './answer-view.ts'
import { assemble } from './assemble.ts'
import { answerCases, brokenStream, eventsOf, responseOf, type AnswerCase } from './corpus-cases.ts'
import { dialectIds, encodeResponse, encodeStream, exchangeFor } from './harness.ts'
import { list } from './json.ts'
import { layer } from './layer.ts'
import { isMintedBySdk } from './normalise.ts'
import { bodyProblems, errorsIn, hasSuccessTerminator, streamProblems } from './stream-rules.ts'

function calls({ tools }: AnswerView): unknown[] {
  return tools.map(({ name, input }) => ({ name, input }))
}

interface Comparison {
  /** The recording is of the same wire. */
  readonly own: boolean
  readonly folded?: boolean
}

/** Asserts that `actual`, read from the target wire, says what the recording said. */
function expectSame(
  target: DialectId,
  recorded: AnswerView,
  actual: AnswerView,
  { own, folded = false }: Comparison,
): void {
  expect(actual.text, 'visible text').toBe(recorded.text)
  // The official fold keeps only the last fragment of a member it does not know.
  if (!folded) expect(actual.reasoning, 'reasoning').toBe(recorded.reasoning)
  expect(calls(actual), 'tool calls').toEqual(calls(recorded))
  // On its own wire a call that its provider gave no id stays without one.
  if (!own || recorded.tools.every((call) => call.id !== '')) expectBijective(recorded, actual)
  // On its own wire the provider's word may stand.
  expect(own ? actual.finish : actual.saidFinish, 'finish class').toBe(finishOn(target, recorded.finish))
  if (recorded.usage !== undefined) expect(actual.usage, 'usage').toEqual(recorded.usage)
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

async function expectStream(
  target: DialectId,
  recorded: AnswerView,
  frames: readonly Frame[],
  own: boolean,
): Promise<void> {
  expect(streamProblems(target, frames, own)).toEqual([])
  expectSame(target, recorded, viewAnswer(target, assemble(target, frames)), { own })
  const folded = await sdkFold(target, frames)
  if (!folded.ok) throw new Error(`the official SDK rejects the stream: ${folded.error}`)
  expectSame(target, recorded, viewAnswer(target, folded.value), { own, folded: true })
}

/** A stream that its provider broke must end in one error, whatever its finish reason was, and never as a success. */
function expectError(target: DialectId, frames: readonly Frame[]): void {
  expect(errorsIn(target, frames)).toHaveLength(1)
  expect(hasSuccessTerminator(target, frames)).toBe(false)
}

function reasonToSkip(answer: AnswerCase, target: DialectId): string | undefined {
  const choices = list(answer.body['choices']).length
  return target === 'anthropic-messages' && choices > 1
    ? 'several choices: such a request is refused for this target'
    : undefined
}

layer('cross', ({ check, skip }) => {
  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    const form = frames === undefined ? 'whole' : 'stream'
    for (const target of dialectIds) {
      const reason = reasonToSkip(answer, target)
      const way = `${dialect} ${form} → ${target}`
      if (reason !== undefined) {
        skip(`${way} · ${label}`, reason)
        continue
      }
      const recorded = (): AnswerView => viewAnswer(dialect, answer.body)
      const exchange = exchangeFor(target)

      const encoded = (): Frame[] => encodeStream(target, eventsOf(answer), exchange).frames

      if (brokenStream(answer) !== undefined) {
        check(`${way} ends in an error · ${label}`, () => expectError(target, encoded()))
        continue
      }
      check(`${way} stream · ${label}`, async () => {
        await expectStream(target, recorded(), encoded(), target === dialect)
      })
      // Whole from whole on the same wire is what the identity layer compares.
      if (target !== dialect || frames !== undefined)
        check(`${way} whole · ${label}`, () => {
          const { body } = encodeResponse(target, responseOf(answer), exchange)
          if (target !== dialect) expect(bodyProblems(target, body)).toEqual([])
          expectSame(target, recorded(), viewAnswer(target, body), { own: target === dialect })
        })
    }
  }
})

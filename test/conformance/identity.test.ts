// Layer 2: the same dialect in and out. Requests and answers come back deep-equal after the published normalisations;
// streams fold to the same answer with the official SDK, and with an accumulator of our own that keeps every field.
import { expect } from 'vitest'
import type { Frame } from '../../src/wire/frame.ts'
import { foldAnthropicStable, sdkFold } from '../support/sdk-fold.ts'
import { answerCases, brokenStream, eventsOf, requestCases, responseOf, type AnswerCase } from './corpus-cases.ts'
import { decodeRequest, encodeRequest, encodeResponse, encodeStream, exchangeFor } from './harness.ts'
import { layer } from './layer.ts'
import { wires } from './wires/index.ts'

function reencoded(answer: AnswerCase): Frame[] {
  const { dialect } = answer
  return encodeStream(dialect, eventsOf(answer), exchangeFor(dialect, dialect)).frames
}

layer('identity', ({ check, skip }) => {
  for (const request of requestCases(skip)) {
    const { label, dialect, sent } = request
    check(`request · ${label}`, request, () => {
      const { normalise, asks } = wires[dialect].requests
      const encoded = encodeRequest(dialect, decodeRequest(dialect, sent), asks(sent).model)
      expect(normalise(encoded.sent.body)).toEqual(normalise(sent.body))
      expect(asks(encoded.sent)).toEqual(asks(sent))
      expect(encoded.losses).toEqual([])
    })
  }

  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    const { answers, streams } = wires[dialect]
    if (frames === undefined) {
      check(`response · ${label}`, answer, () => {
        const { body, losses } = encodeResponse(dialect, responseOf(answer), exchangeFor(dialect, dialect))
        expect(answers.normalise(body)).toEqual(answers.normalise(answer.body))
        expect(losses).toEqual([])
      })
      continue
    }

    check(`stream, official SDK · ${label}`, answer, async () => {
      const recorded = await sdkFold(dialect, frames)
      if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
      const ours = await sdkFold(dialect, reencoded(answer))
      if (!ours.ok) throw new Error(`the SDK rejects what we made of it: ${ours.error}`)
      expect(streams.normaliseSdk(ours.value)).toEqual(streams.normaliseSdk(recorded.value))
    })

    const broken = brokenStream(answer)
    if (broken !== undefined) skip(`stream, every field · ${label}`, answer, broken)
    else
      check(`stream, every field · ${label}`, answer, () => {
        const ours = streams.normalise(streams.assemble(reencoded(answer)))
        expect(ours).toEqual(streams.normalise(answer.body))
      })

    if (dialect === 'anthropic-messages')
      check(`stream, stable SDK reader · ${label}`, answer, async () => {
        const recorded = await foldAnthropicStable(frames)
        if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
        const ours = await foldAnthropicStable(reencoded(answer))
        if (!ours.ok) throw new Error(`the SDK rejects what we made of it: ${ours.error}`)
        expect(streams.normaliseSdk(ours.value)).toEqual(streams.normaliseSdk(recorded.value))
      })
  }
})

// Layer 2: the same dialect in and out. Requests and answers come back deep-equal after the published normalisations;
// streams fold to the same answer with the official SDK, and with an accumulator of our own that keeps every field.
import { expect } from 'vitest'
import type { Frame } from '../../src/wire/frame.ts'
import { foldAnthropicStable, sdkFold } from '../support/sdk-fold.ts'
import { assemble } from './assemble.ts'
import { answerCases, brokenStream, eventsOf, requestCases, responseOf, type AnswerCase } from './corpus-cases.ts'
import { decodeRequest, encodeRequest, encodeResponse, encodeStream, exchangeFor } from './harness.ts'
import { layer } from './layer.ts'
import { normaliseRequest, normaliseResponse, normaliseSdkFold, normaliseStreamed } from './normalise.ts'

function reencoded({ dialect, ...answer }: AnswerCase): Frame[] {
  return encodeStream(dialect, eventsOf({ dialect, ...answer }), exchangeFor(dialect)).frames
}

layer('identity', ({ check, skip }) => {
  for (const { label, dialect, body } of requestCases(skip))
    check(`request · ${label}`, () => {
      const { body: encoded, losses } = encodeRequest(dialect, decodeRequest(dialect, body))
      expect(normaliseRequest(encoded)).toEqual(normaliseRequest(body))
      expect(losses).toEqual([])
    })

  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    if (frames === undefined) {
      check(`response · ${label}`, () => {
        const { body, losses } = encodeResponse(dialect, responseOf(answer), exchangeFor(dialect))
        expect(normaliseResponse(body)).toEqual(normaliseResponse(answer.body))
        expect(losses).toEqual([])
      })
      continue
    }

    check(`stream, official SDK · ${label}`, async () => {
      const recorded = await sdkFold(dialect, frames)
      if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
      const ours = await sdkFold(dialect, reencoded(answer))
      if (!ours.ok) throw new Error(`the SDK rejects what we made of it: ${ours.error}`)
      expect(normaliseSdkFold(dialect, ours.value)).toEqual(normaliseSdkFold(dialect, recorded.value))
    })

    const broken = brokenStream(answer)
    if (broken !== undefined) skip(`stream, every field · ${label}`, broken)
    else
      check(`stream, every field · ${label}`, () => {
        const ours = normaliseStreamed(dialect, assemble(dialect, reencoded(answer)))
        expect(ours).toEqual(normaliseStreamed(dialect, answer.body))
      })

    if (dialect === 'anthropic-messages')
      check(`stream, stable SDK reader · ${label}`, async () => {
        const recorded = await foldAnthropicStable(frames)
        if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
        const ours = await foldAnthropicStable(reencoded(answer))
        if (!ours.ok) throw new Error(`the SDK rejects what we made of it: ${ours.error}`)
        expect(normaliseSdkFold(dialect, ours.value)).toEqual(normaliseSdkFold(dialect, recorded.value))
      })
  }
})

// Layer 3: a stream that we collect is the answer that the provider would have given without streaming.
import { expect } from 'vitest'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import { schemaErrors } from '../support/openapi.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { answerCases, brokenStream, responseOf } from './corpus-cases.ts'
import { encodeResponse, exchangeFor } from './harness.ts'
import { layer } from './layer.ts'
import { normaliseSdkFold, normaliseStreamed } from './normalise.ts'

function responseErrors(dialect: DialectId, body: unknown): string[] {
  return dialect === 'openai-chat'
    ? schemaErrors('openai', 'CreateChatCompletionResponse', body)
    : schemaErrors('anthropic', 'BetaMessage', body)
}

layer('stream is whole', ({ check, skip }) => {
  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    if (frames === undefined) continue
    const collected = () => encodeResponse(dialect, responseOf(answer), exchangeFor(dialect)).body

    check(`equals the official fold · ${label}`, async () => {
      const recorded = await sdkFold(dialect, frames)
      if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
      expect(normaliseSdkFold(dialect, collected())).toEqual(normaliseSdkFold(dialect, recorded.value))
    })

    const broken = brokenStream(answer)
    if (broken !== undefined) skip(`keeps every field · ${label}`, broken)
    else
      check(`keeps every field · ${label}`, () => {
        expect(normaliseStreamed(dialect, collected())).toEqual(normaliseStreamed(dialect, answer.body))
      })

    check(`adds no schema error · ${label}`, async () => {
      const recorded = await sdkFold(dialect, frames)
      if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
      const known = responseErrors(dialect, recorded.value)
      expect(responseErrors(dialect, collected()).filter((error) => !known.includes(error))).toEqual([])
    })
  }
})

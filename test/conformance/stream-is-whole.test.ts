// Layer 3: a stream that we collect is the answer that the provider would have given without streaming.
import { expect } from 'vitest'
import type { Json } from '../support/json.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { answerCases, brokenStream, responseOf } from './corpus-cases.ts'
import { encodeResponse, exchangeFor } from './harness.ts'
import { layer } from './layer.ts'
import { wires } from './wires/index.ts'

/** As JSON says it: without members that are undefined. */
function saidIn(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

layer('stream is whole', ({ check, skip }) => {
  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    if (frames === undefined) continue
    const { answers, streams } = wires[dialect]
    const collected = () => encodeResponse(dialect, responseOf(answer), exchangeFor(dialect, dialect)).body

    check(`equals the official fold · ${label}`, answer, async () => {
      const recorded = await sdkFold(dialect, frames)
      if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
      // Google's SDK leaves out what it does not know: ours goes through it too, as one chunk.
      const ours = dialect === 'gemini' ? await sdkFold(dialect, streams.framed([collected()])) : undefined
      const value = ours?.ok === true ? ours.value : collected()
      expect(streams.normaliseSdk(value)).toEqual(streams.normaliseSdk(recorded.value))
    })

    const broken = brokenStream(answer)
    if (broken !== undefined) skip(`keeps every field · ${label}`, answer, broken)
    else
      check(`keeps every field · ${label}`, answer, () => {
        expect(streams.normalise(collected())).toEqual(streams.normalise(answer.body))
      })

    check(`adds no schema error · ${label}`, answer, async () => {
      const recorded = await sdkFold(dialect, frames)
      if (!recorded.ok) throw new Error(`the SDK rejects the recording itself: ${recorded.error}`)
      // Of the recording as the suite folds it too: Google's SDK leaves out what it does not know.
      const known = [recorded.value, answer.body].flatMap((value) => answers.schemaErrors(saidIn(value)))
      expect(answers.schemaErrors(collected()).filter((error) => !known.includes(error))).toEqual([])
    })
  }
})

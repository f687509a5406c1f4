// Layer 9: every stream cut after every event (and small ones at every byte). What was not finished ends in an error, on
// every wire, without a success terminator, and the official SDKs do not take it for an answer.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { full, rounds, spread } from '../support/full-run.ts'
import { bytesOf, framesOf, recordings, sseFrames } from '../support/corpus.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { readStream } from '../support/stream-grammar.ts'
import { answerCases, brokenStream } from './corpus-cases.ts'
import { decodeStream, dialectIds, dialects, encodeStream, exchangeFor } from './harness.ts'
import { layer } from './layer.ts'
import { wires } from './wires/index.ts'

function endings(events: readonly IrEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'response-end') return ['response-end']
    return event.type === 'error' ? [event.error.code] : []
  })
}

interface Cut {
  readonly dialect: GenerativeId
  readonly frames: readonly Frame[]
  /** The targets whose official SDK reads along. */
  readonly seenBySdkOf: readonly GenerativeId[]
}

/** What may be wrong with a stream that was cut here; empty when all is as it has to be. */
async function cutProblems({ dialect, frames, seenBySdkOf }: Cut): Promise<string[]> {
  const finished = wires[dialect].streams.isFinished(frames)
  const events = decodeStream(dialect, frames)
  const expected = finished ? 'response-end' : 'stream_truncated'
  const problems: string[] = []
  if (endings(events).join() !== expected) problems.push(`events end with ${endings(events).join()}, not ${expected}`)
  for (const target of dialectIds) {
    const { streams } = wires[target]
    const encoded = encodeStream(target, events, exchangeFor(target, dialect)).frames
    if (streams.hasTerminator(encoded) !== finished) problems.push(`${target}: terminator is wrong`)
    if ((streams.errors(encoded).length === 1) === finished) problems.push(`${target}: error frame is wrong`)
    if (target !== dialect && dialects[target].grammar !== undefined)
      problems.push(...readStream(target, encoded).faults.map((fault) => `${target}: ${fault}`))
    if (!finished && seenBySdkOf.includes(target) && (await sdkFold(target, encoded)).ok)
      problems.push(`${target}: the SDK reports success`)
  }
  return problems
}

layer('faults', ({ check, skip }) => {
  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    if (frames === undefined) continue
    const broken = brokenStream(answer)
    if (broken !== undefined) {
      skip(label, answer, broken)
      continue
    }
    check(`cut after each event · ${label}`, answer, async () => {
      const cuts = Array.from({ length: frames.length + 1 }, (_, count) => count)
      // The SDKs take their time, so that of a long stream they see some cuts only, and each of them only its share.
      const seen = spread(cuts, rounds(120, 8))
      for (const count of full ? cuts : seen) {
        const turn = seen.indexOf(count)
        const seenBySdkOf = dialectIds.filter((_, index) => turn >= 0 && (full || index % 3 === turn % 3))
        const problems = await cutProblems({ dialect, frames: frames.slice(0, count), seenBySdkOf })
        expect(problems, `after ${count} events`).toEqual([])
      }
    })
  }

  for (const recording of recordings()) {
    const { dialect, file, format } = recording
    if (format !== 'sse' || !dialectIds.includes(dialect)) continue
    const bytes = bytesOf(recording)
    if (bytes.length > 6000) continue
    const frames = framesOf(recording)
    if (brokenStream({ frames, body: wires[dialect].streams.assemble(frames) }) !== undefined) continue
    check(`cut at each byte · ${file}`, recording, async () => {
      const step = full ? 1 : Math.ceil(bytes.length / 60)
      for (let end = 0; end <= bytes.length; end += step) {
        const problems = await cutProblems({ dialect, frames: sseFrames(bytes.subarray(0, end)), seenBySdkOf: [] })
        expect(problems, `after ${end} bytes`).toEqual([])
      }
    })
  }
})

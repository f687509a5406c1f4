// Layer 9: every stream cut after every event (and small ones at every byte). What was not finished ends in an error, on
// both wires, without a success terminator, and the official SDKs do not take it for an answer.
import { expect } from 'vitest'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { bytesOf, framesOf, recordings, sseFrames } from '../support/corpus.ts'
import { sdkFold } from '../support/sdk-fold.ts'
import { assemble } from './assemble.ts'
import { answerCases, brokenStream } from './corpus-cases.ts'
import { decodeStream, dialectIds, encodeStream, exchangeFor } from './harness.ts'
import { list, parse, record, says } from './json.ts'
import { full, layer, sample } from './layer.ts'
import { errorsIn, hasSuccessTerminator } from './stream-rules.ts'

/** Whether the frames so far say that the answer was finished: a finish reason on every choice, or the terminal. */
function isFinished(dialect: DialectId, frames: readonly Frame[]): boolean {
  if (hasSuccessTerminator(dialect, frames)) return true
  const events = frames.map((frame) => record(parse(frame.data)))
  if (dialect === 'anthropic-messages')
    return events.some((event) => event['type'] === 'message_delta' && says(record(event['delta'])['stop_reason']))
  const choices = events.flatMap((event) => list(event['choices']).map(record))
  const finished = new Set(choices.filter((choice) => says(choice['finish_reason'])).map((choice) => choice['index']))
  return finished.size > 0 && choices.every((choice) => finished.has(choice['index']))
}

function endings(events: readonly IrEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'response-end') return ['response-end']
    return event.type === 'error' ? [event.error.code] : []
  })
}

/** What may be wrong with a stream that was cut here; empty when all is as it has to be. */
async function cutProblems(dialect: DialectId, frames: readonly Frame[], withSdk: boolean): Promise<string[]> {
  const finished = isFinished(dialect, frames)
  const events = decodeStream(dialect, frames)
  const expected = finished ? 'response-end' : 'stream_truncated'
  const problems: string[] = []
  if (endings(events).join() !== expected) problems.push(`events end with ${endings(events).join()}, not ${expected}`)
  for (const target of dialectIds) {
    const encoded = encodeStream(target, events, exchangeFor(target)).frames
    if (hasSuccessTerminator(target, encoded) !== finished) problems.push(`${target}: terminator is wrong`)
    if ((errorsIn(target, encoded).length === 1) === finished) problems.push(`${target}: error frame is wrong`)
    if (!finished && withSdk && (await sdkFold(target, encoded)).ok) problems.push(`${target}: the SDK reports success`)
  }
  return problems
}

layer('faults', ({ check, skip }) => {
  for (const answer of answerCases(skip)) {
    const { label, dialect, frames } = answer
    if (frames === undefined) continue
    const broken = brokenStream(answer)
    if (broken !== undefined) {
      skip(label, broken)
      continue
    }
    check(`cut after each event · ${label}`, async () => {
      const cuts = Array.from({ length: frames.length + 1 }, (_, count) => count)
      // The SDKs take their time, so that of a long stream they see some cuts only.
      const seenBySdk = new Set(sample(cuts, full ? 200 : 21))
      for (const count of full ? cuts : seenBySdk) {
        const problems = await cutProblems(dialect, frames.slice(0, count), seenBySdk.has(count))
        expect(problems, `after ${count} events`).toEqual([])
      }
    })
  }

  for (const recording of recordings()) {
    if (recording.format !== 'sse' || recording.endpoint === 'completions') continue
    const bytes = bytesOf(recording)
    if (bytes.length > 6000) continue
    const answer = { label: '', dialect: recording.dialect, frames: framesOf(recording), body: {} }
    if (brokenStream({ ...answer, body: assemble(recording.dialect, answer.frames) }) !== undefined) continue
    check(`cut at each byte · ${recording.file}`, async () => {
      const step = full ? 1 : Math.ceil(bytes.length / 100)
      for (let end = 0; end <= bytes.length; end += step) {
        const frames = sseFrames(bytes.subarray(0, end))
        expect(await cutProblems(recording.dialect, frames, false), `after ${end} bytes`).toEqual([])
      }
    })
  }
})

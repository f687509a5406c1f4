// How near the count of an answer comes to what its provider reports, by the recordings: the same stream, with the report
// taken out.
import { describe, expect, it } from 'vitest'
import { dialects } from '../../src/dialects/index.ts'
import { createEventCheck } from '../../src/engine/malformed.ts'
import { createPassthrough } from '../../src/engine/passthrough.ts'
import { settledUsage } from '../../src/engine/plausible.ts'
import { createFold } from '../../src/ir/fold.ts'
import { countOutput } from '../../src/ir/output-meter.ts'
import type { IrResponse } from '../../src/ir/response.ts'
import type { Usage } from '../../src/ir/usage.ts'
import { createEventStreamDecoder, encodeEventStream } from '../../src/wire/aws-event-stream.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'
import { encodeSse } from '../../src/wire/sse-encode.ts'
import { chunkings } from '../support/chunkings.ts'
import { framesOf, recordings, type Recording } from '../support/corpus.ts'
import { plainFacts } from '../support/facts.ts'
import { full, sample } from '../support/full-run.ts'
import { plainFramer } from '../support/plain-framer.ts'
import { requireShared } from '../support/shared.ts'

interface Sample {
  readonly recording: Recording
  readonly answer: IrResponse
  /** What the provider reported of all that it let us read. */
  readonly visible: number
  /** The bytes of the stream without its report. */
  readonly silent: Uint8Array
}

/** A value without anything that says how many tokens there were. */
function muted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(muted)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => !['usage', 'usageMetadata', 'x_groq'].includes(key))
  return Object.fromEntries(kept.map(([key, member]) => [key, muted(member)]))
}

function mutedFrame(frame: Frame): Frame {
  if (frame.data.trim() === '' || frame.data === '[DONE]') return frame
  return { ...frame, data: JSON.stringify(muted(JSON.parse(frame.data))) }
}

function sampleOf(recording: Recording): Sample[] {
  const dialect = dialects[recording.dialect]
  const decoder = dialect.streamDecoder()
  const fold = createFold(recording.dialect, dialect.joinOpaque)
  const frames = framesOf(recording)
  for (const frame of frames) decoder.step(frame).forEach(fold.step)
  decoder.finish().forEach(fold.step)
  const answer = fold.response()
  const parts = answer.outputs.flatMap((output) => output.parts)
  const isThought = parts.some((part) => part.type === 'reasoning' && part.text !== '')
  const { output = 0, reasoning = 0 } = answer.usage ?? {}
  const visible = isThought ? output : output - reasoning
  const quiet = frames.map(mutedFrame)
  const isBinary = recording.dialect === 'bedrock-converse'
  const silent = isBinary ? Buffer.concat(quiet.map((frame) => encodeEventStream([frame]))) : encodeSse(quiet)
  return visible > 0 && fold.error() === undefined
    ? [{ recording, answer, visible, silent: new Uint8Array(silent) }]
    : []
}

/** What the byte path makes of a stream that comes in these chunks. */
function tokensOf({ dialect }: Recording, chunks: readonly Uint8Array[]): number {
  const facts = plainFacts({ dialect, stream: true, wantsUsage: true })
  const machine = createPassthrough({
    dialect: dialects[dialect],
    exchange: { requestId: 'r', facts, upstream: dialect, model: 'm', createdAt: 1 },
    framer: plainFramer,
    quirks: [],
    hide: (text) => text,
    check: createEventCheck('skip'),
    settle: (told: Usage | undefined, count) => settledUsage(told, count, 1),
  })
  const decoder = dialect === 'bedrock-converse' ? createEventStreamDecoder(1e9) : createSseDecoder(1e9)
  for (const chunk of chunks) {
    let unread: Uint8Array | undefined = chunk
    while (unread !== undefined)
      unread = decoder.feed(
        unread,
        (block) => {
          void machine.step(block)
          return true
        },
        (text) => machine.skim(text),
      )
  }
  const { usage } = machine.report()
  expect(usage?.evidence).toBe('counted')
  return usage?.output ?? 0
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

const samples = recordings()
  .filter(({ role, status, stream, task }) => role === 'response' && status === 200 && stream && task === 'generate')
  .flatMap(sampleOf)
const isThere = requireShared('how near a count of tokens comes')

const wires = [...new Set(samples.map(({ recording }) => recording.dialect))]

describe.runIf(isThere)('a count by the bytes', () => {
  it('has streams of every wire to show for it', () => {
    expect(wires.toSorted()).toEqual(
      Object.keys(dialects)
        .filter((id) => id !== 'openai-embeddings')
        .toSorted(),
    )
    expect(samples.length).toBeGreaterThan(50)
  })

  it.each(wires)('of %s is half of what is reported at least, and a quarter more at most, in the middle', (wire) => {
    const ratios = samples
      .filter(({ recording }) => recording.dialect === wire)
      .map(({ recording, silent, visible }) => tokensOf(recording, [silent]) / visible)
    expect(median(ratios)).toBeGreaterThan(0.5)
    expect(median(ratios)).toBeLessThan(1.25)
  })

  it.each(wires)('of %s is what a count of the decoded answer is, in the middle', (wire) => {
    const ratios = samples
      .filter(({ recording }) => recording.dialect === wire)
      .map(({ recording, silent, answer }) => tokensOf(recording, [silent]) / (countOutput(answer)?.tokens ?? 0))
    expect(median(ratios)).toBe(1)
  })

  it.each(sample(samples, 24).map((entry) => [entry.recording.file, entry] as const))(
    'does not depend on how the bytes were cut: %s',
    (_file, { recording, silent }) => {
      const whole = tokensOf(recording, [silent])
      for (const { name, chunks } of chunkings(silent, full)) expect(tokensOf(recording, chunks), name).toBe(whole)
    },
  )
})

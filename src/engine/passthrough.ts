// Same dialect on both sides: the upstream's bytes travel as they came, and a tap watches them go by. Only the events
// that a compatible provider gets wrong are written anew.
import type { Dialect, Exchange } from '../dialects/dialect.ts'
import { GatewayError } from '../ir/error.ts'
import type { QuirkName } from '../ir/traits.ts'
import type { Frame } from '../wire/frame.ts'
import type { Block } from '../wire/block.ts'
import { join } from './collect.ts'
import type { ClientFramer } from './framing.ts'
import type { StreamMachine, StreamStep } from './machine.ts'

interface PassthroughOptions {
  readonly dialect: Dialect
  readonly exchange: Exchange
  readonly framer: ClientFramer
  /** What is wrong with the provider's answers, and to be mended. */
  readonly quirks: readonly QuirkName[]
  /** Takes known secrets out of a text: an event may quote what its sender was sent. */
  readonly hide: (text: string) => string
}

const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** Forwards whole events byte for byte; an event that only carries the usage we asked for stays behind. */
export function createPassthrough({ dialect, exchange, framer, quirks, hide }: PassthroughOptions): StreamMachine {
  const tap = dialect.streamTap(exchange)
  const normaliser = quirks.length === 0 ? undefined : dialect.compatibility?.normaliser(quirks, exchange)

  /** What one frame comes to; `bytes` is what it looks like to the client. */
  function pass(frame: Frame, bytes: () => Uint8Array): StreamStep {
    const signal = tap.step(frame)
    switch (signal.type) {
      case 'hidden':
        return { kind: 'idle' }
      case 'error':
        return { kind: 'idle', error: signal.error }
      case 'idle':
      case 'content':
      case 'end':
        return { bytes: quiet(bytes(), frame.data), kind: signal.type }
    }
  }

  // In the bytes as they are framed: what stands around the event belongs to the stream.
  function quiet(bytes: Uint8Array, said: string): Uint8Array {
    return hide(said) === said ? bytes : textEncoder.encode(hide(textDecoder.decode(bytes)))
  }

  function mended(frames: readonly Frame[]): StreamStep {
    return merge(frames.map((frame) => pass(frame, () => framer.encode([frame]))))
  }

  function read(block: Block, frame: Frame): StreamStep {
    const instead = normaliser?.step(frame) ?? 'same'
    if (instead !== 'same') return mended(instead)
    framer.resume()
    return pass(frame, () => block.bytes)
  }

  return {
    step(block) {
      if (block.skimmed === true) return { bytes: block.bytes, kind: 'content' }
      if (block.frame !== undefined) return read(block, block.frame)
      // A comment, or what stands between events.
      const text = textDecoder.decode(block.bytes)
      return hide(text) === text ? { bytes: block.bytes, kind: 'idle' } : { kind: 'idle' }
    },
    skim(text) {
      const agreed = tap.skim(text)
      if (agreed !== true) return agreed
      return hide(text) === text && (normaliser === undefined || normaliser.skim(text))
    },
    finish() {
      const rest = mended(normaliser?.finish() ?? [])
      if (rest.error !== undefined) return rest
      if (!tap.report().complete) return merge([rest, { kind: 'idle', error: new GatewayError('stream_truncated') }])
      const closing: readonly Frame[] = tap.closing()
      return merge([rest, closing.length === 0 ? { kind: 'end' } : { bytes: framer.encode(closing), kind: 'end' }])
    },
    fail: (error) => join([framer.encode(dialect.encodeStreamError(error, exchange.requestId)), framer.close()]),
    settle() {
      for (const frame of normaliser?.finish() ?? []) tap.step(frame)
    },
    report: () => ({ ...tap.report(), losses: [] }),
  }
}

/** Several frames as one step: the weightiest kind, the bytes one after the other, the first error. */
function merge(steps: readonly StreamStep[]): StreamStep {
  const bytes = steps.flatMap((step) => (step.bytes === undefined ? [] : [step.bytes]))
  const error = steps.find((step) => step.error !== undefined)?.error
  const has = (kind: StreamStep['kind']): boolean => steps.some((step) => step.kind === kind)
  return {
    ...(bytes.length > 0 && { bytes: join(bytes) }),
    kind: has('end') ? 'end' : has('content') ? 'content' : 'idle',
    ...(error !== undefined && { error }),
  }
}

// Same dialect on both sides: the upstream's bytes travel as they came, and a tap watches them go by. Only the events
// that a compatible provider gets wrong are written anew.
import type { Dialect, Exchange } from '../dialects/dialect.ts'
import { GatewayError } from '../ir/error.ts'
import type { QuirkName } from '../ir/traits.ts'
import type { OutputCount, Usage } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import type { Block } from '../wire/block.ts'
import { join } from './collect.ts'
import type { ClientFramer } from './framing.ts'
import { plainError, type EventCheck } from './malformed.ts'
import type { MachineReport, StreamMachine, StreamStep } from './machine.ts'

interface PassthroughOptions {
  readonly dialect: Dialect
  readonly exchange: Exchange
  readonly framer: ClientFramer
  /** What is wrong with the provider's answers, and to be mended. */
  readonly quirks: readonly QuirkName[]
  /** Takes known secrets out of a text: an event may quote what its sender was sent. */
  readonly hide: (text: string) => string
  readonly check: EventCheck
  /** Makes of what was told and what was counted the usage of the answer. */
  readonly settle: (told: Usage | undefined, count: OutputCount | undefined) => Usage
}

const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** Forwards whole events byte for byte; an event that only carries the usage we asked for stays behind. */
export function createPassthrough(options: PassthroughOptions): StreamMachine {
  const { dialect, exchange, framer, quirks, hide, check, settle } = options
  const tap = dialect.streamTap(exchange)
  const normaliser = quirks.length === 0 ? undefined : dialect.compatibility?.normaliser(quirks, exchange)
  // An event was left out, and what stands around it belongs to the framing: from here on the framing is ours.
  let isReframed = false
  let hasSaid = false

  /** What one frame comes to; `bytes` is what it looks like to the client. */
  function pass(frame: Frame, bytes: () => Uint8Array): StreamStep {
    const signal = tap.step(frame)
    switch (signal.type) {
      case 'hidden':
        return { kind: 'idle' }
      case 'error':
        return { kind: 'idle', error: signal.error }
      case 'idle': {
        const error = plainError(frame)
        return error === undefined ? { bytes: quiet(bytes(), frame.data), kind: 'idle' } : { kind: 'idle', error }
      }
      case 'content':
        hasSaid = true
        return { bytes: quiet(bytes(), frame.data), kind: 'content' }
      case 'end':
        return { bytes: quiet(bytes(), frame.data), kind: 'end' }
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
    // An end alone: the finish that would be put before it is not the provider's word.
    if (!hasSaid && frame.data === '[DONE]' && !tap.report().complete)
      return { kind: 'idle', error: new GatewayError('upstream_empty') }
    const instead = normaliser?.step(frame) ?? 'same'
    if (instead !== 'same') return mended(instead)
    const verdict = check.look(frame)
    if (verdict === 'sound') return pass(frame, () => bytesOf(block, frame))
    isReframed = true
    return verdict === 'skip' ? { kind: 'idle' } : { kind: 'idle', error: verdict }
  }

  function bytesOf(block: Block, frame: Frame): Uint8Array {
    if (isReframed) return framer.encode([frame])
    framer.resume()
    return block.bytes
  }

  // A comment, or what stands between events.
  function passRest({ bytes }: Block): StreamStep {
    const text = textDecoder.decode(bytes)
    if (isReframed && framer.closes(text)) return { bytes: framer.close(), kind: 'idle' }
    return hide(text) === text ? { bytes, kind: 'idle' } : { kind: 'idle' }
  }

  // The client reads its provider's own counters, and none where it gave none.
  function report(): MachineReport {
    const { count, usage, ...said } = tap.report()
    return { ...said, usage: settle(usage, count), losses: check.losses() }
  }

  return {
    step(block) {
      if (block.skimmed === true) return { bytes: block.bytes, kind: 'content' }
      return block.frame === undefined ? passRest(block) : read(block, block.frame)
    },
    skim(text) {
      const agreed = tap.skim(text)
      if (agreed !== true) return agreed
      if (!check.isSound(text) || hide(text) !== text || normaliser?.skim(text) === false) return false
      // What is agreed to goes by as a whole.
      tap.passed(text)
      return true
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
    report,
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

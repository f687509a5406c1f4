// One client stream over several upstreams: when one breaks off, the next one goes on in the middle of it. Owns who is
// being read, and that the client hears of exactly one end.
import type { GatewayError } from '../../ir/error.ts'
import type { StreamEnd, StreamSource } from '../stream.ts'
import type { ClientVoice } from '../voice.ts'

interface MendedOptions {
  readonly voice: ClientVoice
  /** Whether what was said so far can be gone on with. */
  readonly canGoOn: () => boolean
  /** Opens the next upstream, content at hand; undefined where there is none, or the signal fired. Never throws. */
  readonly open: (failure: GatewayError, signal: AbortSignal) => Promise<StreamSource | undefined>
  /** Called exactly once for an accepted answer. */
  readonly onEnd: (end: StreamEnd) => void
  readonly forClient: (error: GatewayError) => GatewayError
}

export interface MendedSource {
  readonly source: StreamSource
  /** What the sources below it call: whether their break is not the end. */
  readonly onBreak: (error: GatewayError) => boolean
  /** What the sources below it call at their end. */
  readonly onEnd: (end: StreamEnd) => void
}

/** Somebody else has ended the stream: the client (an error only where it stalled), or the gateway. */
type Closing =
  | { readonly by: 'client'; readonly error: GatewayError | undefined }
  | { readonly by: 'gateway'; readonly error: GatewayError }

/**
 * A stream source that outlives the upstream it began with.
 * @param first the upstream that the answer begins with; asked for when it is first needed
 */
export function createMendedSource(options: MendedOptions, first: () => StreamSource): MendedSource {
  const { voice, canGoOn, onEnd } = options
  let following: StreamSource | undefined
  /** The failure that began it all: the one that the client is told where nobody can go on. */
  let original: GatewayError | undefined
  let broken: GatewayError | undefined
  let opening: { readonly abort: AbortController; readonly done: Promise<void> } | undefined
  let closing: Closing | undefined
  let isOver = false
  let last: Uint8Array | undefined

  const current = (): StreamSource => following ?? first()

  function end(how: StreamEnd): void {
    if (isOver) return
    isOver = true
    onEnd(how)
  }

  function giveUp(error: GatewayError): void {
    if (isOver) return
    last = voice.fail(options.forClient(error))
    end({ type: 'failed', report: voice.report(), error })
  }

  function endCancelled(error: GatewayError | undefined): void {
    end({ type: 'cancelled', report: voice.report(), ...(error !== undefined && { error }) })
  }

  function onBreak(error: GatewayError): boolean {
    if (isOver || closing !== undefined) return false
    // A first failure that no other target would mend is told as it is.
    if (original === undefined && (error.retry === 'never' || !canGoOn())) return false
    original ??= error
    broken = error
    return true
  }

  async function goOn(failure: GatewayError, signal: AbortSignal): Promise<void> {
    const next = canGoOn() ? await options.open(failure, signal) : undefined
    following = next ?? following
    if (closing?.by === 'client') return next === undefined ? endCancelled(closing.error) : next.cancel(closing.error)
    if (closing?.by === 'gateway') return next === undefined ? giveUp(closing.error) : next.interrupt(closing.error)
    if (next === undefined) giveUp(original ?? failure)
  }

  /** Whether there is more to read. */
  async function mend(): Promise<boolean> {
    const failure = broken
    if (failure === undefined || isOver) return false
    broken = undefined
    const abort = new AbortController()
    opening = { abort, done: goOn(failure, abort.signal) }
    await opening.done
    opening = undefined
    return true
  }

  const source: StreamSource = {
    prime: () => current().prime(),
    accept: () => current().accept(),
    discard: () => current().discard(),
    async next() {
      for (;;) {
        const bytes = last === undefined ? await current().next() : undefined
        if (bytes !== undefined) return bytes
        if (await mend()) continue
        const rest = last
        last = undefined
        return rest
      }
    },
    async cancel(reason) {
      closing ??= { by: 'client', error: reason }
      if (opening !== undefined) {
        opening.abort.abort()
        return opening.done
      }
      if (broken !== undefined) return endCancelled(reason)
      return current().cancel(reason)
    },
    bark: () => current().bark(),
    interrupt(error) {
      closing ??= { by: 'gateway', error }
      if (opening !== undefined) return opening.abort.abort()
      if (broken !== undefined) return giveUp(error)
      current().interrupt(error)
    },
    report: () => voice.report(),
  }

  return { source, onBreak, onEnd: end }
}

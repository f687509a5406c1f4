// One upstream stream on its way to one client: reads, steps the machine, decides when the answer is committed,
// and ends exactly once, whoever ends it. Never throws towards the client: after the commit every fault is an event.
import { GatewayError } from '../ir/error.ts'
import type { ByteSource } from '../ports/index.ts'
import { parseJson } from '../wire/json-parse.ts'
import type { Block, BlockDecoder } from '../wire/block.ts'
import { join } from './collect.ts'
import type { MachineReport, StreamMachine, StreamStep } from './machine.ts'
import { readError, tooMuch } from './stream-fault.ts'
import type { Watchdog } from './watchdog.ts'

/** How a stream ended: by itself, by a fault, or because the client left. */
export type StreamEnd =
  | { readonly type: 'complete'; readonly report: MachineReport }
  | { readonly type: 'failed'; readonly report: MachineReport; readonly error: GatewayError }
  /** `error`: it did not leave, but stopped reading. */
  | { readonly type: 'cancelled'; readonly report: MachineReport; readonly error?: GatewayError }

export interface StreamSource {
  /** Reads until the answer is committed or over. An error here means that nothing has been sent. */
  prime(): Promise<GatewayError | undefined>
  /** The answer is taken: from here on its end is reported, also where it has come already. */
  accept(): void
  /** The answer is not wanted after all: stops the upstream and reports nothing. */
  discard(): Promise<void>
  /** The next bytes for the client, whole events only; undefined at the end. Call after `accept`. */
  next(): Promise<Uint8Array | undefined>
  /** The client has left; with a reason where it has only stopped reading. */
  cancel(reason?: GatewayError): Promise<void>
  /**
   * The watchdog fired. Whether that ended the stream: while nothing is being read, nobody is late but the client, whose
   * own timer that is.
   */
  bark(): boolean
  /** The gateway stops: an accepted answer ends with this error, in band. */
  interrupt(error: GatewayError): void
  report(): MachineReport
}

export interface StreamOptions {
  readonly body: ByteSource
  readonly machine: StreamMachine
  readonly watchdog: Watchdog
  /** Cuts the upstream's bytes into events. */
  readonly decoder: BlockDecoder
  /** Bytes of the upstream beyond which the answer ends with `limit_exceeded`. */
  readonly maxBytes: number
  /** What has to stand between an event that came without its end and the next one. */
  readonly separator: Uint8Array
  /** Whether a client that leaves ends the call, or it is read to its end. */
  readonly onAbort: 'cancel' | 'drain'
  /** Ends the upstream request after its body was cancelled. */
  readonly abort: () => void
  readonly onContent: () => void
  /** Called exactly once for an accepted answer, before its last bytes are handed over. */
  readonly onEnd: (end: StreamEnd) => void
  /**
   * A committed answer breaks off. True: somebody else goes on with it, and the client is told nothing here; then `onEnd`
   * is not called.
   */
  readonly onBreak?: ((error: GatewayError) => boolean) | undefined
  /** What an error becomes before the client may read it. */
  readonly forClient: (error: GatewayError) => GatewayError
  /** It goes on with an answer that may have been whole but for its end. */
  readonly mayBeEmpty?: boolean | undefined
}

/** A stream that has its headers and waits for content. */
export function createStreamSource(options: StreamOptions): StreamSource {
  const { body, machine, watchdog } = options
  const { decoder } = options
  const ready: Uint8Array[] = []
  let committed = false
  let failure: GatewayError | undefined
  let ended = false
  let reading = false
  let received = 0
  let unread: Uint8Array | undefined
  /** The piece that the client waits for. */
  let awaited: Promise<void> | undefined
  /** A step that is being sealed; nothing more is read until it is done. */
  let pending: Promise<StreamStep> | undefined
  let accepted = false
  let gone = false
  let ending: StreamEnd | undefined

  function end(reason: StreamEnd): void {
    const how: StreamEnd = gone ? { type: 'cancelled', report: reason.report } : reason
    ended = true
    watchdog.stop()
    if (accepted) options.onEnd(how)
    else ending = how
  }

  function fail(error: GatewayError): void {
    void stopUpstream()
    if (!committed) {
      failure = error
      ended = true
      watchdog.stop()
      return
    }
    machine.settle()
    if (!gone && options.onBreak?.(error) === true) {
      ended = true
      watchdog.stop()
      return
    }
    ready.push(machine.fail(options.forClient(error)))
    end({ type: 'failed', report: machine.report(), error })
  }

  // The body first, then the request: the other order surfaces as an unhandled rejection on some runtimes.
  async function stopUpstream(): Promise<void> {
    await body.cancel().catch(() => {})
    options.abort()
  }

  function take(step: StreamStep): void {
    if (step.bytes !== undefined && !gone) ready.push(step.bytes)
    if (step.kind !== 'idle') watchdog.progress()
    if (step.kind === 'content' && !committed) {
      committed = true
      watchdog.enter('idle')
      options.onContent()
    }
    if (step.error !== undefined) fail(step.error)
    else if (step.kind === 'end' && !committed && isEmpty()) fail(new GatewayError('upstream_empty'))
    else if (step.kind === 'end') {
      committed = true
      end({ type: 'complete', report: machine.report() })
      void stopUpstream()
    }
  }

  // An end that came alone. Where the provider said how it ended, nothing was what it had to say.
  function isEmpty(): boolean {
    const { finish } = machine.report()
    return (
      options.mayBeEmpty !== true && (finish === undefined || (finish.class === 'stop' && finish.raw === undefined))
    )
  }

  // Stops at the commit too: the answer goes out with its first content, the rest of the chunk is read after that.
  const takeBlock = (block: Block): boolean => {
    const wasCommitted = committed
    const step = machine.step(block)
    if (step instanceof Promise) {
      pending = step
      return false
    }
    take(step)
    return !ended && committed === wasCommitted
  }
  const skim = (text: string): boolean | undefined => machine.skim(text)

  async function advance(): Promise<void> {
    try {
      reading = unread === undefined
      const chunk = unread ?? (await body.read())
      reading = false
      if (ended) return
      const timeout = watchdog.fired()
      if (timeout !== undefined) return fail(timeout)
      if (unread === undefined && chunk !== undefined) received += chunk.length
      if (received > options.maxBytes) return fail(tooMuch())
      if (chunk === undefined) await finish()
      else unread = decoder.feed(chunk, takeBlock, skim)
      if (pending !== undefined) await settlePending(pending)
    } catch (cause) {
      reading = false
      if (!ended) fail(watchdog.fired() ?? readError(cause))
    }
  }

  async function settlePending(step: Promise<StreamStep>): Promise<void> {
    pending = undefined
    const settled = await step
    if (!ended) take(settled)
  }

  async function finish(): Promise<void> {
    const rest = decoder.end().filter(isWhole)
    for (const block of rest) {
      const step = await machine.step(block)
      if (ended) return
      take(step)
      if (ended) return
    }
    const closing = finishStep(await machine.finish())
    if (ended) return
    // What follows an event that came without its blank line must not run into it.
    if (rest.length > 0 && (closing.bytes !== undefined || closing.error !== undefined)) ready.push(options.separator)
    take(closing)
  }

  return {
    async prime() {
      while (!committed && !ended) await advance()
      return failure
    },
    accept() {
      accepted = true
      if (ending !== undefined) options.onEnd(ending)
    },
    async discard() {
      ended = true
      watchdog.stop()
      await stopUpstream()
    },
    async next() {
      while (ready.length === 0 && !ended) await (awaited = advance())
      awaited = undefined
      if (ready.length === 0) return undefined
      const [only] = ready
      const bytes = ready.length === 1 && only !== undefined ? only : join(ready)
      ready.length = 0
      return bytes
    },
    async cancel(reason) {
      if (options.onAbort === 'drain' && reason === undefined) {
        gone = true
        ready.length = 0
        // Two readers of one stream would take its pieces from each other.
        while (!ended) await (awaited ?? advance())
      }
      if (!ended) {
        machine.settle()
        const report = machine.report()
        end(
          report.complete
            ? { type: 'complete', report }
            : { type: 'cancelled', report, ...(reason !== undefined && { error: reason }) },
        )
      }
      ready.length = 0
      await stopUpstream()
    },
    bark() {
      if (ended) return true
      const fired = watchdog.fired() ?? new GatewayError('upstream_timeout')
      if (!reading && fired.code === 'stream_idle_timeout') {
        watchdog.enter('idle')
        return false
      }
      fail(fired)
      return true
    },
    interrupt(error) {
      if (!ended) fail(error)
    },
    report: () => machine.report(),
  }
}

// The end of the bytes may cut an event in two; half of one is worth nothing and must not reach the client.
function isWhole(block: Block): boolean {
  return block.frame !== undefined && (block.frame.data === '[DONE]' || parseJson(block.frame.data) !== undefined)
}

// An upstream that closed without an error and without anything left to say has still ended.
function finishStep(step: StreamStep): StreamStep {
  return step.error === undefined && step.kind !== 'end' ? { ...step, kind: 'end' } : step
}

// A small call to a secret store or a token endpoint: bounded in time and size, every failure an outcome.
import { failed, GatewayError, ok, type Outcome } from '../../ir/error.ts'
import type { Clock, FetchRequest, FetchResponse, HeaderSource } from '../../ports/index.ts'
import type { CredentialPorts, WayOut } from '../recipe.ts'

/** How long a secret store may take, from the call to the last byte of its answer. */
export const storeTimeoutMs = 10_000
/** The largest answer of a secret store: a secret of 64 KiB, which JSON may write twice as long, and what stands around it. */
export const maxStoreBytes = 192 * 1024

export interface StoreCall extends Pick<FetchRequest, 'method' | 'url' | 'headers'> {
  readonly body?: Uint8Array
  readonly way: WayOut
  /** Who is asked, for messages: "HashiCorp Vault". */
  readonly who: string
  /** Milliseconds for all of it; `storeTimeoutMs` where left out. */
  readonly timeoutMs?: number
}

export interface StoreAnswer {
  readonly status: number
  readonly headers: HeaderSource
  readonly text: string
}

/**
 * The answer as text, whatever its status. Fails with `upstream_unreachable` where there is none in time, or too much of
 * it; with `blocked_endpoint` where the address may not be used.
 */
export async function callStore(ports: CredentialPorts, call: StoreCall): Promise<Outcome<StoreAnswer>> {
  const { who, way, timeoutMs = storeTimeoutMs, ...request } = call
  const deadline = startDeadline(ports.clock, timeoutMs)
  try {
    const asked = { ...request, ...way, cancellation: deadline.cancellation, connectTimeoutMs: timeoutMs }
    const answer = await Promise.race([ports.fetch(asked).then(readAll), deadline.passed])
    if (answer === undefined)
      return failed('upstream_unreachable', { message: `${who} did not answer within ${timeoutMs / 1000} s` })
    if (answer === 'too large')
      return failed('upstream_unreachable', { message: `${who} answered more than ${maxStoreBytes} bytes` })
    return ok(answer)
  } catch (cause) {
    if (cause instanceof GatewayError && cause.code === 'blocked_endpoint')
      return failed('blocked_endpoint', { message: `${who} is not asked: ${cause.message}`, cause })
    return failed('upstream_unreachable', { message: `${who} cannot be reached`, cause })
  } finally {
    deadline.stop()
  }
}

function startDeadline(clock: Clock, ms: number) {
  let cancelled = false
  let listener = (): void => {}
  let stop = (): void => {}
  const passed = new Promise<undefined>((resolve) => {
    stop = clock.after(ms, () => {
      cancelled = true
      listener()
      resolve(undefined)
    })
  })
  const cancellation = {
    get cancelled() {
      return cancelled
    },
    onCancel(call: () => void) {
      listener = call
      if (cancelled) call()
    },
  }
  return { cancellation, passed, stop: () => stop() }
}

async function readAll({ status, headers, body }: FetchResponse): Promise<StoreAnswer | 'too large'> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const chunk = await body.read()
    if (chunk === undefined) return { status, headers, text: text + decoder.decode() }
    size += chunk.length
    if (size > maxStoreBytes) {
      await body.cancel()
      return 'too large'
    }
    text += decoder.decode(chunk, { stream: true })
  }
}

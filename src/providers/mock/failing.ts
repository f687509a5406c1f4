// The mock's failures outside of an answer's body: whether this call fails, and what it fails with. Counts calls.
import { GatewayError } from '../../ir/error.ts'
import type { Clock, FetchRequest } from '../../ports/index.ts'
import type { TransportPorts } from '../provider.ts'
import type { Script } from './script.ts'
import { wait } from './source.ts'
import type { Failure, MockFailure } from './wire.ts'

/** More names than anybody plays with; clients make them up. */
const maxCounted = 1000
/** Calls by what was asked for: of one gateway, which its clock stands for. */
const counted = new WeakMap<Clock, Map<string, number>>()

/**
 * What this call does, where that is a matter of chance or of calls before it.
 * @param asked the address and the model: what is counted for itself
 */
export function drawnScript(script: Script, asked: string, { clock, random }: TransportPorts): Script {
  switch (script.type) {
    case 'flaky':
      return random.next() * 100 < script.percent ? { type: 'status', status: script.status } : { type: 'echo' }
    case 'first':
      return callNumber(clock, asked) <= script.count ? { type: 'status', status: script.status } : { type: 'echo' }
    default:
      return script
  }
}

/** From 1. The oldest names are forgotten where there are too many. */
function callNumber(clock: Clock, asked: string): number {
  const calls = counted.get(clock) ?? new Map<string, number>()
  counted.set(clock, calls)
  const number = (calls.get(asked) ?? 0) + 1
  calls.delete(asked)
  calls.set(asked, number)
  if (calls.size > maxCounted) for (const oldest of calls.keys()) return (calls.delete(oldest), number)
  return number
}

/** The error that a transport fails with, once it would have noticed. */
export async function unreachable(
  { code, detail, isLate }: Script & { readonly type: 'unreachable' },
  clock: Clock,
  { connectTimeoutMs, cancellation }: FetchRequest,
): Promise<GatewayError> {
  if (isLate === true) await wait(clock, connectTimeoutMs, cancellation)
  return new GatewayError(code, { upstream: { code: detail } })
}

/** An error answer in the words of the wire. */
export function refusal(
  { status, retryAfterS, message }: Script & { readonly type: 'status' },
  wire: { readonly failure: Failure },
): { readonly status: number; readonly failure: MockFailure } {
  const failure = wire.failure(status, message ?? `the mock was told to answer ${status}`, retryAfterS)
  if (retryAfterS === undefined || failure.headers !== undefined) return { status, failure }
  return { status, failure: { ...failure, headers: { 'retry-after': String(retryAfterS) } } }
}

/** The secret of the headers that a request came with. */
export function keyIn({ headers }: FetchRequest): string {
  for (const [name, value] of Object.entries(headers))
    if (/^(?:authorization|x-api-key|x-goog-api-key|api-key)$/i.test(name)) return value.replace(/^Bearer /i, '')
  return 'that nobody sent'
}

/** What no client may be handed on. */
export const foreignHeaders: Readonly<Record<string, string>> = {
  'set-cookie': 'session=mock; Path=/',
  'access-control-allow-origin': '*',
  'content-security-policy': "default-src 'none'",
  server: 'mock',
}

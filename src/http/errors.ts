// A refusal before any engine ran, in the dialect of the path that was asked for.
import { GatewayError } from '../ir/error.ts'
import { dialectOfPath } from './ingress.ts'

/**
 * The error as a Response of that path's dialect. Anything that is not a `GatewayError` becomes a constant `internal`.
 * @param asked the request's headers, for a path that several dialects share
 */
export function errorResponse(error: unknown, path: string, requestId: string, asked?: Headers): Response {
  const known = error instanceof GatewayError ? error : new GatewayError('internal')
  const encoded = dialectOfPath(path, asked).encodeError(known, requestId)
  const headers = { 'x-signalbox-request-id': requestId, ...encoded.headers }
  return new Response(encoded.body as Uint8Array<ArrayBuffer>, { status: encoded.status, headers })
}

// A refusal before any engine ran, in the dialect of the path that was asked for.
import type { Dialect } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import { GatewayError } from '../ir/error.ts'

/** The dialect whose path this is; paths that belong to none (control plane, unknown) speak OpenAI's. */
export function dialectOfPath(path: string): Dialect {
  const owner = Object.values(dialects).find((dialect) =>
    dialect.paths.some((own) => path === own || path.startsWith(`${own}/`)),
  )
  return owner ?? (path.startsWith('/anthropic/') ? dialects['anthropic-messages'] : dialects['openai-chat'])
}

/** The error as a Response of that path's dialect. Anything that is not a `GatewayError` becomes a constant `internal`. */
export function errorResponse(error: unknown, path: string, requestId: string): Response {
  const known = error instanceof GatewayError ? error : new GatewayError('internal')
  const encoded = dialectOfPath(path).encodeError(known, requestId)
  const headers = { 'x-signalbox-request-id': requestId, ...encoded.headers }
  return new Response(encoded.body as Uint8Array<ArrayBuffer>, { status: encoded.status, headers })
}

// A client's request with nothing of ours in it, for a provider of the client's own wire. Owns the way through the codec
// and back; which token stays is decided in restore.ts.
import type { Dialect, WireRequest } from '../../dialects/dialect.ts'
import { GatewayError, ok, type Outcome } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest } from '../../ir/request.ts'
import { readJson } from '../../wire/json-scan.ts'
import { restoreState, type RestoreOptions } from './restore.ts'

interface CleanOptions {
  readonly dialect: Dialect
  readonly wire: WireRequest
  /** The same, decoded. */
  readonly request: IrRequest
  readonly restoring: RestoreOptions
}

/**
 * The request on its own wire, ready to be retargeted like the client's bytes. Fails where the wire cannot say what it
 * has said itself, which is a bug of its codec.
 */
export async function cleanRequest(
  options: CleanOptions,
): Promise<Outcome<{ readonly wire: WireRequest; readonly losses: readonly Loss[] }>> {
  const { dialect, wire, request, restoring } = options
  const restored = await restoreState(request, restoring)
  const target = { model: request.model }
  const encoded =
    wire.task === 'count-tokens' && dialect.tokenCounting !== undefined
      ? dialect.tokenCounting.encodeRequest(restored.request, target)
      : dialect.encodeRequest(restored.request, target)
  if (!encoded.ok) return encoded
  // The body passed the door's limits, and the codec adds no level to it.
  const reading = readJson(encoded.value.call.body, { maxDepth: Infinity, maxKeysPerObject: Infinity })
  if (!reading.ok) return { ok: false, error: new GatewayError('internal', { cause: new Error(reading.fault) }) }
  return ok({
    wire: { ...wire, body: reading.document },
    losses: [...restored.losses, ...encoded.value.losses],
  })
}

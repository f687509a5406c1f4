// The request's body: checked headers, counted bytes, a deadline, and one scan before it is parsed.
import type { Limits } from '../catalog/snapshot.ts'
import { GatewayError, type GatewayErrorOptions } from '../ir/error.ts'
import type { Clock } from '../ports/index.ts'
import { readJson, type JsonDocument } from '../wire/json-scan.ts'
import { mediaType } from '../wire/media-type.ts'

/** Reads a JSON object from a request within the limits, or throws the `GatewayError` that says why not. */
export async function readJsonBody(request: Request, limits: Limits, clock: Clock): Promise<JsonDocument> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') throw new GatewayError('unsupported_content_encoding')
  if (!isJson(request.headers.get('content-type'))) throw new GatewayError('unsupported_media_type')
  const bytes = await readBytes(request, limits, clock)
  if (bytes.length === 0) throw new GatewayError('invalid_json', { message: 'the body is empty' })
  const reading = readJson(bytes, { maxDepth: limits.maxJsonDepth, maxKeysPerObject: limits.maxKeysPerObject })
  if (reading.ok) return reading.document
  const options: GatewayErrorOptions = reading.key === undefined ? {} : { param: reading.key.slice(0, 64) }
  throw new GatewayError(reading.fault, options)
}

function isJson(contentType: string | null): boolean {
  const type = mediaType(contentType)
  if (type !== 'application/json' && !(type.startsWith('application/') && type.endsWith('+json'))) return false
  // JSON is UTF-8, whatever the parameter says; one that says otherwise means another body.
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1]
  return charset === undefined || /^utf-?8$/i.test(charset)
}

async function readBytes(request: Request, limits: Limits, clock: Clock): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > limits.maxBodyBytes) throw new GatewayError('body_too_large')
  let disarm: (() => void) | undefined
  try {
    // A declared length is enforced by every runtime's HTTP parser, so the cheap way is safe.
    const whole = declared === null ? readCounted(request, limits.maxBodyBytes) : request.arrayBuffer()
    const bytes = await new Promise<ArrayBuffer>((resolve, reject) => {
      disarm = clock.after(limits.bodyTimeoutMs, () => reject(new GatewayError('request_timeout')))
      whole.then(resolve, reject)
    })
    return new Uint8Array(bytes)
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    // The upload broke: nobody is there to read an answer, but the trace should say so.
    throw new GatewayError('client_cancelled', { cause })
  } finally {
    disarm?.()
  }
}

async function readCounted(request: Request, maxBytes: number): Promise<ArrayBuffer> {
  if (request.body === null) return new ArrayBuffer(0)
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxBytes) {
      await reader.cancel().catch(() => {})
      throw new GatewayError('body_too_large')
    }
    chunks.push(value)
  }
  const joined = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined.buffer
}

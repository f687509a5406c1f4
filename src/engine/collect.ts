// A pulled body as one piece, within a limit.
import { GatewayError } from '../ir/error.ts'
import type { ByteSource } from '../ports/index.ts'

/** Reads to the end. Throws `upstream_too_large` (and stops the sender) past `maxBytes`; lets read errors through. */
export async function collect(body: ByteSource, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const chunk = await body.read()
    if (chunk === undefined) return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : join(chunks)
    size += chunk.length
    if (size > maxBytes) {
      await body.cancel()
      throw new GatewayError('upstream_too_large')
    }
    chunks.push(chunk)
  }
}

/** Chunks one after the other; neighbours in one buffer are not copied. */
export function join(chunks: readonly Uint8Array[]): Uint8Array {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const [first] = chunks
  if (first !== undefined && areNeighbours(chunks)) return new Uint8Array(first.buffer, first.byteOffset, size)
  const joined = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}

function areNeighbours(chunks: readonly Uint8Array[]): boolean {
  return chunks.every((chunk, index) => {
    const previous = chunks[index - 1]
    return (
      previous === undefined ||
      (chunk.buffer === previous.buffer && chunk.byteOffset === previous.byteOffset + previous.byteLength)
    )
  })
}

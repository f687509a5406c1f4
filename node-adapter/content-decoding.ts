// Providers that compress although asked not to: the engine only ever sees decoded bytes.
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** A decoder for one `content-encoding`, or undefined for none. A chain of several is refused with an error. */
export function decoderFor(encoding: string | string[] | undefined): Transform | undefined {
  const named = (Array.isArray(encoding) ? encoding.join(',') : (encoding ?? '')).trim().toLowerCase()
  switch (named) {
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw new Error(`content-encoding ${named.slice(0, 32)} is not supported`)
  }
}

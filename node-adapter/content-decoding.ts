// Providers that compress although asked not to: the engine only ever sees decoded bytes.
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { GatewayError } from '../src/ir/error.ts'

/**
 * A decoder for one `content-encoding`, or undefined for none. Throws `upstream_bad_content` for an encoding that is not
 * known, and for a chain of several: https://www.rfc-editor.org/rfc/rfc9110#section-8.4 allows thousands.
 */
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
      throw new GatewayError('upstream_bad_content', { message: 'the answer has a content-encoding that is not read' })
  }
}

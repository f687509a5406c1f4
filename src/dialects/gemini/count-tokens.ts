// Counting the tokens of a request without generating.
// https://ai.google.dev/api/tokens
import { failed, ok } from '../../ir/error.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TokenCounting } from '../dialect.ts'
import { countOf } from '../kit/present.ts'
import { callOf, encodeBody } from './encode-request.ts'
import { resourceOf } from './endpoint.ts'
import { decodeEmbeddedError, hidesError } from './errors.ts'
import { camelRecord } from './names.ts'

export const tokenCounting: TokenCounting = {
  encodeRequest(request, target) {
    const encoded = encodeBody(request, target)
    if (!encoded.ok) return encoded
    const { body, ledger } = encoded.value
    // Only the wrapped form counts instructions and tools as well; the bare one takes nothing but contents.
    const bare = target.traits?.countsUnwrapped === true || Object.keys(body).every((key) => key === 'contents')
    const wrapped = bare ? body : { generateContentRequest: { ...body, model: resourceOf(target.model) } }
    return ok(callOf({ body: wrapped, ledger }, target, 'countTokens'))
  },
  decodeResponse(body) {
    if (!isObject(body)) return failed('upstream_bad_content')
    if (hidesError(body)) return { ok: false, error: decodeEmbeddedError(body) }
    const total = countOf(camelRecord(body)['totalTokens'])
    // A count of nothing is left out, as proto JSON does with every 0.
    return total === undefined && Object.keys(body).length > 0 ? failed('upstream_bad_content') : ok(total ?? 0)
  },
  encodeResponse: (inputTokens) => new TextEncoder().encode(JSON.stringify({ totalTokens: inputTokens })),
}

// Counting the tokens of a request without generating: the same conversation in another wrapping.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
import { failed, ok } from '../../ir/error.ts'
import type { TokenCounting } from '../dialect.ts'
import { countOf } from '../kit/present.ts'
import { encodeBody } from './encode-request.ts'
import { objectOf } from './extras.ts'
import { callOf } from './retarget.ts'

/** What of a request counts; the rest does not change its length. */
const counted = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields']

export const tokenCounting: TokenCounting = {
  encodeRequest(request, target) {
    const encoded = encodeBody(request, target)
    if (!encoded.ok) return encoded
    const { body, losses, toolNames } = encoded.value
    const converse = Object.fromEntries(Object.entries(body).filter(([key]) => counted.includes(key)))
    return ok({ call: callOf(target.model, 'count-tokens', { input: { converse } }), losses, toolNames })
  },
  decodeResponse(body) {
    const tokens = countOf(objectOf(body)['inputTokens'])
    return tokens === undefined ? failed('upstream_bad_content') : ok(tokens)
  },
  encodeResponse: (inputTokens) => new TextEncoder().encode(JSON.stringify({ inputTokens })),
}

// Counting the tokens of a request. Owns which members of a request count, and the little record of the answer.
// https://platform.openai.com/docs/api-reference/responses/input-tokens
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TokenCounting } from '../dialect.ts'
import { countOf } from '../kit/present.ts'
import { callOf, encodeBody } from './encode-request.ts'
import { countPath } from './retarget.ts'

const countedMembers: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'previous_response_id',
  'conversation',
  'personality',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'truncation',
])

const encoder = new TextEncoder()

/** `POST /v1/responses/input_tokens`: a request without what only matters to its answer. */
export const tokenCounting: TokenCounting = {
  encodeRequest(request, target) {
    const encoded = encodeBody(request, target)
    if (!encoded.ok) return encoded
    const { body, ledger } = encoded.value
    const counted = Object.entries(body).filter(([key]) => countedMembers.has(key))
    return ok(callOf(Object.fromEntries(counted), ledger, countPath))
  },
  decodeResponse(body): Outcome<number> {
    const count = isObject(body) ? countOf(body['input_tokens']) : undefined
    return count === undefined ? failed('upstream_bad_content') : ok(count)
  },
  encodeResponse: (inputTokens) =>
    encoder.encode(JSON.stringify({ object: 'response.input_tokens', input_tokens: inputTokens })),
}

// Counting the tokens of a request without an answer: the same body as a request for one, without what only an answer needs.
// https://platform.claude.com/docs/en/api/messages-count-tokens
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest } from '../../ir/request.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { TapReport, TokenCounting, WireRequest } from '../dialect.ts'
import { countOf } from '../kit/present.ts'
import { decodeRequest } from './decode-request.ts'
import { encodeRequest, messagesPath } from './encode-request.ts'
import { inspectResponse } from './decode-response.ts'
import { decodeEmbeddedError } from './errors.ts'

/** The path below a provider's base URL. */
export const countPath = `${messagesPath}/count_tokens`

/** All that this path takes; anything else makes it refuse the request. The last four are of betas. */
const accepted: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'cache_control',
  'context_management',
  'mcp_servers',
  'output_format',
  'speed',
])

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Decodes a body that need not say how long an answer may be. Fails as `decodeRequest` does. */
export function decodeCountRequest(request: WireRequest): Outcome<IrRequest> {
  const { body } = request
  // Any limit will do, as there is no answer to be limited.
  const decoded = decodeRequest({ ...request, body: { ...body, value: { ...body.value, max_tokens: 1 } } })
  if (!decoded.ok) return decoded
  const { maxOutputTokens: _limit, ...sampling } = decoded.value.sampling
  return ok({ ...decoded.value, sampling })
}

/** The counting half of the dialect. */
export const tokenCounting: TokenCounting = {
  encodeRequest(request, target) {
    const encoded = encodeRequest(request, target)
    if (!encoded.ok) return encoded
    const { call } = encoded.value
    const body = parseJson(decoder.decode(call.body))
    const members = Object.entries(isObject(body) ? body : {}).filter(([key]) => accepted.has(key))
    const version = target.traits?.bodyVersion
    // A cloud's path for counts names no model, so the body does.
    const named = {
      ...(version !== undefined && { anthropic_version: version }),
      ...Object.fromEntries(members),
      model: target.model,
    }
    const counted = encoder.encode(JSON.stringify(named))
    return ok({ ...encoded.value, call: { ...call, path: countPath, body: counted } })
  },
  decodeResponse(body) {
    if (!isObject(body)) return failed('upstream_bad_content')
    if (body['type'] === 'error' || isObject(body['error'])) return { ok: false, error: decodeEmbeddedError(body) }
    const tokens = countOf(body['input_tokens'])
    return tokens === undefined ? failed('upstream_bad_content') : ok(tokens)
  },
  encodeResponse: (inputTokens) => encoder.encode(JSON.stringify({ input_tokens: inputTokens })),
}

/** What the gateway notes of an answer that passes by: a count has nothing to note, as counting costs no tokens. */
export function inspectAnswer(body: unknown): Outcome<TapReport> {
  const isCount = isObject(body) && countOf(body['input_tokens']) !== undefined && body['content'] === undefined
  return isCount ? ok({ complete: true }) : inspectResponse(body)
}

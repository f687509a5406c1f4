// The OpenAI Responses wire, both directions. Owns nothing but putting the halves together.
// https://platform.openai.com/docs/api-reference/responses
import type { Dialect } from '../dialect.ts'
import { encodeError } from '../openai-wire/errors.ts'
import { tokenCounting } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse, inspectResponse } from './decode-response.ts'
import { createStreamDecoder, joinOpaque } from './decode-stream.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { decodeError, encodeStreamError } from './errors.ts'
import { facts } from './facts.ts'
import { createStreamGrammar } from './grammar.ts'
import { forwardHeaders, retarget } from './retarget.ts'
import { createStreamTap } from './tap.ts'

/** The dialect of `POST /v1/responses`, and of counting the tokens of its requests. */
export const openaiResponses: Dialect = {
  id: 'openai-responses',
  endpoints: [
    { path: '/v1/responses', task: 'generate' },
    { path: '/v1/responses/input_tokens', task: 'count-tokens' },
  ],
  forwardHeaders,
  facts,
  retarget,
  // Usage is in every answer of this wire.
  usageEdits: () => [],
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  streamDecoder: createStreamDecoder,
  joinOpaque,
  streamEncoder: createStreamEncoder,
  streamTap: createStreamTap,
  grammar: createStreamGrammar,
  inspectResponse,
  decodeError,
  encodeError,
  encodeStreamError,
  tokenCounting,
}

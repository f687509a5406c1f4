// OpenAI Chat Completions, and whoever else speaks it. Owns nothing but putting the halves together.
// https://platform.openai.com/docs/api-reference/chat
import type { Dialect } from '../dialect.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { createStreamGrammar } from './grammar.ts'
import { createNormaliser, fitRequest, normaliseResponse } from './quirks/index.ts'
import { decodeError, encodeError, encodeStreamError } from '../openai-wire/errors.ts'
import { facts } from './facts.ts'
import { forwardHeaders, usageEdits } from '../openai-wire/retarget.ts'
import { retarget } from './retarget.ts'
import { createStreamTap, inspectResponse } from './tap.ts'

/** The dialect of `POST /v1/chat/completions`. */
export const openaiChat: Dialect = {
  id: 'openai-chat',
  endpoints: [{ path: '/v1/chat/completions', task: 'generate' }],
  forwardHeaders,
  facts,
  retarget,
  usageEdits,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  streamDecoder: createStreamDecoder,
  streamEncoder: createStreamEncoder,
  streamTap: createStreamTap,
  grammar: createStreamGrammar,
  compatibility: { normaliser: createNormaliser, normaliseResponse, fitRequest },
  inspectResponse,
  decodeError,
  encodeError,
  encodeStreamError,
}

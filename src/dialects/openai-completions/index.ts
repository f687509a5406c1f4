// OpenAI's legacy text completions, and the local servers that still speak it. Owns nothing but putting the halves
// together.
// https://platform.openai.com/docs/api-reference/completions
import type { Dialect } from '../dialect.ts'
import { decodeError, encodeError, encodeStreamError } from '../openai-wire/errors.ts'
import { forwardHeaders, usageEdits } from '../openai-wire/retarget.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse, inspectResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { facts } from './facts.ts'
import { createStreamGrammar } from './grammar.ts'
import { retarget } from './retarget.ts'
import { createStreamTap } from './tap.ts'

/** The dialect of `POST /v1/completions`. */
export const openaiCompletions: Dialect = {
  id: 'openai-completions',
  endpoints: [{ path: '/v1/completions', task: 'generate' }],
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
  inspectResponse,
  decodeError,
  encodeError,
  encodeStreamError,
}

// OpenAI Chat Completions, and whoever else speaks it. Owns nothing but putting the halves together.
// https://platform.openai.com/docs/api-reference/chat
import type { Dialect } from '../dialect.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { decodeError, encodeError, encodeStreamError } from './errors.ts'
import { facts } from './facts.ts'
import { forwardHeaders, retarget, usageEdits } from './retarget.ts'
import { createStreamTap, inspectResponse } from './tap.ts'

/** The dialect of `POST /v1/chat/completions`. */
export const openaiChat: Dialect = {
  id: 'openai-chat',
  paths: ['/v1/chat/completions'],
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
  inspectResponse,
  decodeError,
  encodeError,
  encodeStreamError,
}

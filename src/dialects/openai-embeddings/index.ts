// OpenAI's embeddings, and whoever else speaks them. Owns nothing but putting the halves together.
// https://platform.openai.com/docs/api-reference/embeddings
import type { EmbeddingDialect } from '../dialect.ts'
import { decodeError, encodeError } from '../openai-wire/errors.ts'
import { forwardHeaders } from '../openai-wire/retarget.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse, inspectResponse } from './decode-response.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { facts } from './facts.ts'
import { retarget } from './retarget.ts'

/** The dialect of `POST /v1/embeddings`. */
export const openaiEmbeddings: EmbeddingDialect = {
  id: 'openai-embeddings',
  endpoints: [{ path: '/v1/embeddings', task: 'embed' }],
  forwardHeaders,
  facts,
  retarget,
  // Usage is in every answer of this wire.
  usageEdits: () => [],
  decodeRequest,
  encodeResponse,
  embedding: { encodeRequest, decodeResponse },
  inspectResponse,
  decodeError,
  encodeError,
}

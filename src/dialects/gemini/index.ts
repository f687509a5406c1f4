// The Gemini wire, both directions. Only the registry and tests import this; everything else stays inside.
// https://ai.google.dev/api/generate-content
import type { Dialect, WireRequest } from '../dialect.ts'
import { tokenCounting } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse, inspectResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { embedding } from './embedding.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { endpoints, placeOf, wantsEvents } from './endpoint.ts'
import { decodeError, encodeError, encodeStreamError } from './errors.ts'
import { facts } from './facts.ts'
import { createStreamGrammar } from './grammar.ts'
import { forwardHeaders, retarget } from './retarget.ts'
import { createStreamTap } from './tap.ts'

/** The dialect of `POST /v1beta/models/{model}:generateContent` and its siblings. */
export const gemini: Dialect = {
  id: 'gemini',
  endpoints,
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
  streamEncoder: createStreamEncoder,
  clientFraming,
  streamTap: createStreamTap,
  grammar: createStreamGrammar,
  inspectResponse,
  decodeError,
  encodeError,
  encodeStreamError,
  tokenCounting,
  embedding,
}

function clientFraming(request: WireRequest): 'sse' | 'json-array' {
  const streams = placeOf(request.path).action === 'streamGenerateContent'
  return streams && !wantsEvents(request) ? 'json-array' : 'sse'
}

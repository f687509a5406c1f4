// The Anthropic Messages wire, both directions. Only the registry and tests import this; everything else stays inside.
// https://platform.claude.com/docs/en/api/messages
import type { Dialect } from '../dialect.ts'
import { decodeCountRequest, inspectAnswer, tokenCounting } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { encodeRequest } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { decodeError, encodeError, encodeStreamError } from './errors.ts'
import { facts } from './facts.ts'
import { createStreamGrammar } from './grammar.ts'
import { joinOpaque } from './opaque.ts'
import { forwardHeaders, retarget } from './retarget.ts'
import { createStreamTap } from './tap.ts'

export const anthropicMessages: Dialect = {
  id: 'anthropic-messages',
  endpoints: [
    { path: '/v1/messages', task: 'generate' },
    { path: '/anthropic/v1/messages', task: 'generate' },
    { path: '/v1/messages/count_tokens', task: 'count-tokens' },
    { path: '/anthropic/v1/messages/count_tokens', task: 'count-tokens' },
  ],
  forwardHeaders,
  facts,
  retarget,
  // Usage is in every answer of this wire.
  usageEdits: () => [],
  decodeRequest: (request) => (request.task === 'count-tokens' ? decodeCountRequest(request) : decodeRequest(request)),
  encodeRequest,
  decodeResponse,
  encodeResponse,
  streamDecoder: createStreamDecoder,
  joinOpaque,
  streamEncoder: createStreamEncoder,
  streamTap: createStreamTap,
  grammar: createStreamGrammar,
  inspectResponse: inspectAnswer,
  decodeError,
  encodeError,
  encodeStreamError,
  tokenCounting,
}

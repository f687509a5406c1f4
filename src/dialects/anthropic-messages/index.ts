// The Anthropic Messages wire, both directions. Only the registry and tests import this; everything else stays inside.
// https://platform.claude.com/docs/en/api/messages
import { spliceJson, type Edit } from '../../wire/json-splice.ts'
import type { CodecTarget, Dialect, UpstreamCall, WireRequest } from '../dialect.ts'
import { countPath, decodeCountRequest, inspectAnswer, tokenCounting } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { decodeResponse } from './decode-response.ts'
import { createStreamDecoder } from './decode-stream.ts'
import { defaultVersion, encodeRequest, messagesPath } from './encode-request.ts'
import { encodeResponse } from './encode-response.ts'
import { createStreamEncoder } from './encode-stream.ts'
import { decodeError, encodeError, encodeStreamError } from './errors.ts'
import { facts } from './facts.ts'
import { createStreamGrammar } from './grammar.ts'
import { joinOpaque } from './opaque.ts'
import { createStreamTap } from './tap.ts'

const forwardHeaders = ['anthropic-version', 'anthropic-beta'] as const

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

function retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall {
  const model: Edit = { type: 'set', key: 'model', json: JSON.stringify(target.model) }
  const forwarded = forwardHeaders
    .map((name) => [name, request.headers.get(name)] as const)
    .filter((header): header is readonly [(typeof forwardHeaders)[number], string] => header[1] !== null)
  return {
    path: request.task === 'count-tokens' ? countPath : messagesPath,
    headers: {
      'content-type': 'application/json',
      'anthropic-version': defaultVersion,
      ...Object.fromEntries(forwarded),
    },
    body: spliceJson(request.body, [...edits.filter(({ key }) => key !== 'model'), model]),
  }
}

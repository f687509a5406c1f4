// The canonical request for embeddings as a request of this wire.
import type { EmbeddingInput, EmbeddingRequest } from '../../ir/embedding.ts'
import { ok, type Outcome } from '../../ir/error.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { extraLosses } from '../kit/extra-losses.ts'
import { saidMembers } from '../openai-wire/members.ts'
import { spellingOf } from './decode-request.ts'
import { upstreamPath } from './retarget.ts'

const encoder = new TextEncoder()

/**
 * Encodes a request. A foreign client's vectors are asked for as numbers: every server of this wire has those.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export function encodeRequest(request: EmbeddingRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const own = request.source === 'openai-embeddings'
  const { single, float, silent } = own ? spellingOf(request.extras) : {}
  const inputs = request.inputs.map(encodeInput)
  const body = {
    model: target.model,
    input: single === true ? inputs[0] : inputs,
    ...present({
      dimensions: request.dimensions,
      encoding_format: own && (request.encoding === 'base64' || float === true) ? request.encoding : undefined,
      user: request.user,
    }),
    ...silent,
    ...(own && saidMembers(request.extras)),
  }
  return ok({
    call: {
      path: upstreamPath,
      headers: { 'content-type': 'application/json' },
      body: encoder.encode(JSON.stringify(body)),
    },
    losses: own ? [] : extraLosses(request.extras),
    toolNames: new Map(),
  })
}

function encodeInput(input: EmbeddingInput): string | readonly number[] {
  return input.type === 'text' ? input.text : input.tokens
}

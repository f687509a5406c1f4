// Canonical vectors as an answer of this wire.
import type { EmbeddingRequest, EmbeddingResponse } from '../../ir/embedding.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Exchange } from '../dialect.ts'
import { createAnswerLosses } from '../kit/answer-losses.ts'
import { saidMembers, type Members } from '../openai-wire/members.ts'
import { encodeUsage, judgeUsage } from '../openai-wire/usage.ts'
import { encodeVector } from './vector.ts'

const encoder = new TextEncoder()

/**
 * Encodes an answer. Usage is always there, as the wire requires it.
 * @param encoding how the client wants its vectors written: the official SDKs ask for base64 unless told otherwise
 * @see https://platform.openai.com/docs/api-reference/embeddings/object
 */
export function encodeResponse(
  response: EmbeddingResponse,
  exchange: Exchange,
  encoding: EmbeddingRequest['encoding'] = 'float',
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'openai-embeddings'
  const body = {
    object: 'list',
    data: response.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'base64' ? encodeVector(vector) : vector,
    })),
    model: response.model ?? exchange.model,
    usage: encodeTokens(response, own),
    ...(own && saidMembers(response.extras)),
  }
  const losses = createAnswerLosses({ source: response.source, client: 'openai-embeddings', own })
  losses.dropKeys(response.extras, '')
  judgeUsage(response.usage, losses)
  return { body: encoder.encode(JSON.stringify(body)), losses: losses.list() }
}

/** The record of this wire goes back as it was; nothing is generated, so a foreign one has no `completion_tokens`. */
function encodeTokens({ usage }: EmbeddingResponse, own: boolean): Members {
  const record = encodeUsage(usage ?? { evidence: 'counted' })
  if (own) return record
  const { completion_tokens: _generated, ...counters } = record
  return counters
}

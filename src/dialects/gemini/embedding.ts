// The provider's half of embedding: texts to vectors, one batch per request.
// https://ai.google.dev/api/embeddings
import type { EmbeddingRequest, EmbeddingResponse } from '../../ir/embedding.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EmbeddingEgress, EncodedRequest } from '../dialect.ts'
import { extraLosses } from '../kit/extra-losses.ts'
import { countOf, present } from '../kit/present.ts'
import { callPath, resourceOf } from './endpoint.ts'
import { decodeEmbeddedError, hidesError } from './errors.ts'
import { packOwn, unknownMembers } from './extras.ts'
import { camelRecord, repeated } from './names.ts'

export const embedding: EmbeddingEgress = { encodeRequest, decodeResponse }

function encodeRequest(request: EmbeddingRequest, target: CodecTarget): Outcome<EncodedRequest> {
  const ids = request.inputs.findIndex((input) => input.type === 'tokens')
  if (ids >= 0) {
    const param = request.inputs[ids]?.at ?? `input[${ids}]`
    return failed('unsupported_content', { param, message: `${param}: token ids of another model` })
  }
  const texts = request.inputs.map((input) => (input.type === 'text' ? input.text : ''))
  const predicts = target.traits?.embedsByPrediction === true
  const body = predicts ? predictionOf(texts, request) : batchOf(texts, request, target)
  return ok({
    call: {
      path: callPath(target.model, predicts ? 'predict' : 'batchEmbedContents', false),
      headers: { 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify(body)),
    },
    losses: lossesOf(request),
    toolNames: new Map(),
  })
}

function batchOf(texts: readonly string[], request: EmbeddingRequest, target: CodecTarget): object {
  const model = resourceOf(target.model)
  // The newer `embedContentConfig` is not on every server; this field is.
  const size = present({ outputDimensionality: request.dimensions })
  return { requests: texts.map((text) => ({ model, content: { parts: [{ text }] }, ...size })) }
}

/** https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
function predictionOf(texts: readonly string[], { dimensions }: EmbeddingRequest): object {
  return {
    instances: texts.map((content) => ({ content })),
    ...(dimensions !== undefined && { parameters: { outputDimensionality: dimensions } }),
  }
}

function lossesOf({ user, extras }: EmbeddingRequest): Loss[] {
  const named: Loss[] =
    user === undefined ? [] : [{ path: 'user', action: 'dropped', reason: 'the wire knows no end user' }]
  return [...named, ...extraLosses(extras)]
}

function decodeResponse(body: unknown): Outcome<EmbeddingResponse> {
  if (!isObject(body)) return failed('upstream_bad_content')
  if (hidesError(body)) return { ok: false, error: decodeEmbeddedError(body) }
  const { embeddings, embedding, predictions, usageMetadata } = body
  const predicted = predictions === undefined ? undefined : repeated(predictions).map(predictedIn)
  const vectors = (predicted ?? repeated(embeddings ?? embedding)).map((entry) => camelRecord(entry)['values'])
  if (vectors.length === 0) return failed('upstream_empty')
  if (!vectors.every(isVector)) return failed('upstream_bad_content')
  const usage = predicted === undefined ? decodeUsage(usageMetadata) : predictedUsage(predicted)
  return ok({ source: 'gemini', vectors, ...present({ usage }) })
}

function predictedIn(prediction: unknown): unknown {
  return camelRecord(prediction)['embeddings']
}

/** A prediction counts the tokens of each text for itself. */
function predictedUsage(embeddings: readonly unknown[]): Usage | undefined {
  const counts = embeddings.map((entry) => countOf(camelRecord(camelRecord(entry)['statistics'])['tokenCount']))
  const input = counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0)
  return input === undefined ? undefined : { input, evidence: 'reported' }
}

function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'number')
}

function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const record = camelRecord(value)
  const known = new Set(['promptTokenCount'])
  return {
    ...present({ input: countOf(record['promptTokenCount']) }),
    evidence: 'reported',
    extras: packOwn(unknownMembers(record, known)),
  }
}

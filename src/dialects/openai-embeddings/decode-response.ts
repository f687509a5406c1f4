// Vectors of this wire as canonical ones, and what a whole answer says of itself.
import type { EmbeddingResponse } from '../../ir/embedding.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TapReport } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { hiddenError } from '../openai-wire/errors.ts'
import { unknownMembers, type Members } from '../openai-wire/members.ts'
import { decodeUsage } from '../openai-wire/usage.ts'
import { decodeVector } from './vector.ts'

const knownMembers: ReadonlySet<string> = new Set(['object', 'data', 'model', 'usage', 'error'])

/**
 * Decodes an answer with vectors as numbers or in base64. Fails with the error that a 200 hides, with `upstream_empty`
 * where there is no vector, and with `upstream_bad_content` where one is unreadable.
 * @see https://platform.openai.com/docs/api-reference/embeddings/object
 */
export function decodeResponse(body: unknown): Outcome<EmbeddingResponse> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer, entries } = checked.value
  const vectors = entries
    .map((entry, position) => ({ index: countOf(entry['index']) ?? position, vector: readVector(entry['embedding']) }))
    .sort((left, right) => left.index - right.index)
    .map(({ vector }) => vector)
  if (!vectors.every((vector) => vector !== undefined)) return failed('upstream_bad_content')
  const { said } = unknownMembers(answer, knownMembers)
  return ok({
    source: 'openai-embeddings',
    vectors,
    ...present({
      model: textOf(answer['model']),
      usage: decodeUsage(answer['usage']),
      extras: Object.keys(said).length > 0 ? said : undefined,
    }),
  })
}

/** Usage and model of a whole answer, its vectors unread; fails where it hides an error or has no vector. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer } = checked.value
  return ok({ complete: true, ...present({ usage: decodeUsage(answer['usage']), model: textOf(answer['model']) }) })
}

function checkResponse(body: unknown): Outcome<{ readonly answer: Members; readonly entries: readonly Members[] }> {
  const hidden = hiddenError(body)
  if (hidden !== undefined) return { ok: false, error: hidden }
  const entries = isObject(body) ? listOf(body['data']).filter(isObject) : []
  return isObject(body) && entries.length > 0 ? ok({ answer: body, entries }) : failed('upstream_empty')
}

function readVector(value: unknown): readonly number[] | undefined {
  if (typeof value === 'string') return decodeVector(value)
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number') ? (value as number[]) : undefined
}

// A whole answer of this wire, decoded, and the quick look at one that only passes through.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { ContentPart } from '../../ir/content.ts'
import type { Finish, IrResponse, Output } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TapReport } from '../dialect.ts'
import { countOf, present, textOf } from '../kit/present.ts'
import { createCallIds, mintedPrefix, type CallIds } from './call-ids.ts'
import { decodeParts } from './decode-part.ts'
import { decodeEmbeddedError, hidesError } from './errors.ts'
import { pack, packOwn, unknownMembers, type Members } from './extras.ts'
import { decodeBlock, decodeFinish } from './finish-reason.ts'
import { decodeCitations } from './grounding.ts'
import { camelKeys, camelOf, camelRecord, repeated } from './names.ts'
import type { Fault } from '../kit/shape.ts'
import { decodeUsage } from './usage.ts'

const answerMembers = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime'])
const candidateMembers = new Set(['content', 'finishReason', 'index'])

/** Decodes an answer; fails where the body is an error, is empty, or is not of this wire. */
export function decodeResponse(body: unknown): Outcome<IrResponse> {
  const read = readAnswer(body)
  if (!read.ok) return read
  const answer = read.value
  const faults: Fault[] = []
  const ids = createCallIds(mintedPrefix(answer['responseId'], JSON.stringify(answer['candidates'] ?? '')))
  const candidates = repeated(answer['candidates']).map(camelRecord)
  const block = blockOf(answer)
  const outputs =
    candidates.length === 0 && block !== undefined
      ? [{ index: 0, parts: [], finish: block }]
      : candidates.map((candidate, index) => decodeCandidate(candidate, { index, ids, faults }))
  if (faults.length > 0) return failed('upstream_bad_content')
  return ok({
    source: 'gemini',
    outputs,
    ...namesOf(answer),
    ...present({ usage: decodeUsage(answer['usageMetadata']) }),
    extras: answerExtras(answer),
  })
}

/** What the gateway notes of an answer it passes on; an error hidden in it, or an empty one, is a failure. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const read = readAnswer(body)
  if (!read.ok) return read
  const answer = read.value
  const [candidate] = repeated(answer['candidates']).map(camelRecord)
  const finish = candidate === undefined ? blockOf(answer) : finishOf(candidate, hasCall(candidate) ? 1 : 0)
  const { id, model } = namesOf(answer)
  return ok({
    complete: finish !== undefined,
    ...present({ usage: decodeUsage(answer['usageMetadata']), finish, model, id }),
  })
}

/** The members of an answer or a chunk in camelCase. Without `alt=sse` even one answer may come as a list. */
function readAnswer(body: unknown): Outcome<Members> {
  const record = Array.isArray(body) && body.length === 1 ? (body as unknown[])[0] : body
  if (!isObject(record)) return failed('upstream_bad_content')
  if (hidesError(record)) return { ok: false, error: decodeEmbeddedError(record) }
  const answer = camelKeys(record)
  return repeated(answer['candidates']).length === 0 && blockOf(answer) === undefined
    ? failed('upstream_empty')
    : ok(answer)
}

/** The finish of an answer whose prompt was blocked; undefined where it was not. */
export function blockOf(answer: Members): Finish | undefined {
  const reason = textOf(camelRecord(answer['promptFeedback'])['blockReason'])
  return reason === undefined ? undefined : decodeBlock(reason)
}

/** What an answer is called and when it was made. */
export function namesOf(answer: Members): { readonly id?: string; readonly model?: string; readonly created?: number } {
  const time = Date.parse(textOf(answer['createTime']) ?? '')
  return present({
    id: textOf(answer['responseId']),
    model: textOf(answer['modelVersion']),
    created: Number.isNaN(time) ? undefined : Math.floor(time / 1000),
  })
}

/** Members of an answer that have no canonical name, and its time to the letter. */
export function answerExtras(answer: Members): NonNullable<IrResponse['extras']> {
  const { createTime } = answer
  const silent = createTime === undefined ? {} : { silent: { createTime } }
  return packOwn(unknownMembers(answer, answerMembers), silent)
}

interface CandidateContext {
  /** Its position, where it does not say its own. */
  readonly index: number
  readonly ids: CallIds
  readonly faults: Fault[]
}

function decodeCandidate(candidate: Members, { index, ids, faults }: CandidateContext): Output {
  const content = candidate['content']
  const record = camelRecord(content)
  const { parts: list, ...around } = record
  const at = `candidates[${index}].content.parts`
  const parts = decodeParts(repeated(list), at, { ids, faults, answer: true })
  const calls = parts.filter((part) => part.type === 'tool-call').length
  const { said, silent } = withoutSources(candidateExtras(candidate))
  return {
    index: countOf(candidate['index']) ?? index,
    parts: withCitations(parts, candidate, `candidates[${index}]`),
    ...present({
      finish: finishOf(candidate, calls),
      messageExtras: pack(unknownMembers(around, new Set(['role']))),
    }),
    extras: packOwn(said, {
      ...(Object.keys(silent).length > 0 && { silent }),
      candidate: {
        ...(isObject(content) && { content: around }),
        listed: Array.isArray(list),
        index: candidate['index'],
      },
    }),
  }
}

/** Members of a candidate that have no canonical name; an empty record says nothing. */
export function candidateExtras(candidate: Members): Members {
  return unknownMembers(candidate, candidateMembers)
}

/**
 * The members by what another wire would lose of them: sources that became citations stay behind unseen, and what stands
 * beside them (the queries of a search) goes by its own name.
 */
export function withoutSources(members: Members): { readonly said: Members; readonly silent: Members } {
  const { groundingMetadata, citationMetadata, ...said } = members
  const silent = present({ groundingMetadata, citationMetadata })
  const beside = Object.entries(isObject(groundingMetadata) ? groundingMetadata : {})
    .filter(([key]) => !sources.has(camelOf(key)))
    .map(([key, value]) => [`groundingMetadata.${key}`, value])
  return { said: { ...said, ...Object.fromEntries(beside) }, silent }
}

const sources: ReadonlySet<string> = new Set(['groundingChunks', 'groundingSupports'])

function finishOf(candidate: Members, calls: number): Finish | undefined {
  const word = textOf(candidate['finishReason'])
  return word === undefined ? undefined : decodeFinish(word, { calls })
}

/** Each citation on the text it belongs to; on the only text where it names another part. */
function withCitations(parts: readonly ContentPart[], candidate: Members, at: string): readonly ContentPart[] {
  const citations = decodeCitations(candidate)
  if (citations.length === 0) return parts
  const first = parts.findIndex((part) => part.type === 'text')
  return parts.map((part, index) => {
    if (part.type !== 'text') return part
    const own = citations.filter(
      ({ partIndex }) => partIndex === index || (parts[partIndex]?.type !== 'text' && index === first),
    )
    return own.length === 0
      ? part
      : {
          ...part,
          citations: own.map((placed) => ({ ...placed.citation(part.text), at: `${at}.${placed.in}` })),
        }
  })
}

function hasCall(candidate: Members): boolean {
  return repeated(camelRecord(candidate['content'])['parts']).some((part) =>
    isObject(camelRecord(part)['functionCall']),
  )
}

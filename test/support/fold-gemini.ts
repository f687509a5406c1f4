// The chunks of a Gemini stream as one answer: the SDK hands chunks out one by one and has no accumulator. Independent of
// the code under test.
import { list, record, says, text, type Json } from './json.ts'

interface Candidate {
  readonly parts: Json[]
  readonly content: Json
  readonly rest: Json
}

/**
 * One `GenerateContentResponse` of many: text grows, what is said again replaces what was said before.
 * Text comes in pieces that mean nothing by themselves, so neighbours of the same kind are one part, and a signature on
 * an empty piece belongs to the part that it follows. An empty piece without a signature says nothing.
 * @see https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export function foldGemini(chunks: readonly Json[]): Json {
  const head: Json = {}
  const candidates = new Map<number, Candidate>()
  for (const { candidates: entries, usageMetadata: usage, ...rest } of chunks) {
    for (const [key, value] of Object.entries(rest)) if (says(value)) head[key] = value
    if (says(usage)) head['usageMetadata'] = { ...record(head['usageMetadata']), ...record(usage) }
    for (const entry of list(entries).map(record)) addCandidate(candidates, entry)
  }
  if (candidates.size === 0) return head
  return {
    ...head,
    candidates: [...candidates.entries()]
      .sort(([left], [right]) => left - right)
      .map(([index, { parts, content, rest }]) => ({
        ...rest,
        index,
        ...((parts.length > 0 || says(content['role'])) && { content: { ...content, parts } }),
      })),
  }
}

function addCandidate(candidates: Map<number, Candidate>, entry: Json): void {
  const { index, content, ...rest } = entry
  const at = typeof index === 'number' ? index : 0
  const candidate = candidates.get(at) ?? { parts: [], content: {}, rest: {} }
  candidates.set(at, candidate)
  const { parts, ...others } = record(content)
  Object.assign(candidate.content, others)
  for (const part of list(parts).map(record)) addPart(candidate.parts, part)
  for (const [key, value] of Object.entries(rest)) {
    const isEmptyRecord = typeof value === 'object' && value !== null && Object.keys(value).length === 0
    if (says(value) && !(isEmptyRecord && key in candidate.rest)) candidate.rest[key] = value
  }
}

const textKeys = new Set(['text', 'thought', 'thoughtSignature'])

function isText(part: Json): boolean {
  return 'text' in part && Object.keys(part).every((key) => textKeys.has(key))
}

function addPart(parts: Json[], part: Json): void {
  const last = parts.at(-1)
  const joins =
    last !== undefined &&
    isText(part) &&
    isText(last) &&
    !says(last['thoughtSignature']) &&
    (last['thought'] === true) === (part['thought'] === true)
  if (joins) {
    last['text'] = text(last['text']) + text(part['text'])
    if (says(part['thoughtSignature'])) last['thoughtSignature'] = part['thoughtSignature']
  } else if (!isText(part) || text(part['text']) !== '' || says(part['thoughtSignature'])) {
    parts.push({ ...part })
  }
}

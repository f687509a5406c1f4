// A stream of Gemini, read by the suite: put together, and judged. It has no terminal: the last chunk is the one with the
// finish reason.
// https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
import type { Frame } from '../../../../src/wire/frame.ts'
import { discoveryErrors } from '../../../support/discovery.ts'
import { foldGemini } from '../../../support/fold-gemini.ts'
import { list, parse, record, says, text, type Json } from '../../../support/json.ts'
import { beyond, forOwn, isMintedByUs, payloads } from '../views.ts'
import type { StreamReader } from '../wire.ts'
import { normalise, partProblems } from './answer.ts'

export const streams: StreamReader = {
  framed: (events) => events.map((event) => ({ data: JSON.stringify(event) })),
  assemble: (frames) => foldGemini(payloads(frames)),
  problems: (frames, own = false) => forOwn(problems(frames), own),
  isFinished,
  hasTerminator: (frames) => finishes(frames) > 0,
  errors: (frames) =>
    payloads(frames)
      .map((chunk) => chunk['error'])
      .filter((error) => says(error))
      .map(record),
  normalise: (assembled) => minted(normalise(assembled)),
  normaliseSdk: (folded) => minted(normalise(folded)),
}

/** The id of an answer whose provider gave none is ours. */
function minted(body: Json): Json {
  const id = text(body['responseId'])
  return { ...body, responseId: id === '' || isMintedByUs(id) ? 'minted' : id }
}

function candidatesOf(frames: readonly Frame[]): Json[] {
  return payloads(frames).flatMap((chunk) => list(chunk['candidates']).map(record))
}

function finishes(frames: readonly Frame[]): number {
  const blocked = payloads(frames).filter((chunk) => says(record(chunk['promptFeedback'])['blockReason']))
  return blocked.length + candidatesOf(frames).filter((candidate) => says(candidate['finishReason'])).length
}

function isFinished(frames: readonly Frame[]): boolean {
  if (finishes(frames) === 0) return false
  const candidates = candidatesOf(frames)
  const finished = new Set(
    candidates.filter((entry) => says(entry['finishReason'])).map((entry) => entry['index'] ?? 0),
  )
  return candidates.every((candidate) => finished.has(candidate['index'] ?? 0))
}

function problems(frames: readonly Frame[]): string[] {
  const found: string[] = []
  const finished = new Set<unknown>()
  const ids = new Set<unknown>()
  for (const frame of frames) {
    if (frame.event !== undefined) found.push(`a chunk with an event name: ${frame.event}`)
    const chunk = record(parse(frame.data))
    found.push(...discoveryErrors('GenerateContentResponse', chunk).map(beyond))
    ids.add(chunk['responseId'])
    if (text(chunk['modelVersion']) === '') found.push('no modelVersion')
    for (const candidate of list(chunk['candidates']).map(record)) {
      const index = candidate['index'] ?? 0
      if (finished.has(index)) found.push(beyond(`candidate ${String(index)} goes on after its finish reason`))
      if (says(candidate['finishReason'])) finished.add(index)
      const content = record(candidate['content'])
      if (list(content['parts']).length > 0 && content['role'] !== 'model') found.push('content without role')
      // Google's own last chunk holds an empty text beside the finish reason.
      const isEmptyEnd = says(candidate['finishReason']) && JSON.stringify(content['parts']) === '[{"text":""}]'
      if (!isEmptyEnd)
        for (const part of list(content['parts']).map(record)) found.push(...partProblems(part).map(beyond))
    }
  }
  const last = record(parse(frames.at(-1)?.data ?? ''))
  if (
    !list(last['candidates']).some((candidate) => says(record(candidate)['finishReason'])) &&
    !says(last['promptFeedback'])
  )
    found.push('the last chunk has no finish reason')
  if (ids.size !== 1 || text([...ids][0]) === '') found.push(`${ids.size} different ids, or an empty one`)
  return found
}

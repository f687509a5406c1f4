// The recordings as cases of the codec layers: which ones count, under which label, and with which known exceptions.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { IrResponse } from '../../src/ir/response.ts'
import { unfold } from '../../src/ir/unfold.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { foreignEndpoint, framesOf, jsonOf, parallelFiles, parallelJson, recordings } from '../support/corpus.ts'
import { assemble } from './assemble.ts'
import { decodeStream, dialects, foldEvents, unwrap } from './harness.ts'
import { list, record, says, type Json } from './json.ts'
import type { Layer } from './layer.ts'
import { withModel } from './normalise.ts'

export interface RequestCase {
  readonly label: string
  readonly dialect: DialectId
  readonly body: Json
}

/**
 * Every recorded request that is traffic of a dialect, and those of `parallel/`; the others are skipped with their
 * reason.
 */
export function requestCases(skip: Layer['skip']): RequestCase[] {
  return [...recordedRequests(skip), ...parallelRequests()]
}

function recordedRequests(skip: Layer['skip']): RequestCase[] {
  return recordings()
    .filter((recording) => recording.role === 'request')
    .flatMap((recording) => {
      const foreign = foreignEndpoint(recording)
      if (foreign !== undefined) skip(recording.file, foreign)
      if (foreign !== undefined) return []
      const body = withModel(jsonOf(recording), recording.model)
      return [{ label: recording.file, dialect: recording.dialect, body }]
    })
}

/** Bedrock and Vertex have the model in the URL and were captured without it. */
function parallelRequests(): RequestCase[] {
  return parallelFiles()
    .filter(({ kind }) => kind === 'request' || kind === 'followup-request')
    .map((entry) => {
      const body = withModel(record(parallelJson(entry)), 'model-of-the-url')
      return { label: entry.file, dialect: entry.dialect, body }
    })
}

/** A successful answer, as a whole or as a stream. */
export interface AnswerCase {
  readonly label: string
  readonly dialect: DialectId
  /** The frames of a stream; absent for JSON. */
  readonly frames?: readonly Frame[]
  /** The answer in its wire's own JSON: as recorded, or the stream put together by our own accumulator. */
  readonly body: Json
}

/** Every answer with status 200 that is traffic of a dialect, and those of `parallel/`. */
export function answerCases(skip: Layer['skip']): AnswerCase[] {
  return [...recordedAnswers(skip), ...parallelAnswers()]
}

function recordedAnswers(skip: Layer['skip']): AnswerCase[] {
  return recordings()
    .filter((recording) => recording.role === 'response' && recording.status === 200)
    .flatMap((recording) => {
      const foreign = foreignEndpoint(recording)
      if (foreign !== undefined) skip(recording.file, foreign)
      if (foreign !== undefined) return []
      const { file: label, dialect } = recording
      if (recording.format === 'json') return [{ label, dialect, body: jsonOf(recording) }]
      const frames = framesOf(recording)
      return [{ label, dialect, frames, body: assemble(dialect, frames) }]
    })
}

/**
 * Why a recorded stream holds no answer that could be compared, or undefined. How such a stream has to end is asserted
 * by the cross and errors layers.
 */
export function brokenStream({ frames, body }: AnswerCase): string | undefined {
  if (says(body['error'])) return 'broken off by its provider with an error'
  const starts = (frames ?? []).filter((frame) => frame.event === 'message_start')
  return starts.length > 1 ? 'two messages spliced into one stream' : undefined
}

/** The answers of `parallel/`, whose streams are recorded as arrays of events. */
function parallelAnswers(): AnswerCase[] {
  return parallelFiles()
    .filter((entry) => entry.kind.includes('response'))
    .map((entry) => {
      const { file: label, dialect } = entry
      const content = parallelJson(entry)
      if (!Array.isArray(content)) return { label, dialect, body: record(content) }
      // Vertex was asked for a stream and answered whole.
      if (content.length === 1 && record(content[0])['type'] === 'message')
        return { label, dialect, body: record(content[0]) }
      const frames = list(content).map((event): Frame => {
        const data = JSON.stringify(event)
        return dialect === 'openai-chat' ? { data } : { event: String(record(event)['type']), data }
      })
      if (dialect === 'openai-chat') frames.push({ data: '[DONE]' })
      return { label, dialect, frames, body: assemble(dialect, frames) }
    })
}

/** The events of an answer: of its stream, or unfolded from its JSON. */
export function eventsOf(answer: AnswerCase): IrEvent[] {
  if (answer.frames !== undefined) return decodeStream(answer.dialect, answer.frames)
  return unfold(unwrap(dialects[answer.dialect].decodeResponse(answer.body)))
}

/** The answer as a whole: decoded from its JSON, or folded from its stream. */
export function responseOf(answer: AnswerCase): IrResponse {
  if (answer.frames !== undefined) return foldEvents(answer.dialect, decodeStream(answer.dialect, answer.frames))
  return unwrap(dialects[answer.dialect].decodeResponse(answer.body))
}

// The recordings as cases of the codec layers: which ones count, under which label, and which are left out and why.
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { IrResponse } from '../../src/ir/response.ts'
import { unfold } from '../../src/ir/unfold.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { framesOf, jsonOf, parallelFiles, parallelJson, recordings, type Recording } from '../support/corpus.ts'
import { list, record, says, text, type Json } from '../support/json.ts'
import { decodeResponse, decodeStream, dialectIds, foldEvents, sentTo } from './harness.ts'
import { notYet } from './known-failures.ts'
import type { About } from './layer-counts.ts'
import type { Layer } from './layer.ts'
import { wires } from './wires/index.ts'
import type { Sent } from './wires/wire.ts'

export interface Case extends About {
  readonly label: string
  readonly exercises: readonly string[]
}

export interface RequestCase extends Case {
  readonly sent: Sent
}

/** A successful answer, as a whole or as a stream. */
export interface AnswerCase extends Case {
  /** The frames of a stream; absent for JSON. */
  readonly frames?: readonly Frame[]
  /** The answer in its wire's own JSON: as recorded, or the stream put together by the suite. */
  readonly body: Json
}

/** Why a recording is no case of the codec layers; undefined where it is one. */
function reasonToLeaveOut(recording: Recording): string | undefined {
  if (recording.task !== 'generate') return `asks for another task: ${recording.task}`
  return notYet.find((entry) => entry.dialect === recording.dialect)?.reason
}

function usable(skip: Layer['skip'], wanted: (recording: Recording) => boolean): Recording[] {
  return recordings()
    .filter(wanted)
    .filter((recording) => {
      const reason = reasonToLeaveOut(recording)
      if (reason !== undefined) skip(recording.file, recording, reason)
      return reason === undefined
    })
}

function usableParallel(wanted: (kind: string) => boolean): ReturnType<typeof parallelFiles> {
  return parallelFiles().filter(({ kind, dialect }) => wanted(kind) && dialectIds.includes(dialect))
}

/** Every recorded request, and those of `parallel/`; the others are skipped with their reason. */
export function requestCases(skip: Layer['skip']): RequestCase[] {
  const recorded = usable(skip, ({ role }) => role === 'request').map((recording): RequestCase => {
    const { file: label, dialect, exercises, model, stream } = recording
    return { label, dialect, exercises, sent: sentWith(dialect, jsonOf(recording), { model, stream }) }
  })
  const parallel = usableParallel((kind) => kind === 'request' || kind === 'followup-request').map((entry) => {
    const { file: label, dialect, name } = entry
    return { label, dialect, exercises: [`parallel:${name}`], sent: parallelRequest(entry) }
  })
  return [...recorded, ...parallel]
}

/** A request of `parallel/`, which are captured without the path. */
export function parallelRequest(entry: ReturnType<typeof parallelFiles>[number]): Sent {
  const { modelId, ...said } = record(parallelJson(entry))
  const model = text(modelId) || text(said['model']) || 'model-of-the-url'
  // Google's SDK takes the model beside what it sends.
  const { model: _model, ...body } = said
  return sentWith(entry.dialect, entry.dialect === 'gemini' ? body : said, { model, stream: false })
}

/**
 * A body with its path. The model of an Anthropic request that names it in the URL (Vertex, Bedrock) is put into the
 * body, where the gateway's own wire wants it.
 */
function sentWith(dialect: GenerativeId, body: Json, asks: { readonly model: string; readonly stream: boolean }): Sent {
  const named = dialect === 'gemini' || dialect === 'bedrock-converse' || text(body['model']) !== ''
  return sentTo(dialect, named ? body : { ...body, model: asks.model || 'model-of-the-url' }, asks)
}

/** Every answer with status 200, and those of `parallel/`. */
export function answerCases(skip: Layer['skip']): AnswerCase[] {
  const recorded = usable(skip, ({ role, status }) => role === 'response' && status === 200).map(
    (recording): AnswerCase => {
      const { file: label, dialect, exercises } = recording
      if (recording.format === 'json') return { label, dialect, exercises, body: jsonOf(recording) }
      const frames = framesOf(recording)
      return { label, dialect, exercises, frames, body: wires[dialect].streams.assemble(frames) }
    },
  )
  return [...recorded, ...parallelAnswers()]
}

/** The answers of `parallel/`, whose streams are recorded as arrays of events. */
function parallelAnswers(): AnswerCase[] {
  return usableParallel((kind) => kind.includes('response')).map((entry) => {
    const { file: label, dialect, name } = entry
    const about = { label, dialect, exercises: [`parallel:${name}`] }
    const content = parallelJson(entry)
    if (!Array.isArray(content)) return { ...about, body: record(content) }
    const events = list(content).map(record)
    // Vertex was asked for a stream and answered whole.
    if (events.length === 1 && events[0]?.['type'] === 'message') return { ...about, body: events[0] }
    const { framed, assemble } = wires[dialect].streams
    return { ...about, frames: framed(events), body: assemble(framed(events)) }
  })
}

/**
 * Why a recorded stream holds no answer that could be compared, or undefined. How such a stream has to end is asserted
 * by the cross and errors layers.
 */
export function brokenStream({ frames, body }: Pick<AnswerCase, 'frames' | 'body'>): string | undefined {
  if (says(body['error'])) return 'broken off by its provider with an error'
  const starts = (frames ?? []).filter((frame) => frame.event === 'message_start')
  return starts.length > 1 ? 'two messages spliced into one stream' : undefined
}

/** The events of an answer: of its stream, or unfolded from its JSON. */
export function eventsOf(answer: AnswerCase): IrEvent[] {
  if (answer.frames !== undefined) return decodeStream(answer.dialect, answer.frames)
  return unfold(decodeResponse(answer.dialect, answer.body))
}

/** The answer as a whole: decoded from its JSON, or folded from its stream. */
export function responseOf(answer: AnswerCase): IrResponse {
  if (answer.frames !== undefined) return foldEvents(answer.dialect, decodeStream(answer.dialect, answer.frames))
  return decodeResponse(answer.dialect, answer.body)
}

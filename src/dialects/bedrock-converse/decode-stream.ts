// Frames of this wire as canonical events. Tolerant: an event, block or delta that is not known is carried whole or
// skipped with a note, never thrown at.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { present, textOf } from '../kit/present.ts'
import { createBlockReader, type BlockReader } from './block-reader.ts'
import { decodeAnswerExtras, decodeModelAnswer } from './decode-response.ts'
import { decodeEmbeddedError } from './errors.ts'
import { objectOf, type Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { decodeUsage } from './usage.ts'

/** A decoder for one stream. */
export function createStreamDecoder(): StreamDecoder {
  const blocks = new Map<number, BlockReader>()
  let parts = 0
  let calledTool = false
  let started = false
  let finish: Finish | undefined
  let counted = false
  let ended = false

  function start(): IrEvent[] {
    if (started) return []
    started = true
    return [{ type: 'response-start' }]
  }

  function blockAt(index: number): BlockReader {
    let block = blocks.get(index)
    if (block === undefined) {
      block = createBlockReader(() => parts++)
      blocks.set(index, block)
    }
    return block
  }

  function stop(index: number): IrEvent[] {
    const block = blocks.get(index)
    blocks.delete(index)
    return block?.close() ?? []
  }

  function closeAll(): IrEvent[] {
    return [...blocks.keys()].flatMap(stop)
  }

  function fail(error: GatewayError): IrEvent[] {
    ended = true
    return [{ type: 'error', error }]
  }

  /** The counts come behind the stop reason: only both are the end. */
  function endIfComplete(): IrEvent[] {
    if (finish === undefined || !counted) return []
    ended = true
    return [{ type: 'response-end' }]
  }

  function stopMessage(event: Members): IrEvent[] {
    const events = closeAll()
    const raw = textOf(event['stopReason'])
    if (raw === undefined) return [...events, skip('messageStop', 'no stop reason')]
    finish = decodeFinish({ raw, calledTool, ...decodeModelAnswer(event) })
    return [...events, { type: 'choice-finish', choice: 0, finish }, ...endIfComplete()]
  }

  function count(event: Members): IrEvent[] {
    counted = true
    const usage = decodeUsage(event['usage'])
    const extras = decodeAnswerExtras(event, ['usage', 'metrics', 'p'])
    return [
      ...(usage === undefined ? [] : [{ type: 'usage-report', usage } as const]),
      ...(extras === undefined ? [] : [{ type: 'extras-add', scope: 'response', choice: 0, extras } as const]),
      ...endIfComplete(),
    ]
  }

  function decode(frame: Frame, event: Members): IrEvent[] {
    const index = typeof event['contentBlockIndex'] === 'number' ? event['contentBlockIndex'] : 0
    switch (frame.event) {
      case 'messageStart':
        return start()
      case 'contentBlockStart': {
        // An index that opens again without having closed: what stood there is as finished as it will be.
        const before = stop(index)
        const opened = blockAt(index).open(objectOf(event['start']))
        return [...start(), ...before, ...noteCalls(opened)]
      }
      case 'contentBlockDelta':
        return [...start(), ...blockAt(index).grow(objectOf(event['delta']))]
      case 'contentBlockStop':
        return stop(index)
      case 'messageStop':
        return stopMessage(event)
      case 'metadata':
        return count(event)
      default:
        return [skip(frame.event ?? 'data', 'an event that is not known')]
    }
  }

  function noteCalls(events: IrEvent[]): IrEvent[] {
    calledTool ||= events.some((event) => event.type === 'part-start' && event.opening.type === 'tool-call')
    return events
  }

  return {
    step(frame) {
      if (ended) return []
      const failure = errorIn(frame)
      if (failure !== undefined) return fail(failure)
      const event = parseJson(frame.data)
      return isObject(event) ? decode(frame, event) : [skip(frame.event ?? 'data', 'not a JSON object')]
    },
    finish() {
      if (ended) return []
      if (finish === undefined) return fail(new GatewayError('stream_truncated'))
      ended = true
      return [{ type: 'response-end' }]
    },
  }
}

/** The error that a frame is; undefined for an event. Exceptions also come without their own kind of frame. */
export function errorIn({ kind, event = '', data }: Frame): GatewayError | undefined {
  if (kind === 'error') return decodeEmbeddedError(event, present({ message: textOf(data) }))
  return kind === 'exception' || event.endsWith('Exception') ? decodeEmbeddedError(event, parseJson(data)) : undefined
}

function skip(kind: string, reason: string): IrEvent {
  return { type: 'event-skip', kind, reason }
}

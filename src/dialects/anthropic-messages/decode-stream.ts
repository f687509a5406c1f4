// Frames of this wire as canonical events. Tolerant: an event, block or delta that is not known is carried whole or
// skipped with a note, never thrown at.
// https://platform.claude.com/docs/en/build-with-claude/streaming
import type { IrEvent } from '../../ir/event.ts'
import { GatewayError } from '../../ir/error.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import {
  deltaEvent,
  listOf,
  modelAfter,
  objectOf,
  openingOf,
  wholeInput,
  type Members,
  type OpenBlock,
} from './block-reader.ts'
import { decodeEmbeddedError } from './errors.ts'
import { extrasOf, ownExtras } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { present } from '../kit/present.ts'
import { decodeUsage } from './usage.ts'

/** A decoder for one stream. */
export function createStreamDecoder(): StreamDecoder {
  const blocks = new Map<number, OpenBlock>()
  let parts = 0
  let started = false
  let calledTool = false
  let finished = false
  let ended = false
  let usage: Usage | undefined
  // Held back until a model has said something: what comes before may tell that another one took over.
  let opening: IrEvent[] | undefined = []
  let successor: string | undefined

  function release(): IrEvent[] {
    const held = opening ?? []
    opening = undefined
    return held.map((event) => (event.type === 'response-start' ? succeeded(event, successor) : event))
  }

  /** Whether nothing of the answer itself has come yet. */
  function isPrelude(type: string, event: Members): boolean {
    if (type !== 'content_block_start')
      return type === 'message_start' || type === 'ping' || type === 'content_block_stop'
    const block = objectOf(event['content_block'])
    successor = modelAfter(block) ?? successor
    const opensEmpty = block['type'] === 'text' ? !block['text'] : block['type'] === 'thinking' && !block['thinking']
    return block['type'] === 'fallback' || (opensEmpty && !block['signature'])
  }

  function start(message: Members): IrEvent[] {
    if (started) return [skip('message_start', 'a second start in one stream')]
    started = true
    const { id, model } = message
    const known = ['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage']
    return [
      {
        type: 'response-start',
        ...(typeof id === 'string' && { id }),
        ...(typeof model === 'string' && { model }),
        extras: ownExtras(extrasOf(message, known)),
      },
      ...report(message['usage']),
      // Programmatic tool calling puts blocks of an earlier answer here.
      ...listOf(message['content']).flatMap((block) => {
        const { opened, events } = open(block)
        return [...events, ...close(opened)]
      }),
    ]
  }

  function report(value: unknown): IrEvent[] {
    const reported = decodeUsage(value, usage)
    if (reported === undefined) return []
    usage = mergeUsage(usage, reported)
    return [{ type: 'usage-report', usage: reported }]
  }

  function open(block: Members): { readonly opened: OpenBlock; readonly events: IrEvent[] } {
    const { opening, first } = openingOf(block)
    const whole = opening.type === 'tool-call' ? wholeInput(block['input']) : undefined
    const opened: OpenBlock = { part: parts++, kind: opening.type, whole }
    if (opening.type === 'tool-call') calledTool = true
    const { part } = opened
    return { opened, events: [{ type: 'part-start', part, choice: 0, opening }, ...first.map((event) => event(part))] }
  }

  function stop(index: number): IrEvent[] {
    const block = blocks.get(index)
    blocks.delete(index)
    return block === undefined ? [] : close(block)
  }

  function closeAll(): IrEvent[] {
    return [...blocks.keys()].flatMap(stop)
  }

  function grow(index: number, delta: Members): IrEvent[] {
    const block = blocks.get(index)
    if (block === undefined) return begun(index, delta)
    const { part, kind } = block
    if (kind === 'opaque') return [{ type: 'opaque-delta', part, value: delta }]
    const event = deltaEvent(delta, block)
    if (event === undefined)
      return [skip(`content_block_delta/${String(delta['type'])}`, `an unknown delta of a ${kind} part`)]
    if (event.type === 'tool-input-delta' && event.text !== '') block.whole = undefined
    return [event]
  }

  // A delta of a block that is not open. Words are not lost for it; of a tool call without a name nothing can be made.
  function begun(index: number, delta: Members): IrEvent[] {
    const type = delta['type']
    if (type === 'input_json_delta' && delta['partial_json'] !== '')
      return fail(
        new GatewayError('upstream_bad_content', { message: 'arguments came for a tool call that never began' }),
      )
    if (type !== 'text_delta' && type !== 'thinking_delta')
      return [skip('content_block_delta', 'a delta of a block that is not open')]
    const { opened, events } = open(
      type === 'text_delta' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '' },
    )
    blocks.set(index, opened)
    return [...events, ...grow(index, delta)]
  }

  function finish(event: Members): IrEvent[] {
    const delta = objectOf(event['delta'])
    const { stop_reason: raw, stop_sequence: stopSequence } = delta
    const rest = extrasOf(delta, ['stop_reason', 'stop_sequence'])
    const around = extrasOf(event, ['type', 'delta', 'usage'])
    const events: IrEvent[] = []
    if (around !== undefined) events.push({ type: 'extras-add', scope: 'response', choice: 0, extras: around })
    if (typeof raw === 'string') {
      finished = true
      const met = typeof stopSequence === 'string' ? stopSequence : undefined
      events.push({
        type: 'choice-finish',
        choice: 0,
        finish: decodeFinish({ raw, stopSequence: met, calledTool, extras: rest }),
      })
    }
    return [...events, ...report(event['usage'])]
  }

  function fail(error: GatewayError): IrEvent[] {
    ended = true
    return [{ type: 'error', error }]
  }

  function complete(): IrEvent[] {
    ended = true
    return [...closeAll(), { type: 'response-end' }]
  }

  function decode(type: string, event: Members): IrEvent[] {
    switch (type) {
      case 'message_start':
        // Repeated before anything was said it is harmless; later it is another message spliced in, and the blocks that
        // follow belong to that one. The official SDK throws there.
        return started && parts > 0
          ? fail(new GatewayError('upstream_bad_content', { message: 'a second message began inside the stream' }))
          : start(objectOf(event['message']))
      case 'content_block_start': {
        const index = indexOf(event)
        // An index that opens again without having closed: what stood there is as finished as it will be.
        const before = stop(index)
        const { opened, events } = open(objectOf(event['content_block']))
        blocks.set(index, opened)
        return [...before, ...events]
      }
      case 'content_block_delta':
        return grow(indexOf(event), objectOf(event['delta']))
      case 'content_block_stop':
        return stop(indexOf(event))
      case 'message_delta':
        return finish(event)
      case 'message_stop':
        return complete()
      case 'ping':
        return [{ type: 'keep-alive' }]
      case 'error':
        return fail(decodeEmbeddedError(event))
      default:
        return [skip(type, 'an event that is not known')]
    }
  }

  return {
    step(frame) {
      if (ended) return []
      const event = parseJson(frame.data)
      if (!isObject(event))
        return frame.data.trim() === '[DONE]' ? [] : [skip(frame.event ?? 'data', 'not a JSON object')]
      const type = typeof event['type'] === 'string' ? event['type'] : (frame.event ?? '')
      const events = decode(type, event)
      // Some proxies leave the start out.
      const head = !started && events.some(({ type }) => type === 'part-start') ? start({}) : []
      if (opening === undefined) return events
      opening.push(...head, ...events)
      return isPrelude(type, event) ? [] : release()
    },
    finish() {
      if (ended) return []
      return [...release(), ...(finished ? complete() : fail(new GatewayError('stream_truncated')))]
    },
  }
}

/** A head under the name of the model that took over. On this wire it goes by the first one, and a block tells the rest. */
function succeeded(head: Extract<IrEvent, { type: 'response-start' }>, model: string | undefined): IrEvent {
  return model === undefined ? head : { ...head, model, extras: ownExtras(head.extras, present({ model: head.model })) }
}

function skip(kind: string, reason: string): IrEvent {
  return { type: 'event-skip', kind, reason }
}

function indexOf(event: Members): number {
  return typeof event['index'] === 'number' ? event['index'] : 0
}

function close(block: OpenBlock): IrEvent[] {
  const { part, whole } = block
  const input: IrEvent[] = whole === undefined ? [] : [{ type: 'tool-input-delta', part, text: whole }]
  return [...input, { type: 'part-end', part }]
}

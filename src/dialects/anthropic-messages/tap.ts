// Watches a stream that passes through. Cheap: once content was seen, only the frames that can say something else are read.
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamTap, TapSignal } from '../dialect.ts'
import { modelAfter, objectOf, type Members } from './block-reader.ts'
import { frameOf } from './block-writer.ts'
import { decodeEmbeddedError } from './errors.ts'
import { decodeFinish } from './finish-reason.ts'
import { present } from '../kit/present.ts'
import { createWireMeter } from '../kit/wire-meter.ts'
import { decodeUsage } from './usage.ts'

const telling = ['message_start', 'message_delta', 'message_stop', 'error']
const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

/** A tap for one stream. */
export function createStreamTap(): StreamTap {
  let names: { readonly id?: string; readonly model?: string } | undefined
  const meter = createWireMeter({
    strings: 'text|thinking|partial_json',
    calls: '"name"\\s*:\\s*"',
    foreign: 'tool_result"',
  })
  let usage: Usage | undefined
  let finish: Finish | undefined
  let stopped = false
  let committed = false

  function readUsage(value: unknown): void {
    const reported = decodeUsage(value, usage)
    if (reported === undefined) return
    usage = mergeUsage(usage, reported)
    if (reported.output !== undefined) meter.reported()
  }

  function read(type: string, event: Members): TapSignal {
    switch (type) {
      case 'message_start': {
        const message = objectOf(event['message'])
        const { id, model } = message
        names ??= { ...(typeof id === 'string' && { id }), ...(typeof model === 'string' && { model }) }
        readUsage(message['usage'])
        return idle
      }
      case 'message_delta': {
        const { stop_reason: raw, stop_sequence: met } = objectOf(event['delta'])
        if (typeof raw === 'string') {
          // The blocks were not read, so the word is believed.
          const calledTool = raw === 'tool_use'
          finish = decodeFinish({ raw, stopSequence: typeof met === 'string' ? met : undefined, calledTool })
        }
        readUsage(event['usage'])
        return idle
      }
      case 'message_stop':
        stopped = true
        return { type: 'end' }
      case 'error':
        return { type: 'error', error: decodeEmbeddedError(event) }
      default:
        noteSuccessor(type, event)
        return isAnswer(type, event) ? content : idle
    }
  }

  // Only before the answer is in full flow: later on blocks go by unread.
  function noteSuccessor(type: string, event: Members): void {
    const model = type === 'content_block_start' ? modelAfter(objectOf(event['content_block'])) : undefined
    if (model !== undefined) names = { ...names, model }
  }

  return {
    step(frame) {
      meter.event(frame.data)
      const hint = committed ? lookAt(frame) : undefined
      if (hint !== undefined) return hint
      const event = parseJson(frame.data)
      if (!isObject(event)) return idle
      const type = typeof event['type'] === 'string' ? event['type'] : (frame.event ?? '')
      const signal = read(type, event)
      if (signal.type === 'content') committed = true
      return signal
    },
    // A hit inside an answer's own text only means that its frames are read one by one.
    skim: (text) => (committed ? text.includes(flow) && !telling.some((type) => text.includes(type)) : undefined),
    passed: meter.events,
    report: () => ({
      complete: stopped || finish !== undefined,
      ...present({ usage, finish, count: meter.count() }),
      ...names,
    }),
    closing: () => (finish !== undefined && !stopped ? [frameOf('message_stop', {})] : []),
  }
}

/** The event of an answer in full flow: a chunk without it (pings, comments) is no progress. */
const flow = 'content_block_delta'

/** What an unread frame means, or undefined where it has to be read. */
function lookAt(frame: Frame): TapSignal | undefined {
  if (frame.event !== undefined) {
    if (telling.includes(frame.event)) return undefined
    return frame.event === flow ? content : idle
  }
  // Proxies leave the event line out. Inside a text these words would stand between escaped quotes.
  if (telling.some((type) => frame.data.includes(`"${type}"`))) return undefined
  return frame.data.includes(`"${flow}"`) ? content : idle
}

function isAnswer(type: string, event: Members): boolean {
  if (type === 'content_block_start') {
    const block = objectOf(event['content_block'])
    // That another model takes over is no answer yet.
    if (block['type'] === 'fallback') return false
    // Text and thinking open empty; everything else is content by being there.
    if (block['type'] !== 'text' && block['type'] !== 'thinking') return true
    return Boolean(block['text']) || Boolean(block['thinking']) || Boolean(block['signature'])
  }
  if (type !== 'content_block_delta') return false
  const { text, thinking, partial_json: fragment, ...rest } = objectOf(event['delta'])
  const grown = text ?? thinking ?? fragment
  return grown === undefined ? Object.keys(rest).length > 1 : grown !== ''
}

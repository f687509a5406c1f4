// Watches a stream that passes through: every frame is one message of its own, so each is read.
import { createOutputMeter } from '../../ir/output-meter.ts'
import type { Finish } from '../../ir/response.ts'
import type { Usage } from '../../ir/usage.ts'
import { parseJson } from '../../wire/json-parse.ts'
import type { StreamTap, TapSignal } from '../dialect.ts'
import { present, textOf } from '../kit/present.ts'
import { serverTool } from './decode-content.ts'
import { decodeModelAnswer } from './decode-response.ts'
import { errorIn } from './decode-stream.ts'
import { objectOf, type Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { decodeUsage } from './usage.ts'

const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

/** A tap for one stream. */
export function createStreamTap(): StreamTap {
  const meter = createOutputMeter()
  let usage: Usage | undefined
  let finish: Finish | undefined
  let calledTool = false

  function read(event: string | undefined, payload: Members): TapSignal {
    switch (event) {
      case 'contentBlockStart': {
        const { toolUse } = objectOf(payload['start'])
        if (toolUse !== undefined) meter.call(textOf(objectOf(toolUse)['name']) ?? '')
        calledTool ||= toolUse !== undefined && objectOf(toolUse)['type'] !== serverTool
        return content
      }
      case 'contentBlockDelta': {
        const delta = objectOf(payload['delta'])
        meter.add(writtenIn(delta))
        return says(delta) ? content : idle
      }
      case 'messageStop': {
        const raw = textOf(payload['stopReason'])
        if (raw !== undefined) finish = decodeFinish({ raw, calledTool, ...decodeModelAnswer(payload) })
        return idle
      }
      case 'metadata':
        usage = decodeUsage(payload['usage']) ?? usage
        meter.reported()
        return { type: 'end' }
      default:
        return idle
    }
  }

  return {
    step(frame) {
      const error = errorIn(frame)
      return error === undefined ? read(frame.event, objectOf(parseJson(frame.data))) : { type: 'error', error }
    },
    // The frames are binary: there is no text to look at.
    skim: () => false,
    passed: () => {},
    report: () => ({ complete: finish !== undefined, ...present({ usage, finish, count: meter.count() }) }),
    closing: () => [],
  }
}

function says(delta: Members): boolean {
  const { text, toolUse, reasoningContent } = delta
  if (typeof text === 'string') return text !== ''
  if (toolUse !== undefined) return textOf(objectOf(toolUse)['input']) !== undefined
  if (reasoningContent !== undefined) return Object.values(objectOf(reasoningContent)).some((value) => value !== '')
  return Object.keys(delta).length > 0
}

function writtenIn({ text, toolUse, reasoningContent }: Members): string {
  return textOf(text) ?? textOf(objectOf(toolUse)['input']) ?? textOf(objectOf(reasoningContent)['text']) ?? ''
}

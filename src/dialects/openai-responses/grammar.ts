// What a legal stream of this wire is: one start, items that open, grow and close under contiguous positions, one
// terminal that repeats them. Judges the order of a stream; what an item may hold is in item-grammar.ts.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import {
  createGrammar,
  flagInput,
  objectIn,
  violation,
  type Flag,
  type FrameRole,
  type GrammarRules,
} from '../kit/grammar.ts'
import { listOf, textOf } from '../kit/present.ts'
import { eventTypes, lifecycleTypes, terminalTypes } from './event-types.ts'
import type { Members } from './extras.ts'
import { createItemGrammar, type ItemGrammar } from './item-grammar.ts'

type Verdict = FrameRole | Violation

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createGrammar(createRules)
}

function createRules(flag: Flag): GrammarRules {
  const items: ItemGrammar[] = []
  let id: string | undefined
  let sequence = -1
  let failed = false

  function judge(type: string, record: Members): Verdict {
    const number = record['sequence_number']
    if (typeof number !== 'number' || number <= sequence)
      return violation('sequence-number', `${type}: not above ${sequence}`)
    sequence = number
    if (failed)
      return type === 'response.failed' ? fail(record) : violation('frame-after-end', `${type} after an error`)
    if (type === 'error') {
      // The answer that failed may follow, and need not.
      failed = true
      return 'inner'
    }
    if (type === 'keepalive') return 'inner'
    if (type === 'response.failed') return fail(record)
    if (lifecycleTypes.has(type) || terminalTypes.has(type)) return judgeAnswer(type, responseIn(record))
    return id === undefined ? violation('no-start', type) : judgeItem(type, record)
  }

  function judgeAnswer(type: string, answer: Members): Verdict {
    const named = textOf(answer['id'])
    if (named === undefined) return violation('head', `${type}: a response without id`)
    if (id !== undefined && named !== id) return violation('head', `${type}: another id than at the start`)
    if (terminalTypes.has(type)) return id === undefined ? violation('no-start', type) : end(type, answer)
    if (id !== undefined && type === 'response.created') return violation('second-start', type)
    id = named
    if (items.length > 0) return violation('late-start', `${type}: after the first item`)
    return isObject(answer['usage']) ? violation('early-usage', `${type}: usage before the end`) : 'inner'
  }

  function judgeItem(type: string, record: Members): Verdict {
    const index = record['output_index']
    if (type === 'response.output_item.added') {
      if (index !== items.length) return violation('item-index', `${type}: ${items.length} is next`)
      const { grammar, fault } = createItemGrammar(objectOf(record['item']), items.length)
      items.push(grammar)
      return fault ?? 'inner'
    }
    const item = typeof index === 'number' ? items[index] : undefined
    return item === undefined ? violation('item-index', `${type}: an item that was not added`) : item.step(type, record)
  }

  /** The terminal: every item closed and repeated, and a status that is the event's. */
  function end(type: string, answer: Members): Verdict {
    const open = items.findIndex((item) => item.isOpen())
    if (open >= 0) return violation('open-item', `output[${open}]: not done`)
    if (type !== `response.${String(answer['status'])}`) return violation('terminal-status', `${type}: another status`)
    if ((type === 'response.incomplete') !== isObject(answer['incomplete_details']))
      return violation('terminal-status', `${type}: its details do not agree`)
    const output = listOf(answer['output']).map(objectOf)
    if (output.map((item) => item['type']).join() !== items.map((item) => item.type).join())
      return violation('terminal-output', `${type}: not the items that were streamed`)
    for (const [index, item] of output.entries())
      if (item['type'] === 'function_call')
        flagInput([textOf(item['arguments']) ?? ''], `output[${index}].arguments`, flag)
    return 'end'
  }

  return {
    step(frame: Frame): Verdict {
      const record = objectIn(frame)
      const type = textOf(record?.['type'])
      if (record === undefined || type === undefined) return violation('not-an-event', 'the data has no type')
      if (frame.event !== undefined && frame.event !== type) return violation('event-name', `not the name of ${type}`)
      return eventTypes.has(type) ? judge(type, record) : violation('unknown-event', type)
    },
    finish: () => (failed ? undefined : violation('unfinished', 'the stream ends without its terminal')),
  }
}

function fail(record: Members): Verdict {
  return isObject(responseIn(record)['error']) ? 'error' : violation('failure-without-error', 'response.failed')
}

function responseIn(record: Members): Members {
  return objectOf(record['response'])
}

function objectOf(value: unknown): Members {
  return isObject(value) ? value : {}
}

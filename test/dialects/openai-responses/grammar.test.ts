// What a legal stream is: one that breaks a rule is told which, and only the first one.
import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/wire/frame.ts'
import { readStream } from '../../support/stream-grammar.ts'
import type { Json } from './support.ts'

type Step = readonly [type: string, members?: Json]

const item = { type: 'message', id: 'msg_1', role: 'assistant', content: [] }
const call = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '' }
const head = { id: 'resp_1', status: 'in_progress', output: [], usage: null }
const place = { output_index: 0, content_index: 0, item_id: 'msg_1' }
const at = (members: Json): Json => ({ output_index: 0, item_id: 'fc_1', ...members })
const final = (...output: Json[]): Json => ({ response: { ...head, status: 'completed', output } })

const start: Step = ['response.created', { response: head }]
const opened: Step = ['response.output_item.added', { output_index: 0, item }]
const part: Step = ['response.content_part.added', { ...place, part: { type: 'output_text', text: '' } }]
const delta: Step = ['response.output_text.delta', { ...place, delta: 'a' }]
const textDone: Step = ['response.output_text.done', { ...place, text: 'a' }]
const partDone: Step = ['response.content_part.done', { ...place, part: { type: 'output_text', text: 'a' } }]
const whole = { ...item, content: [{ type: 'output_text', text: 'a' }] }
const done: Step = ['response.output_item.done', { output_index: 0, item: whole }]
const end: Step = ['response.completed', final(whole)]
const calling: Step = ['response.output_item.added', { output_index: 0, item: call }]
const inputDelta: Step = ['response.function_call_arguments.delta', at({ delta: '{}' })]
const inputDone: Step = ['response.function_call_arguments.done', at({ arguments: '{}' })]
const called: Step = ['response.output_item.done', { output_index: 0, item: { ...call, arguments: '{}' } }]

function frames(...steps: Step[]): Frame[] {
  return steps.map(([type, members], sequence_number) => ({
    event: type,
    data: JSON.stringify({ type, sequence_number, ...members }),
  }))
}

function fault(...list: Frame[]): string | undefined {
  const { faults } = readStream('openai-responses', list)
  expect(faults.length).toBeLessThanOrEqual(1)
  return faults[0]?.split(':')[0]
}

describe('a stream is legal', () => {
  it.each<[string, Step[]]>([
    [
      'with a message',
      [start, ['response.in_progress', { response: head }], opened, part, delta, textDone, partDone, done, end],
    ],
    [
      'with a call',
      [start, calling, inputDelta, inputDone, called, ['response.completed', final({ ...call, arguments: '{}' })]],
    ],
    ['with nothing in it', [start, ['response.completed', final()]]],
    ['with a connection kept alive', [start, ['keepalive'], ['response.completed', final()]]],
    [
      'where it is incomplete',
      [
        start,
        ['response.incomplete', { response: { ...head, status: 'incomplete', incomplete_details: { reason: 'x' } } }],
      ],
    ],
    [
      'with items side by side, as some servers send them',
      [
        start,
        ['response.output_item.added', { output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } }],
        ['response.output_item.added', { output_index: 1, item: { ...call } }],
        ['response.function_call_arguments.done', { ...at({ arguments: '' }), output_index: 1 }],
        ['response.output_item.done', { output_index: 1, item: call }],
        ['response.output_item.done', { output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } }],
        ['response.completed', final({ type: 'reasoning', id: 'rs_1', summary: [] }, { ...call, arguments: '{}' })],
      ],
    ],
    ['where it breaks off in an error', [start, opened, ['error', { message: 'm' }]]],
    [
      'where the error is told twice',
      [start, ['error', { message: 'm' }], ['response.failed', { response: { id: 'r', error: {} } }]],
    ],
    ['where all it says is an error', [['error', { message: 'm' }]]],
  ])('%s', (_name, steps) => {
    expect(fault(...frames(...steps))).toBeUndefined()
  })
})

describe('a stream breaks a rule', () => {
  it.each<[string, string, Step[]]>([
    ['not-an-event', 'an event without a type', [['']]],
    ['unknown-event', 'an event that no client knows', [start, ['response.invented']]],
    ['no-start', 'an item before the start', [opened]],
    ['no-start', 'an end before the start', [end]],
    ['second-start', 'two starts', [start, start]],
    ['late-start', 'a start in the middle', [start, opened, ['response.in_progress', { response: head }]]],
    ['head', 'a response without id', [['response.created', { response: {} }]]],
    ['head', 'a response that changes its id', [start, ['response.in_progress', { response: { ...head, id: 'x' } }]]],
    ['early-usage', 'usage at the start', [['response.created', { response: { ...head, usage: {} } }]]],
    ['item-index', 'a hole between items', [start, ['response.output_item.added', { output_index: 1, item }]]],
    ['item-index', 'a delta of no item', [start, delta]],
    ['item-index', 'an item without place', [start, ['response.output_item.done', { item }]]],
    [
      'item-without-id',
      'an item without id',
      [start, ['response.output_item.added', { output_index: 0, item: { type: 'message' } }]],
    ],
    [
      'item-without-type',
      'an item without type',
      [start, ['response.output_item.added', { output_index: 0, item: { id: 'a' } }]],
    ],
    [
      'call-without-name',
      'a call without name',
      [start, ['response.output_item.added', { output_index: 0, item: { ...call, name: '' } }]],
    ],
    [
      'item-id',
      'an event with another item’s id',
      [start, opened, ['response.content_part.added', { ...place, item_id: 'x' }]],
    ],
    ['event-of-another-item', 'arguments in a message', [start, opened, [inputDelta[0], { ...place, delta: '' }]]],
    ['part-not-open', 'text before its part', [start, opened, delta]],
    ['part-not-open', 'text after its part', [start, opened, part, partDone, delta]],
    ['part-index', 'a hole between parts', [start, opened, [part[0], { ...part[1], content_index: 1 }]]],
    ['open-part', 'a part in a part', [start, opened, part, part]],
    ['open-part', 'an item that ends in its part', [start, opened, part, done]],
    [
      'parts-differ',
      'an item that ends with fewer parts',
      [start, opened, part, partDone, ['response.output_item.done', { output_index: 0, item }]],
    ],
    [
      'item-identity',
      'an item that ends as another',
      [start, opened, ['response.output_item.done', { output_index: 0, item: { ...item, id: 'x' } }]],
    ],
    ['item-is-done', 'an item that goes on after its end', [start, opened, part, partDone, done, part]],
    [
      'input-differs',
      'arguments that are not what was said',
      [start, calling, inputDelta, [inputDone[0], at({ arguments: '{ }' })]],
    ],
    ['input-after-end', 'arguments after their end', [start, calling, inputDelta, inputDone, inputDelta]],
    ['input-not-ended', 'a call whose arguments have no end', [start, calling, inputDelta, called]],
    ['open-item', 'an end before that of an item', [start, opened, end]],
    [
      'terminal-output',
      'an end without its items',
      [start, opened, part, partDone, done, ['response.completed', final()]],
    ],
    ['terminal-status', 'an end of another status', [start, ['response.incomplete', final()]]],
    [
      'terminal-status',
      'an incomplete answer without reason',
      [start, ['response.incomplete', { response: { ...head, status: 'incomplete' } }]],
    ],
    ['failure-without-error', 'a failure without words', [start, ['response.failed', { response: head }]]],
    ['frame-after-end', 'something after the end', [start, ['response.completed', final()], ['keepalive']]],
    ['frame-after-end', 'a second end', [start, ['response.completed', final()], ['response.completed', final()]]],
    ['frame-after-end', 'an end after an error', [start, ['error', {}], ['response.completed', final()]]],
    ['unfinished', 'no end', [start, opened, part, partDone, done]],
  ])('%s: %s', (rule, _name, steps) => {
    expect(fault(...frames(...steps))).toBe(rule)
  })

  it('sequence-number: numbers that do not grow', () => {
    const [first, second] = frames(start, ['keepalive'])
    expect(
      fault(first!, { ...second!, data: second!.data.replace('"sequence_number":1', '"sequence_number":0') }),
    ).toBe('sequence-number')
    expect(fault({ data: JSON.stringify({ type: 'response.created', response: head }) })).toBe('sequence-number')
  })

  it('event-name: a name that is not the type', () => {
    expect(fault({ ...frames(start)[0]!, event: 'response.completed' })).toBe('event-name')
  })

  it('not-an-event: no JSON', () => {
    expect(fault({ data: '[DONE]' })).toBe('not-an-event')
  })
})

describe('what is legal and still worth telling', () => {
  it('is a call whose arguments are no JSON', () => {
    const cut = { ...call, arguments: '{"a' }
    const steps = frames(
      start,
      calling,
      [inputDelta[0], at({ delta: '{"a' })],
      [inputDone[0], at({ arguments: '{"a' })],
      ['response.output_item.done', { output_index: 0, item: cut }],
      ['response.completed', final(cut)],
    )
    expect(readStream('openai-responses', steps)).toEqual({
      faults: [],
      flags: ['tool-input-not-json: output[0].arguments: the arguments are not JSON'],
    })
  })
})

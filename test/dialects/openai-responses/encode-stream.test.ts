// Canonical events as a stream of this wire: every event that its clients wait for, in an order that is always legal.
import { describe, expect, it } from 'vitest'
import type { IrEvent, PartOpening } from '../../../src/ir/event.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { sdkFold } from '../../support/sdk-fold.ts'
import {
  added,
  answerOf,
  completed,
  created,
  dataOf,
  event,
  events,
  exchangeWith,
  framesFor,
  itemDone,
  outputOf,
  textDelta,
  typesOf,
  type Json,
} from './support.ts'

const start: IrEvent = { type: 'response-start', id: 'msg_abc', model: 'claude-x', created: 7 }
const end: IrEvent = { type: 'response-end' }
const open = (part: number, opening: PartOpening): IrEvent => ({ type: 'part-start', part, choice: 0, opening })
const close = (part: number): IrEvent => ({ type: 'part-end', part })
const said = (part: number, text: string): IrEvent => ({ type: 'text-delta', part, text })
const finish = (word: 'stop' | 'length' | 'tool' | 'filter' | 'pause'): IrEvent => ({
  type: 'choice-finish',
  choice: 0,
  finish: { class: word },
})
const call: PartOpening = { type: 'tool-call', id: 'toolu_1', name: 'f' }

function lossesOf(...list: IrEvent[]): string[] {
  const machine = openaiResponses.streamEncoder(exchangeWith())
  list.forEach((entry) => machine.step(entry))
  return machine.losses().map(({ path, action }) => `${path} ${action}`)
}

describe('an answer in text', () => {
  const frames = framesFor([
    start,
    open(0, { type: 'text' }),
    said(0, 'Hel'),
    said(0, 'lo'),
    close(0),
    { type: 'usage-report', usage: { evidence: 'reported', input: 4, cacheRead: 2, output: 3, reasoning: 1 } },
    finish('stop'),
    end,
  ])

  it('has the whole sequence of events', () => {
    expect(typesOf(frames)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ])
    expect(frames.map((frame) => frame.event)).toEqual(dataOf(frames).map((data) => data['type']))
  })

  it('counts its events, and keeps the ids of its items, which are short enough to be sent back', () => {
    const data = dataOf(frames)
    expect(data.map((entry) => entry['sequence_number'])).toEqual(data.map((_entry, index) => index))
    const ids = new Set(data.flatMap((entry) => [entry['item_id'], (entry['item'] as Json | undefined)?.['id']]))
    ids.delete(undefined)
    expect([...ids]).toEqual(['msg_msg_abc_0'])
    expect(answerOf(frames)['id']).toBe('resp_msg_abc')
  })

  it('has ids of at most 64 characters, whatever the provider’s are', () => {
    const long: IrEvent = { type: 'response-start', id: `gen/${'x'.repeat(200)}` }
    const [first] = outputOf(framesFor([long, open(0, { type: 'text' }), said(0, 'a'), close(0), end]))
    expect(String(first?.['id'])).toMatch(/^msg_[a-zA-Z0-9_-]{1,60}$/)
  })

  it('ends with all of it, and with usage in the terminal alone', () => {
    expect(answerOf(frames)).toMatchObject({
      object: 'response',
      status: 'completed',
      created_at: 7,
      model: 'claude-x',
      error: null,
      incomplete_details: null,
      output: [
        {
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }],
        },
      ],
      usage: {
        input_tokens: 6,
        input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 1 },
        total_tokens: 9,
      },
    })
    for (const data of dataOf(frames).slice(0, 2)) expect((data['response'] as Json)['usage']).toBeNull()
  })

  it('does not say `[DONE]`, which is of another wire', () => {
    expect(frames.map((frame) => frame.data)).not.toContain('[DONE]')
  })

  it('is read by the official SDK', async () => {
    const folded = await sdkFold('openai-responses', frames)
    expect(folded).toMatchObject({ ok: true, value: { id: 'resp_msg_abc', output_text: 'Hello', status: 'completed' } })
  })
})

describe('a tool call', () => {
  it('opens, grows and ends, and its id is the provider’s', () => {
    const frames = framesFor([
      start,
      open(0, call),
      { type: 'tool-input-delta', part: 0, text: '{"a"' },
      { type: 'tool-input-delta', part: 0, text: ':1}' },
      close(0),
      finish('tool'),
      end,
    ])
    expect(dataOf(frames).slice(2, -1)).toMatchObject([
      {
        type: 'response.output_item.added',
        item: { type: 'function_call', call_id: 'toolu_1', name: 'f', arguments: '', status: 'in_progress' },
      },
      { type: 'response.function_call_arguments.delta', delta: '{"a"' },
      { type: 'response.function_call_arguments.delta', delta: ':1}' },
      { type: 'response.function_call_arguments.done', arguments: '{"a":1}', name: 'f' },
      {
        type: 'response.output_item.done',
        item: { type: 'function_call', call_id: 'toolu_1', name: 'f', arguments: '{"a":1}', status: 'completed' },
      },
    ])
    expect(answerOf(frames)).toMatchObject({ status: 'completed' })
  })

  it('without arguments has empty ones, in a delta too', () => {
    const frames = framesFor([start, open(0, call), close(0), finish('tool'), end])
    expect(dataOf(frames).filter(({ delta }) => delta !== undefined)).toMatchObject([{ delta: '{}' }])
    expect(outputOf(frames)).toMatchObject([{ arguments: '{}' }])
  })

  it('may be of a free-text tool', () => {
    const frames = framesFor(
      [
        start,
        open(0, { type: 'tool-call', id: 'c', name: 'sql', kind: 'custom' }),
        { type: 'tool-input-delta', part: 0, text: 'select' },
        close(0),
        end,
      ],
      'openai-chat',
    )
    expect(typesOf(frames).slice(2, -1)).toEqual([
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
    ])
    expect(outputOf(frames)).toMatchObject([{ type: 'custom_tool_call', call_id: 'c', name: 'sql', input: 'select' }])
  })

  it('that was cut off is incomplete with its answer', () => {
    const frames = framesFor([
      start,
      open(0, call),
      { type: 'tool-input-delta', part: 0, text: '{"a' },
      close(0),
      finish('length'),
      end,
    ])
    expect(typesOf(frames).at(-1)).toBe('incomplete')
    expect(answerOf(frames)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete', arguments: '{"a' }],
    })
  })
})

describe('reasoning', () => {
  const frames = framesFor([
    start,
    open(0, { type: 'reasoning' }),
    { type: 'reasoning-delta', part: 0, text: 'hm' },
    { type: 'signature-delta', part: 0, signature: 'sea' },
    { type: 'signature-delta', part: 0, signature: 'led' },
    close(0),
    open(1, { type: 'text' }),
    said(1, 'a'),
    close(1),
    end,
  ])

  it('is a summary, sealed when it is whole', () => {
    expect(dataOf(frames).slice(2, 8)).toMatchObject([
      { type: 'response.output_item.added', item: { type: 'reasoning', summary: [] } },
      { type: 'response.reasoning_summary_part.added', summary_index: 0, part: { type: 'summary_text', text: '' } },
      { type: 'response.reasoning_summary_text.delta', delta: 'hm' },
      { type: 'response.reasoning_summary_text.done', text: 'hm' },
      { type: 'response.reasoning_summary_part.done', part: { type: 'summary_text', text: 'hm' } },
      {
        type: 'response.output_item.done',
        item: { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'sealed' },
      },
    ])
    expect(dataOf(frames)[2]?.['item']).not.toHaveProperty('encrypted_content')
  })

  it('is read by the official SDK', async () => {
    expect(await sdkFold('openai-responses', frames)).toMatchObject({
      ok: true,
      value: { output: [{ type: 'reasoning' }, {}] },
    })
  })

  it('that is signed and has no text is an item all the same; one that is neither is none', () => {
    const signed = [
      open(0, { type: 'reasoning' }),
      { type: 'signature-delta', part: 0, signature: 's' } as const,
      close(0),
    ]
    expect(outputOf(framesFor([start, ...signed, end]))).toMatchObject([{ summary: [], encrypted_content: 's' }])
    expect(outputOf(framesFor([start, open(0, { type: 'reasoning' }), close(0), end]))).toEqual([])
  })

  it('that is hidden whole is an item without a summary, and comes back as it was', () => {
    const redacted = [open(0, { type: 'reasoning', redacted: 'x' }), close(0)]
    expect(outputOf(framesFor([start, ...redacted, end]))).toMatchObject([{ summary: [], encrypted_content: 'x' }])
    expect(lossesOf(start, ...redacted, end)).toEqual([])
  })
})

describe('a refusal', () => {
  it('has events of its own, and is a complete answer', () => {
    const frames = framesFor(
      [
        start,
        open(0, { type: 'refusal' }),
        { type: 'refusal-delta', part: 0, text: 'no' },
        close(0),
        finish('filter'),
        end,
      ],
      'openai-chat',
    )
    expect(typesOf(frames).slice(3, -2)).toEqual([
      'content_part.added',
      'refusal.delta',
      'refusal.done',
      'content_part.done',
    ])
    expect(answerOf(frames)).toMatchObject({
      status: 'completed',
      output: [{ content: [{ type: 'refusal', refusal: 'no' }] }],
    })
  })

  it('without words is an answer that was withheld', () => {
    expect(answerOf(framesFor([start, finish('filter'), end]))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      output: [],
    })
  })
})

describe('links', () => {
  it('are annotations, where there is one', () => {
    const list: IrEvent[] = [
      start,
      open(0, { type: 'text' }),
      { type: 'citation-add', part: 0, citation: { url: 'https://x', title: 'X', value: {} } },
      said(0, 'abc'),
      { type: 'citation-add', part: 0, citation: { title: 'a page', value: {} } },
      { type: 'citation-add', part: 0, citation: { url: 'https://y', start: 1, end: 2, value: {} } },
      close(0),
      end,
    ]
    const annotations = [
      { type: 'url_citation', url: 'https://x', title: 'X', start_index: 0, end_index: 3 },
      { type: 'url_citation', url: 'https://y', title: '', start_index: 1, end_index: 2 },
    ]
    const frames = framesFor(list)
    expect(dataOf(frames).filter((data) => data['annotation'] !== undefined)).toMatchObject([
      { annotation_index: 0, annotation: annotations[0] },
      { annotation_index: 1, annotation: annotations[1] },
    ])
    expect(outputOf(frames)).toMatchObject([{ content: [{ annotations }] }])
    expect(lossesOf(...list)).toEqual(['citations dropped'])
  })
})

describe('links of a text without words', () => {
  it('are a loss, and no empty text', () => {
    const list: IrEvent[] = [
      start,
      open(0, { type: 'text' }),
      { type: 'citation-add', part: 0, citation: { url: 'https://x', value: {} } },
      close(0),
      end,
    ]
    expect(outputOf(framesFor(list, 'bedrock-converse'))).toEqual([])
    expect(lossesOf(...list)).toEqual(['citations dropped'])
  })
})

describe('whatever the order of the events', () => {
  it('items come one after the other, and their places are contiguous', () => {
    const frames = framesFor([
      start,
      open(0, call),
      open(1, { ...call, id: 'toolu_2', name: 'g' }),
      { type: 'tool-input-delta', part: 1, text: '{"b":' },
      { type: 'tool-input-delta', part: 0, text: '{"a":1}' },
      { type: 'tool-input-delta', part: 1, text: '2}' },
      close(1),
      close(0),
      finish('tool'),
      end,
    ])
    expect(outputOf(frames)).toMatchObject([
      { call_id: 'toolu_1', arguments: '{"a":1}' },
      { call_id: 'toolu_2', arguments: '{"b":2}' },
    ])
    const places = dataOf(frames).flatMap((data) => data['output_index'] ?? [])
    expect(places).toEqual([...places].sort())
  })

  it('texts in a row are one message, and texts around a call are two', () => {
    const texts = (part: number, text: string): IrEvent[] => [
      open(part, { type: 'text' }),
      said(part, text),
      close(part),
    ]
    const frames = framesFor([
      start,
      ...texts(0, 'a'),
      ...texts(1, 'b'),
      open(2, call),
      close(2),
      ...texts(3, 'c'),
      end,
    ])
    expect(outputOf(frames)).toMatchObject([
      { type: 'message', content: [{ text: 'a' }, { text: 'b' }] },
      { type: 'function_call' },
      { type: 'message', content: [{ text: 'c' }] },
    ])
  })

  it('parts that say nothing are left out, and parts that were left open are closed', () => {
    const frames = framesFor([
      start,
      open(0, { type: 'text' }),
      close(0),
      open(1, { type: 'text' }),
      said(1, 'a'),
      open(2, call),
      end,
    ])
    expect(outputOf(frames)).toMatchObject([{ content: [{ text: 'a' }] }, { arguments: '{}' }])
  })

  it('a part that is signed and is no reasoning says nothing, and its signature is a loss', () => {
    const list: IrEvent[] = [
      start,
      open(0, { type: 'text' }),
      { type: 'signature-delta', part: 0, signature: 's' },
      close(0),
      end,
    ]
    expect(outputOf(framesFor(list, 'gemini'))).toEqual([])
    expect(lossesOf(...list)).toEqual(['signature dropped'])
  })

  it('nothing comes behind the end', () => {
    const machine = openaiResponses.streamEncoder(exchangeWith())
    for (const entry of [start, end]) machine.step(entry)
    expect([start, open(0, call), end].flatMap((entry) => machine.step(entry))).toEqual([])
  })

  it('an answer has a head, even where nothing was said of one', () => {
    const [first] = dataOf(framesFor([open(0, { type: 'text' }), said(0, 'a'), end]))
    expect(first?.['response']).toMatchObject({ id: 'resp_req_1', model: 'target-model', created_at: 1_700_000_000 })
  })
})

describe('what the wire cannot say', () => {
  it('is a loss', () => {
    expect(
      lossesOf(
        { ...start, extras: { container: {} } },
        open(0, { type: 'opaque', kind: 'server_tool_use', value: {} }),
        { type: 'part-start', part: 1, choice: 1, opening: { type: 'text' } },
        open(2, call),
        { type: 'signature-delta', part: 2, signature: 's' },
        close(2),
        { type: 'usage-report', usage: { evidence: 'reported', output: 1, extras: { server_tool_use: {} } } },
        {
          type: 'choice-finish',
          choice: 0,
          finish: { class: 'pause', stopSequence: 'x', extras: { stop_details: {} } },
        },
        { type: 'event-skip', kind: 'odd', reason: 'unknown' },
        end,
      ).sort(),
    ).toEqual([
      'container dropped',
      'odd dropped',
      'output[1] dropped',
      'server_tool_use dropped',
      'signature dropped',
      'stop_details dropped',
      'stop_reason approximated',
      'stop_sequence dropped',
      'usage.server_tool_use dropped',
    ])
  })
})

describe('an error', () => {
  const error = new GatewayError('upstream_rate_limited', { upstream: { code: 'rate_limit_exceeded' } })

  it('is an event on which the official SDK throws, then an answer that failed, and no success', async () => {
    const frames = framesFor([start, open(0, { type: 'text' }), said(0, 'a'), { type: 'error', error }])
    expect(typesOf(frames).slice(-2)).toEqual(['error', 'failed'])
    expect(dataOf(frames).slice(-2)).toMatchObject([
      { code: 'rate_limit_exceeded', message: error.message, param: null, error: { type: 'rate_limit_error' } },
      { response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: error.message } } },
    ])
    expect(await sdkFold('openai-responses', frames)).toEqual({
      ok: false,
      error: expect.stringContaining(error.message),
    })
  })

  it('has numbers that grow, although it does not know where it stands', () => {
    const [first, second] = dataOf(openaiResponses.encodeStreamError(error, 'req_1'))
    expect(Number(first?.['sequence_number'])).toBeGreaterThan(1_000_000_000)
    expect(Number(second?.['sequence_number'])).toBeGreaterThan(Number(first?.['sequence_number']))
  })
})

describe('an answer of this wire', () => {
  const again = (...frames: Frame[]): Frame[] => framesFor(events(...frames), 'openai-responses')

  it('comes back with the ids, members and items it had', () => {
    const message = {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      phase: 'final_answer',
      content: [{ type: 'output_text', text: 'a', annotations: [], logprobs: [{ token: 'a', logprob: 0 }] }],
    }
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search' } }
    const frames = again(
      created,
      added(0, { ...search, status: 'in_progress' }),
      event('response.web_search_call.searching', { output_index: 0, item_id: 'ws_1' }),
      event('response.invented', { output_index: 0, item_id: 'ws_1' }),
      itemDone(0, search),
      added(1, { ...message, content: [], status: 'in_progress' }),
      textDelta(1, 'a'),
      itemDone(1, message),
      completed({
        output: [search, message],
        model: 'gpt-x',
        metadata: { a: 'b' },
        service_tier: 'default',
        temperature: null,
      }),
    )
    expect(typesOf(frames)).toContain('web_search_call.searching')
    // The official SDK throws on what it does not know.
    expect(typesOf(frames)).not.toContain('invented')
    expect(answerOf(frames)).toMatchObject({
      id: 'resp_1',
      output: [search, message],
      metadata: { a: 'b' },
      service_tier: 'default',
      temperature: null,
    })
  })

  it('has its reasoning entry by entry, and sealed as its terminal has it', () => {
    const entries = ['a', 'b'].map((text) => ({ type: 'summary_text', text }))
    const item = { type: 'reasoning', id: 'rs_1', summary: entries, encrypted_content: 'sealed' }
    const delta = (summary_index: number, text: string): Frame =>
      event('response.reasoning_summary_text.delta', { output_index: 0, summary_index, delta: text })
    const frames = again(
      created,
      added(0, { ...item, summary: [], encrypted_content: 'unfinished' }),
      delta(0, 'a'),
      delta(1, 'b'),
      itemDone(0, item),
      completed({ output: [{ ...item, encrypted_content: 'sealed anew' }] }),
    )
    expect(dataOf(frames).filter((data) => data['delta'] !== undefined)).toMatchObject([
      { summary_index: 0, delta: 'a' },
      { summary_index: 1, delta: 'b' },
    ])
    const [done] = dataOf(frames).filter((data) => data['type'] === 'response.output_item.done')
    expect(done?.['item']).toEqual(item)
    expect(outputOf(frames)).toEqual([{ ...item, encrypted_content: 'sealed anew' }])
  })

  it('has a wrapper of calls as it was', () => {
    const use = { recipient_name: 'functions.f', parameters: {} }
    const item = {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'c',
      name: 'parallel',
      arguments: JSON.stringify({ tool_uses: [use, use] }),
      status: 'completed',
    }
    const frames = again(
      created,
      added(0, { ...item, arguments: '' }),
      itemDone(0, item),
      completed({ output: [item] }),
    )
    expect(outputOf(frames)).toEqual([item])
  })
})

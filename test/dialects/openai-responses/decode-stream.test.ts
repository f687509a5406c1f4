// Streams of this wire into canonical events: what servers of it really send, and how a stream may end.
import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/wire/frame.ts'
import { added, completed, created, event, events, folded, itemDone, partsOf, textDelta, type Json } from './support.ts'

const message: Json = { type: 'message', id: 'msg_1', role: 'assistant', content: [] }
const call: Json = { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'f', arguments: '' }
const reasoning: Json = { type: 'reasoning', id: 'rs_1', summary: [] }
const arguments_ = (word: 'delta' | 'done', output_index: number, text: string): Frame =>
  event(`response.function_call_arguments.${word}`, {
    output_index,
    [word === 'delta' ? 'delta' : 'arguments']: text,
  })
const summary = (word: string, members: Json): Frame =>
  event(`response.reasoning_summary_${word}`, { output_index: 0, summary_index: 0, ...members })
const types = (...frames: Frame[]): string[] => events(...frames).map((entry) => entry.type)

describe('an answer', () => {
  it('is said as it comes', () => {
    expect(
      events(
        created,
        added(0, message),
        event('response.content_part.added', {
          output_index: 0,
          content_index: 0,
          part: { type: 'output_text', text: '' },
        }),
        textDelta(0, 'a'),
        textDelta(0, 'b'),
        event('response.output_text.done', { output_index: 0, content_index: 0, text: 'ab' }),
        completed({ usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 } }),
      ),
    ).toMatchObject([
      { type: 'response-start', id: 'resp_1', model: 'gpt-x', created: 5 },
      { type: 'part-start', part: 0, opening: { type: 'text' } },
      { type: 'text-delta', part: 0, text: 'a' },
      { type: 'text-delta', part: 0, text: 'b' },
      { type: 'part-end', part: 0 },
      { type: 'usage-report', usage: { input: 3, output: 2 } },
      { type: 'extras-add', scope: 'response' },
      { type: 'choice-finish', finish: { class: 'stop', raw: 'completed' } },
      { type: 'response-end' },
    ])
  })

  it('is told by the type in the data, whatever the event is called', () => {
    const nameless = [created, added(0, message), textDelta(0, 'a'), completed()].map(({ data }): Frame => ({ data }))
    expect(partsOf(...nameless)).toEqual([{ type: 'text', text: 'a' }])
  })

  it('needs neither a start nor the announcement of its items', () => {
    expect(
      partsOf(
        textDelta(0, 'a'),
        event('response.reasoning_summary_text.delta', { output_index: 1, summary_index: 0, delta: 'r' }),
        arguments_('delta', 2, '{}'),
        itemDone(2, { ...call, arguments: '{}' }),
        completed(),
      ),
    ).toEqual([
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: 'r' },
      { type: 'tool-call', id: 'c1', name: 'f', input: '{}' },
    ])
  })

  it('may come in its terminal alone', () => {
    const output = [
      { ...reasoning, summary: [{ type: 'summary_text', text: 'r' }], encrypted_content: 'sealed' },
      {
        ...message,
        content: [{ type: 'output_text', text: 'a', annotations: [{ type: 'url_citation', url: 'https://x' }] }],
      },
      { ...call, arguments: '{}' },
    ]
    expect(partsOf(created, completed({ output }))).toMatchObject([
      { type: 'reasoning', text: 'r', signature: 'sealed' },
      { type: 'text', text: 'a', citations: [{ url: 'https://x' }] },
      { type: 'tool-call', id: 'c1', input: '{}' },
    ])
  })

  it('may announce an item twice', () => {
    expect(
      partsOf(created, added(0, message), textDelta(0, 'a'), added(0, message), textDelta(0, 'b'), completed()),
    ).toEqual([{ type: 'text', text: 'ab' }])
  })

  it('may come in whole items alone', () => {
    expect(
      partsOf(created, itemDone(0, { ...message, content: [{ type: 'output_text', text: 'a' }] }), completed()),
    ).toEqual([{ type: 'text', text: 'a' }])
  })

  it('is not said twice where the terminal repeats it', () => {
    const output = [{ ...message, content: [{ type: 'output_text', text: 'ab' }] }]
    const parts = partsOf(
      created,
      added(0, message),
      textDelta(0, 'ab'),
      itemDone(0, output[0] ?? {}),
      completed({ output }),
    )
    expect(parts).toEqual([{ type: 'text', text: 'ab' }])
  })

  it('keeps what is not told twice the same way: parts that are counted from one, a terminal without output', () => {
    const part = { type: 'output_text', text: 'a' }
    expect(
      partsOf(
        created,
        added(0, message),
        event('response.content_part.added', { output_index: 0, content_index: 1, part: { ...part, text: '' } }),
        event('response.output_text.delta', { output_index: 0, content_index: 1, delta: 'a' }),
        itemDone(0, { ...message, content: [part] }),
        completed({ output: [] }),
      ),
    ).toEqual([{ type: 'text', text: 'a' }])
  })
})

describe('text', () => {
  it('gets its links', () => {
    const annotation = { type: 'url_citation', url: 'https://x', title: 'X', start_index: 0, end_index: 1 }
    const frames = [
      created,
      added(0, message),
      textDelta(0, 'a'),
      event('response.output_text.annotation.added', { output_index: 0, content_index: 0, annotation }),
      event('response.content_part.done', {
        output_index: 0,
        content_index: 0,
        part: { type: 'output_text', text: 'a', annotations: [annotation] },
      }),
      completed(),
    ]
    expect(partsOf(...frames)).toEqual([
      { type: 'text', text: 'a', citations: [{ url: 'https://x', title: 'X', start: 0, end: 1, value: annotation }] },
    ])
  })

  it('ends where the next part of its message begins', () => {
    const frames = [
      created,
      added(0, message),
      textDelta(0, 'a'),
      event('response.refusal.delta', { output_index: 0, content_index: 1, delta: 'no' }),
      completed(),
    ]
    expect(types(...frames).filter((type) => type.startsWith('part-'))).toEqual([
      'part-start',
      'part-end',
      'part-start',
      'part-end',
    ])
  })

  it('may be a refusal, which withholds the answer', () => {
    const answer = folded(
      created,
      added(0, message),
      event('response.refusal.delta', { output_index: 0, content_index: 0, delta: 'n' }),
      event('response.refusal.done', { output_index: 0, content_index: 0, refusal: 'no' }),
      completed(),
    )
    expect(answer.outputs[0]).toMatchObject({ parts: [{ type: 'refusal', text: 'no' }], finish: { class: 'filter' } })
  })

  it('may hold what only this wire knows', () => {
    const part = { type: 'output_hologram', ray: 1 }
    expect(
      folded(
        created,
        added(0, message),
        event('response.content_part.added', { output_index: 0, content_index: 0, part: { type: 'output_hologram' } }),
        event('response.content_part.done', { output_index: 0, content_index: 0, part }),
        completed(),
      ).outputs[0]?.parts,
    ).toMatchObject([{ type: 'opaque', kind: 'output_hologram', value: part }])
  })
})

describe('a tool call', () => {
  it('grows by its deltas and calls a tool, whatever the status says', () => {
    const answer = folded(
      created,
      added(0, call),
      arguments_('delta', 0, '{"a"'),
      arguments_('delta', 0, ':1}'),
      completed(),
    )
    expect(answer.outputs[0]).toMatchObject({
      parts: [{ type: 'tool-call', id: 'c1', name: 'f', input: '{"a":1}' }],
      finish: { class: 'tool', raw: 'completed' },
    })
  })

  // Seen from LM Studio.
  it('may have its arguments in their end alone', () => {
    expect(partsOf(created, added(0, call), arguments_('done', 0, '{"a":1}'), completed())).toMatchObject([
      { input: '{"a":1}' },
    ])
  })

  it('gets from the end of its arguments what the deltas did not say, and no more', () => {
    const texts = (...frames: Frame[]): string[] =>
      events(created, added(0, call), ...frames, completed()).flatMap((entry) =>
        entry.type === 'tool-input-delta' ? [entry.text] : [],
      )
    expect(texts(arguments_('delta', 0, '{"a"'), arguments_('done', 0, '{"a":1}'))).toEqual(['{"a"', ':1}'])
    expect(texts(arguments_('delta', 0, '{}'), arguments_('done', 0, '{}'))).toEqual(['{}'])
    expect(texts(arguments_('delta', 0, '{"b":1}'), arguments_('done', 0, '{"a": 1}'))).toEqual(['{"b":1}'])
  })

  it('may have its arguments in its item alone, at the start or at the end', () => {
    const whole = { ...call, arguments: '{"a":1}' }
    expect(partsOf(created, added(0, whole), itemDone(0, whole), completed())).toMatchObject([{ input: '{"a":1}' }])
    expect(partsOf(created, added(0, call), itemDone(0, whole), completed())).toMatchObject([{ input: '{"a":1}' }])
    expect(partsOf(created, added(0, whole), completed())).toMatchObject([{ input: '{"a":1}' }])
  })

  it('may be of a free-text tool', () => {
    const custom = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c1', name: 'sql', input: '' }
    expect(
      partsOf(
        created,
        added(0, custom),
        event('response.custom_tool_call_input.delta', { output_index: 0, delta: 'sel' }),
        event('response.custom_tool_call_input.done', { output_index: 0, input: 'select' }),
        completed(),
      ),
    ).toEqual([{ type: 'tool-call', id: 'c1', name: 'sql', input: 'select', kind: 'custom' }])
  })

  it('is cut off with its answer', () => {
    const cut = event('response.incomplete', {
      response: { id: 'resp_1', status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [] },
    })
    expect(folded(created, added(0, call), arguments_('delta', 0, '{"a'), cut).outputs[0]?.finish).toEqual({
      class: 'length',
      raw: 'max_output_tokens',
    })
  })

  it('without a name is none', () => {
    const { name: _name, ...nameless } = call
    expect(events(created, added(0, nameless), completed())).toContainEqual(
      expect.objectContaining({ type: 'event-skip', kind: 'function_call' }),
    )
  })

  it('may be several that the model wrapped into one', () => {
    const uses = [
      { recipient_name: 'functions.weather', parameters: { city: 'Rome' } },
      { recipient_name: 'functions.time', parameters: {} },
    ]
    const wrapper = { ...call, name: 'multi_tool_use.parallel' }
    const text = JSON.stringify({ tool_uses: uses })
    const frames = [
      added(0, wrapper),
      arguments_('delta', 0, text),
      itemDone(0, { ...wrapper, arguments: text }),
      completed(),
    ]
    const unwrapped = [
      { id: 'c1_0', name: 'weather', input: '{"city":"Rome"}' },
      { id: 'c1_1', name: 'time', input: '{}' },
    ]
    expect(partsOf(created, ...frames)).toMatchObject(unwrapped)
    // A client that has such a tool means it.
    const having = event('response.created', {
      response: { id: 'r', tools: [{ type: 'function', name: wrapper.name }] },
    })
    expect(partsOf(having, ...frames)).toMatchObject([{ id: 'c1', name: wrapper.name, input: text }])
  })

  it.each([
    ['no list', '{"tool_uses":{}}'],
    ['an empty list', '{"tool_uses":[]}'],
    ['another member', '{"tool_uses":[{"recipient_name":"functions.a","parameters":{}}],"x":1}'],
    ['a tool of another kind', '{"tool_uses":[{"recipient_name":"browser.open","parameters":{}}]}'],
    ['parameters that are no object', '{"tool_uses":[{"recipient_name":"functions.a","parameters":[]}]}'],
    ['no JSON', '{"tool_uses":['],
  ])('named like a wrapper stays one with %s', (_name, text) => {
    const parts = partsOf(created, added(0, { ...call, name: 'parallel' }), arguments_('done', 0, text), completed())
    expect(parts).toMatchObject([{ id: 'c1', name: 'parallel', input: text }])
  })
})

describe('reasoning', () => {
  it('is its summary, entry by entry, and the signature of its end', () => {
    const entries = ['a', 'b'].map((text) => ({ type: 'summary_text', text }))
    expect(
      partsOf(
        created,
        added(0, { ...reasoning, encrypted_content: 'unfinished' }),
        summary('part.added', { part: { type: 'summary_text', text: '' } }),
        summary('text.delta', { delta: 'a' }),
        summary('text.done', { text: 'a' }),
        summary('part.done', { part: entries[0] }),
        summary('part.added', { summary_index: 1, part: { type: 'summary_text', text: '' } }),
        summary('text.delta', { summary_index: 1, delta: 'b' }),
        itemDone(0, { ...reasoning, summary: entries, encrypted_content: 'sealed' }),
        completed({ output: [{ ...reasoning, summary: entries, encrypted_content: 'sealed anew' }] }),
      ),
    ).toEqual([{ type: 'reasoning', text: 'a\n\nb', signature: 'sealed' }])
  })

  it('is not sealed where its end was never told: until then the seal may be incomplete', () => {
    const frames = [
      created,
      added(0, { ...reasoning, encrypted_content: 'unfinished' }),
      summary('text.delta', { delta: 'a' }),
      completed(),
    ]
    expect(partsOf(...frames)).toEqual([{ type: 'reasoning', text: 'a' }])
  })

  it('may be sealed and have no text', () => {
    const frames = [
      created,
      added(0, reasoning),
      itemDone(0, { ...reasoning, encrypted_content: 'sealed' }),
      completed(),
    ]
    expect(partsOf(...frames)).toEqual([{ type: 'reasoning', text: '', signature: 'sealed' }])
  })

  it.each<[string, string]>([
    ['content parts', 'response.content_part'],
    ['events of its own (gpt-oss)', 'response.reasoning_part'],
  ])('may be raw text, in %s', (_name, type) => {
    const part = (text: string): Json => ({ output_index: 0, content_index: 0, part: { type: 'reasoning_text', text } })
    expect(
      partsOf(
        created,
        added(0, reasoning),
        event(`${type}.added`, part('')),
        event('response.reasoning_text.delta', { output_index: 0, content_index: 0, delta: 'a' }),
        event('response.reasoning_text.done', { output_index: 0, content_index: 0, text: 'ab' }),
        event(`${type}.done`, part('ab')),
        completed(),
      ),
    ).toEqual([{ type: 'reasoning', text: 'ab' }])
  })

  // Seen from OpenRouter: the message begins and ends before the reasoning does.
  it('may end after the message that follows it', () => {
    const raw = (word: string, members: Json): Frame =>
      event(`response.reasoning_text.${word}`, { output_index: 0, content_index: 0, ...members })
    const said = { ...message, content: [{ type: 'output_text', text: '4' }] }
    expect(
      partsOf(
        created,
        added(0, reasoning),
        raw('delta', { delta: 'two' }),
        added(1, message),
        textDelta(1, '4'),
        itemDone(1, said),
        raw('delta', { delta: ' and two' }),
        itemDone(0, { ...reasoning, content: [{ type: 'reasoning_text', text: 'two and two' }] }),
        completed(),
      ),
    ).toEqual([
      { type: 'reasoning', text: 'two and two' },
      { type: 'text', text: '4' },
    ])
  })
})

describe('what only this wire knows', () => {
  const search = { type: 'web_search_call', id: 'ws_1', status: 'in_progress' }

  it('travels with its events, and is what its end says', () => {
    const done = { ...search, status: 'completed', action: { type: 'search', query: 'q' } }
    const frames = [
      created,
      added(0, search),
      event('response.web_search_call.searching', { output_index: 0 }),
      itemDone(0, done),
    ]
    expect(types(...frames, completed())).toEqual([
      'response-start',
      'part-start',
      'opaque-delta',
      'opaque-delta',
      'part-end',
      'extras-add',
      'choice-finish',
      'response-end',
    ])
    expect(folded(...frames, completed()).outputs[0]).toMatchObject({
      parts: [{ type: 'opaque', kind: 'web_search_call', value: done }],
      finish: { class: 'stop' },
    })
  })

  it.each<[string, Frame]>([
    ['an event from the future', event('response.from_the_future', { output_index: 0 })],
    ['an event about no item', event('response.audio.delta', { delta: 'AA' })],
    ['a frame that is no JSON', { data: '{' }],
    ['a terminal of another wire', { data: '[DONE]' }],
  ])('is skipped where it is %s', (_name, frame) => {
    expect(events(created, frame, completed()).map((entry) => entry.type)).toContain('event-skip')
    expect(events(created, frame, completed()).at(-1)).toEqual({ type: 'response-end' })
  })

  it('keeps a connection alive', () => {
    expect(types(created, event('keepalive'), { data: '' })).toEqual([
      'response-start',
      'keep-alive',
      'keep-alive',
      'error',
    ])
  })
})

// Seen from a proxy: every event has another item id, and some have another response id.
describe('ids that change within a stream', () => {
  it('do not tear an answer apart', () => {
    const rotating = (type: string, members: Json, index: number): Frame =>
      event(type, { output_index: 0, content_index: 0, item_id: `id_${index}`, ...members })
    const answer = folded(
      created,
      added(0, { ...message, id: 'id_0' }),
      rotating('response.output_text.delta', { delta: 'a' }, 1),
      rotating('response.output_text.delta', { delta: 'b' }, 2),
      rotating('response.output_text.done', { text: 'ab' }, 3),
      itemDone(0, { ...message, id: 'id_4', content: [{ type: 'output_text', text: 'ab' }] }),
      event('response.completed', { response: { id: 'resp_2', status: 'completed', output: [] } }),
    )
    expect(answer.id).toBe('resp_1')
    expect(answer.outputs[0]?.parts).toMatchObject([{ type: 'text', text: 'ab' }])
  })
})

describe('a stream ends', () => {
  const last = (...frames: Frame[]): Json => events(...frames).at(-1) as unknown as Json

  it('incomplete', () => {
    const answer = folded(
      created,
      added(0, message),
      textDelta(0, 'a'),
      event('response.incomplete', {
        response: { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
      }),
    )
    expect(answer.outputs[0]).toMatchObject({
      parts: [{ text: 'a' }],
      finish: { class: 'filter', raw: 'content_filter' },
    })
  })

  it.each<[string, Frame]>([
    ['in an error event', event('error', { code: 'rate_limit_exceeded', message: 'slow down', param: null })],
    [
      'in an error with a record',
      event('error', { error: { type: 'tokens', code: 'rate_limit_exceeded', message: 'slow down' } }),
    ],
    [
      'in an answer that failed',
      event('response.failed', {
        response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'slow down' } },
      }),
    ],
    ['in a bare error', { data: JSON.stringify({ error: { code: 'rate_limit_exceeded', message: 'slow down' } }) }],
  ])('%s', (_name, frame) => {
    expect(last(created, added(0, message), textDelta(0, 'a'), frame)).toMatchObject({
      type: 'error',
      error: { code: 'upstream_rate_limited', upstream: { code: 'rate_limit_exceeded', message: 'slow down' } },
    })
  })

  it('with one error where it is told twice', () => {
    const twice = [
      event('error', { error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'm' } }),
      event('response.failed', { response: { status: 'failed', error: { code: 'insufficient_quota', message: 'm' } } }),
    ]
    expect(types(created, ...twice)).toEqual(['response-start', 'error'])
  })

  it('in an error where a failure has no words', () => {
    expect(last(created, event('response.failed', { response: { status: 'failed' } }))).toMatchObject({
      error: { code: 'upstream_error' },
    })
  })

  it('truncated wherever it ends without a terminal', () => {
    const frames = [created, added(0, message), textDelta(0, 'a'), itemDone(0, message)]
    for (let count = 0; count <= frames.length; count++)
      expect(last(...frames.slice(0, count))).toMatchObject({ type: 'error', error: { code: 'stream_truncated' } })
  })

  it('once: nothing comes behind its terminal', () => {
    expect(
      types(created, completed(), textDelta(0, 'a'), { data: '[DONE]' }, completed()).filter((type) =>
        /end|error/.test(type),
      ),
    ).toEqual(['response-end'])
  })
})

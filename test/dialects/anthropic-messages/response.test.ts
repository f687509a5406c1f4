// Whole answers: decoded, encoded, and looked at in passing.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { Finish, IrResponse } from '../../../src/ir/response.ts'
import { unfold } from '../../../src/ir/unfold.ts'
import { decodeStream, encodeStream, errorOf, exchange, framesOf, jsonOf, valueOf, type Json } from './support.ts'

const message: Json = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [
    { type: 'thinking', thinking: 'hm', signature: 's' },
    { type: 'redacted_thinking', data: 'd' },
    {
      type: 'text',
      text: 'see',
      citations: [{ type: 'web_search_result_location', url: 'u', title: 't', cited_text: 'c' }],
    },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: { q: 1 } },
    { type: 'web_search_tool_result', tool_use_id: 's', content: [{ url: 'u' }] },
    { type: 'tool_use', id: 't', name: 'f', input: { a: 'é' }, caller: { type: 'direct' } },
  ],
  container: { id: 'c', expires_at: 'x' },
  context_management: { applied_edits: [] },
  stop_reason: 'tool_use',
  stop_sequence: null,
  stop_details: null,
  usage: {
    input_tokens: 9,
    cache_creation_input_tokens: 150,
    cache_read_input_tokens: 4,
    cache_creation: { ephemeral_5m_input_tokens: 50, ephemeral_1h_input_tokens: 100 },
    output_tokens: 2,
    output_tokens_details: { thinking_tokens: 1 },
    service_tier: 'standard',
    server_tool_use: { web_search_requests: 1 },
  },
}

const decoded = (body: unknown): IrResponse => valueOf(anthropicMessages.decodeResponse(body))

describe('an answer of this wire', () => {
  it('is decoded part by part', () => {
    expect(decoded(message)).toMatchObject({
      source: 'anthropic-messages',
      id: 'msg_1',
      model: 'claude-x',
      outputs: [
        {
          index: 0,
          finish: { class: 'tool', raw: 'tool_use' },
          parts: [
            { type: 'reasoning', text: 'hm', signature: 's' },
            { type: 'reasoning', text: '', redacted: 'd' },
            { type: 'text', text: 'see', citations: [{ url: 'u', title: 't', citedText: 'c' }] },
            { type: 'opaque', kind: 'server_tool_use' },
            { type: 'opaque', kind: 'web_search_tool_result' },
            { type: 'tool-call', id: 't', name: 'f', input: '{"a":"é"}' },
          ],
        },
      ],
      usage: {
        input: 9,
        cacheRead: 4,
        cacheWrite: 50,
        cacheWrite1h: 100,
        output: 2,
        reasoning: 1,
        evidence: 'reported',
        extras: { service_tier: 'standard', server_tool_use: { web_search_requests: 1 } },
      },
      extras: { container: { id: 'c', expires_at: 'x' }, context_management: { applied_edits: [] } },
    })
  })

  it('comes back as it was', () => {
    const { body, losses } = anthropicMessages.encodeResponse(decoded(message), exchange)
    expect(jsonOf(body)).toEqual(message)
    expect(losses).toEqual([])
  })

  it('can be told as a stream, and folded back', () => {
    const wire = encodeStream(unfold(decoded(message)))
    const fold = createFold('anthropic-messages', anthropicMessages.joinOpaque)
    for (const event of decodeStream(framesOf(wire))) fold.step(event)
    const again = jsonOf(anthropicMessages.encodeResponse(fold.response(), exchange).body)
    expect(again).toMatchObject({
      content: message['content'],
      stop_reason: 'tool_use',
      container: message['container'],
    })
  })

  it('keeps the details of a refusal that has no content', () => {
    const refusal = {
      ...message,
      content: [],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: 'bio' },
    }
    expect(decoded(refusal).outputs[0]?.finish).toMatchObject({
      class: 'filter',
      extras: { stop_details: { type: 'refusal', category: 'bio' } },
    })
    expect(jsonOf(anthropicMessages.encodeResponse(decoded(refusal), exchange).body)).toEqual(refusal)
  })

  const { content: _content, ...withoutContent } = message
  const failures: readonly (readonly [what: string, body: unknown, code: string])[] = [
    ['no JSON', undefined, 'upstream_bad_content'],
    ['a list', [], 'upstream_bad_content'],
    ['no content', withoutContent, 'upstream_empty'],
    ['content that is null', { ...message, content: null }, 'upstream_empty'],
    ['empty content without a stop reason', { ...message, content: [], stop_reason: null }, 'upstream_empty'],
    ['an error', { type: 'error', error: { type: 'overloaded_error', message: 'x' } }, 'upstream_overloaded'],
    ['an error of another wire', { error: { message: 'x' } }, 'upstream_error'],
  ]
  it.each(failures)('is a failure where it is %s, decoded or in passing', (_what, body, code) => {
    expect(errorOf(anthropicMessages.decodeResponse(body)).code).toBe(code)
    expect(errorOf(anthropicMessages.inspectResponse(body)).code).toBe(code)
  })

  it('is a failure where a block is broken', () => {
    const broken = { ...message, content: [{ type: 'text', text: 3 }] }
    expect(errorOf(anthropicMessages.decodeResponse(broken)).code).toBe('upstream_bad_content')
  })

  it('shows in passing who answered, why it ended and what it cost', () => {
    expect(valueOf(anthropicMessages.inspectResponse(message))).toMatchObject({
      complete: true,
      id: 'msg_1',
      model: 'claude-x',
      finish: { class: 'tool', raw: 'tool_use' },
      usage: { input: 9, output: 2 },
    })
    expect(
      valueOf(anthropicMessages.inspectResponse({ ...message, content: [], stop_reason: 'end_turn' })),
    ).toMatchObject({
      complete: true,
    })
  })
})

describe('an answer of another wire', () => {
  function encoded(parts: readonly ContentPart[], finish?: Finish, more: Partial<IrResponse> = {}) {
    const response: IrResponse = {
      source: 'openai-chat',
      id: 'chatcmpl-1',
      model: 'gpt-x',
      outputs: [{ index: 0, parts, ...(finish !== undefined && { finish }) }],
      ...more,
    }
    const { body, losses } = anthropicMessages.encodeResponse(response, exchange)
    return { body: jsonOf(body), losses: losses.map(({ path }) => path) }
  }

  it('is a message with everything the SDK wants', () => {
    const { body, losses } = encoded(
      [{ type: 'text', text: 'hi' }],
      { class: 'stop', raw: 'stop' },
      {
        usage: { input: 5, cacheRead: 2, output: 3, reasoning: 1, evidence: 'reported' },
      },
    )
    expect(body).toEqual({
      id: 'chatcmpl-1',
      type: 'message',
      role: 'assistant',
      model: 'gpt-x',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: 5,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 2,
        output_tokens: 3,
        output_tokens_details: { thinking_tokens: 1 },
      },
    })
    expect(losses).toEqual([])
  })

  const parts: readonly (readonly [what: string, parts: ContentPart[], content: Json[]])[] = [
    [
      'nothing',
      [
        { type: 'text', text: '' },
        { type: 'reasoning', text: '' },
      ],
      [],
    ],
    ['unsigned reasoning', [{ type: 'reasoning', text: 'hm' }], [{ type: 'thinking', thinking: 'hm', signature: '' }]],
    [
      'signed reasoning',
      [{ type: 'reasoning', text: '', signature: 's' }],
      [{ type: 'thinking', thinking: '', signature: 's' }],
    ],
    ['hidden reasoning', [{ type: 'reasoning', text: '', redacted: 'd' }], [{ type: 'redacted_thinking', data: 'd' }]],
    [
      'a call',
      [{ type: 'tool-call', id: 'a:0', name: 'f', input: '{"x":1}' }],
      [{ type: 'tool_use', id: 'a:0', name: 'f', input: { x: 1 } }],
    ],
    [
      'a call without arguments',
      [{ type: 'tool-call', id: 'a', name: 'f', input: '' }],
      [{ type: 'tool_use', id: 'a', name: 'f', input: {} }],
    ],
    ['a refusal', [{ type: 'refusal', text: 'no' }], [{ type: 'text', text: 'no' }]],
  ]
  it.each(parts)('carries %s', (_what, given, content) => {
    expect(encoded(given, { class: 'stop' }).body['content']).toEqual(content)
  })

  const call: ContentPart = { type: 'tool-call', id: 'a', name: 'f', input: '{}' }
  const reasons: readonly (readonly [finish: Finish | undefined, parts: ContentPart[], reason: string])[] = [
    [{ class: 'stop', raw: 'stop' }, [call], 'tool_use'],
    [{ class: 'tool', raw: 'tool_calls' }, [], 'end_turn'],
    [{ class: 'stop' }, [{ type: 'refusal', text: 'no' }], 'refusal'],
    [{ class: 'filter' }, [], 'refusal'],
    [{ class: 'length' }, [call], 'max_tokens'],
    [undefined, [call], 'tool_use'],
  ]
  it.each(reasons)('with finish %j and %j ended with %s', (finish, given, reason) => {
    expect(encoded(given, finish).body['stop_reason']).toBe(reason)
  })

  it('lists what it lost', () => {
    const { body, losses } = encoded(
      [
        { type: 'opaque', kind: 'audio', value: {}, at: 'a' },
        { type: 'text', text: 'a', citations: [{ url: 'u', value: {}, at: 'b' }], extras: { shade: 1 }, at: 'c' },
        { type: 'tool-call', id: 'a', name: 'f', input: 'x', kind: 'custom' },
      ],
      { class: 'stop' },
      {
        extras: { system_fingerprint: 'fp' },
        usage: { input: 1, output: 1, evidence: 'reported', extras: { cost: 1 } },
      },
    )
    expect(body['content']).toEqual([{ type: 'text', text: 'a' }])
    expect(losses).toEqual(['system_fingerprint', 'usage.cost', 'a', 'c.shade', 'b', 'tool-call'])
  })

  it('loses what another wire has signed, but for thinking', () => {
    const { body, losses } = encoded([
      { type: 'reasoning', text: 'hm', signature: 's0' },
      { type: 'tool-call', id: 'a', name: 'f', input: '{}', signature: 's1', at: 'a' },
      { type: 'text', text: '', signature: 's2', at: 'b' },
    ])
    expect(body['content']).toEqual([
      { type: 'thinking', thinking: 'hm', signature: 's0' },
      { type: 'tool_use', id: 'a', name: 'f', input: {} },
    ])
    expect(losses).toEqual(['a.extra_content', 'b.extra_content'])
  })

  it('lists further choices as lost', () => {
    const outputs = [
      { index: 0, parts: [] },
      { index: 1, parts: [] },
    ]
    expect(encoded([], undefined, { outputs }).losses).toEqual(['choices[1]'])
  })

  it('with a call that was cut off goes without it', () => {
    const { body, losses } = encoded(
      [
        { type: 'text', text: 'a' },
        { ...call, input: '{"x' },
      ],
      { class: 'length' },
    )
    expect(body).toMatchObject({ content: [{ type: 'text', text: 'a' }], stop_reason: 'max_tokens' })
    expect(losses).toEqual(['tool-call'])
  })

  it('with a broken call is no answer', () => {
    expect(() => encoded([{ ...call, input: '{"x' }], { class: 'tool' })).toThrow(
      expect.objectContaining({ code: 'upstream_bad_content' }),
    )
  })

  it('without names and counts has ours', () => {
    const response: IrResponse = {
      source: 'openai-chat',
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'a' }] }],
    }
    expect(jsonOf(anthropicMessages.encodeResponse(response, exchange).body)).toMatchObject({
      id: 'msg_request1',
      model: 'target-model',
      usage: { input_tokens: 42 },
    })
  })
})

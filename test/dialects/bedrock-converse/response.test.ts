// Whole answers, both ways: what they mean, that they come back, and what an answer of another wire becomes.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { Finish, IrResponse } from '../../../src/ir/response.ts'
import { actions, errorOf, exchangeFrom, jsonOf, text, valueOf, type Json } from './support.ts'

const answer = (content: unknown[], members: Json = {}): Json => ({
  output: { message: { role: 'assistant', content } },
  stopReason: 'end_turn',
  usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
  metrics: { latencyMs: 12 },
  ...members,
})

const decode = (body: unknown): IrResponse => valueOf(bedrockConverse.decodeResponse(body))

function encode(parts: readonly ContentPart[], more: { finish?: Finish; usage?: IrResponse['usage'] } = {}) {
  const { finish, usage } = more
  const response: IrResponse = {
    source: 'openai-chat',
    outputs: [{ index: 0, parts, ...(finish && { finish }) }],
    ...(usage && { usage }),
  }
  const { body, losses } = bedrockConverse.encodeResponse(response, exchangeFrom('openai-chat'))
  return { body: jsonOf(body), losses: actions(losses) }
}

describe('an answer', () => {
  it('has its text, its finish and its usage', () => {
    expect(decode(answer([{ text: 'hi' }]))).toMatchObject({
      source: 'bedrock-converse',
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'hi' }], finish: { class: 'stop', raw: 'end_turn' } }],
      usage: { input: 3, output: 4, evidence: 'reported' },
    })
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['guardrail_intervened', 'filter'],
    ['content_filtered', 'filter'],
    ['malformed_tool_use', 'other'],
    ['newer_than_this', 'other'],
    // No tool was called, whatever the word says.
    ['tool_use', 'stop'],
  ])('that stopped for %s is of class %s', (stopReason, expected) => {
    expect(decode(answer([{ text: 'a' }], { stopReason })).outputs[0]?.finish).toMatchObject({
      class: expected,
      raw: stopReason,
    })
  })

  it('that calls a tool waits for it, whatever the word says', () => {
    const content = [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }]
    expect(decode(answer(content)).outputs[0]?.finish?.class).toBe('tool')
  })

  it('whose tool ran at the provider does not wait', () => {
    const content = [{ toolUse: { toolUseId: 'a', name: 'g', input: {}, type: 'server_tool_use' } }, { text: 'b' }]
    expect(decode(answer(content, { stopReason: 'tool_use' })).outputs[0]?.finish).toMatchObject({ class: 'stop' })
  })

  it('says which stop sequence was met', () => {
    const members = { stopReason: 'stop_sequence', additionalModelResponseFields: { stop_sequence: 'END' } }
    expect(decode(answer([{ text: 'a' }], members)).outputs[0]?.finish?.stopSequence).toBe('END')
  })

  it.each([
    ['plain', answer([{ text: 'hi' }])],
    [
      'with everything',
      answer(
        [
          { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
          { reasoningContent: { redactedContent: 'Ulc1amNubHdkR1Zr' } },
          { citationsContent: { content: [{ text: 'a' }], citations: [{ title: 't' }] } },
          { toolUse: { toolUseId: 'a', name: 'f', input: { x: 1 }, type: 'tool_use' } },
          { hologram: {} },
        ],
        {
          stopReason: 'tool_use',
          additionalModelResponseFields: { stop_sequence: null, other: 1 },
          trace: { guardrail: { modelOutput: [] } },
          performanceConfig: { latency: 'standard' },
          serviceTier: { type: 'flex' },
          $metadata: { requestId: 'r' },
          usage: {
            inputTokens: 10,
            outputTokens: 4,
            totalTokens: 7365,
            cacheReadInputTokens: 7351,
            cacheReadInputTokenCount: 7351,
            cacheWriteInputTokens: 30,
            cacheWriteInputTokenCount: 30,
            cacheDetails: [
              { ttl: '1h', inputTokens: 20 },
              { ttl: '5m', inputTokens: 10 },
            ],
            serverToolUsage: {},
          },
        },
      ),
    ],
    [
      'with a message that says more',
      { ...answer([]), output: { message: { role: 'assistant', content: [{ text: 'a' }], id: 'x' } } },
    ],
  ] as [string, Json][])('comes back: %s', (_what, body) => {
    const { body: back, losses } = bedrockConverse.encodeResponse(decode(body), exchangeFrom('bedrock-converse'))
    expect(jsonOf(back)).toEqual(body)
    expect(losses).toEqual([])
  })

  it('does not count how long it took among what another wire loses', () => {
    expect(Object.keys(decode(answer([{ text: 'a' }], { serviceTier: { type: 'flex' } })).extras ?? {})).toEqual([
      'serviceTier',
    ])
  })

  it.each([
    ['no answer', 'text', 'upstream_bad_content'],
    ['an error', { message: 'The model failed' }, 'upstream_error'],
    ['an error that says why', { message: 'Input Tokens Exceeded' }, 'upstream_context_overflow'],
    ['no message', { output: {}, stopReason: 'end_turn' }, 'upstream_empty'],
    ['no content and no reason', { output: { message: { role: 'assistant', content: [] } } }, 'upstream_empty'],
    ['content of a wrong shape', answer([{ text: 1 }]), 'upstream_bad_content'],
  ] as [string, unknown, string][])('that is %s is none', (_what, body, code) => {
    expect(errorOf(bedrockConverse.decodeResponse(body)).code).toBe(code)
  })

  it('is whole where the model had nothing to add', () => {
    expect(decode(answer([])).outputs[0]?.parts).toEqual([])
  })
})

describe('usage', () => {
  it('has disjoint classes of input, of which only the total is the sum', () => {
    const usage = {
      inputTokens: 10,
      outputTokens: 4,
      totalTokens: 7395,
      cacheReadInputTokens: 7351,
      cacheWriteInputTokens: 30,
      cacheDetails: [
        { ttl: '1h', inputTokens: 20 },
        { ttl: '5m', inputTokens: 10 },
      ],
    }
    expect(decode(answer([{ text: 'a' }], { usage })).usage).toMatchObject({
      input: 10,
      output: 4,
      cacheRead: 7351,
      cacheWrite: 10,
      cacheWrite1h: 20,
    })
  })

  it('is read by its second names where the first are absent', () => {
    const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 7, cacheReadInputTokenCount: 5 }
    expect(decode(answer([{ text: 'a' }], { usage })).usage?.cacheRead).toBe(5)
  })

  it('of another wire is written with its total and its lifetimes', () => {
    const { body, losses } = encode([text('a')], {
      usage: { input: 10, output: 4, cacheRead: 7, cacheWrite: 2, cacheWrite1h: 3, reasoning: 1, evidence: 'reported' },
    })
    expect(body['usage']).toEqual({
      inputTokens: 10,
      outputTokens: 4,
      totalTokens: 26,
      cacheReadInputTokens: 7,
      cacheWriteInputTokens: 5,
      cacheDetails: [
        { ttl: '1h', inputTokens: 3 },
        { ttl: '5m', inputTokens: 2 },
      ],
    })
    expect(losses).toEqual(['dropped usage.completion_tokens_details.reasoning_tokens'])
  })

  it('that nobody reported is guessed, as the wire demands it', () => {
    expect(encode([text('four')]).body['usage']).toMatchObject({ inputTokens: 42, outputTokens: 5, totalTokens: 47 })
  })
})

describe('an answer of another wire', () => {
  const place = { at: 'x' }
  it.each([
    ['text', [text('a'), text('')], [{ text: 'a' }], 'end_turn', []],
    ['a refusal', [{ type: 'refusal', text: 'no' }], [{ text: 'no' }], 'content_filtered', []],
    [
      'reasoning',
      [
        { type: 'reasoning', text: 'hm' },
        { type: 'reasoning', text: '', signature: 's' },
        { type: 'reasoning', text: '' },
      ],
      [
        { reasoningContent: { reasoningText: { text: 'hm' } } },
        { reasoningContent: { reasoningText: { text: '', signature: 's' } } },
      ],
      'end_turn',
      [],
    ],
    [
      'redacted reasoning',
      [{ type: 'reasoning', text: '', redacted: 'RW5jcnlwdGVk' }],
      [{ reasoningContent: { redactedContent: 'Ulc1amNubHdkR1Zr' } }],
      'end_turn',
      [],
    ],
    [
      'calls',
      [
        { type: 'tool-call', id: 'functions.f:0', name: 'f', input: '{"x":1}' },
        { type: 'tool-call', id: 'b', name: 'g', input: '' },
      ],
      [
        { toolUse: { toolUseId: 'functions.f:0', name: 'f', input: { x: 1 } } },
        { toolUse: { toolUseId: 'b', name: 'g', input: {} } },
      ],
      'tool_use',
      [],
    ],
    [
      'a signed call',
      [{ type: 'tool-call', id: 'a', name: 'f', input: '{}', signature: 's', ...place }],
      [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }],
      'tool_use',
      ['dropped x.extra_content'],
    ],
    [
      'links',
      [text('a', { ...place, citations: [{ url: 'https://a.example/', title: 't', value: {} }, { value: {} }] })],
      [
        {
          citationsContent: {
            content: [{ text: 'a' }],
            citations: [{ title: 't', location: { web: { url: 'https://a.example/' } } }],
          },
        },
      ],
      'end_turn',
      ['dropped x.annotations'],
    ],
    [
      'what only another wire knows',
      [text('a'), { type: 'opaque', kind: 'web_search_call', value: {}, ...place }],
      [{ text: 'a' }],
      'end_turn',
      ['dropped x'],
    ],
    [
      'an image',
      [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aGk=' } }],
      [{ image: { format: 'png', source: { bytes: 'aGk=' } } }],
      'end_turn',
      [],
    ],
  ] as [string, ContentPart[], Json[], string, string[]][])('keeps %s', (_what, parts, content, stopReason, losses) => {
    const encoded = encode(parts, { finish: { class: 'stop', raw: 'stop' } })
    expect(encoded.body).toMatchObject({
      output: { message: { role: 'assistant', content } },
      stopReason,
      metrics: { latencyMs: 0 },
    })
    expect(encoded.losses).toEqual(losses)
  })

  it.each([
    ['stop', undefined, 'end_turn', []],
    ['stop', 'END', 'stop_sequence', []],
    ['length', undefined, 'max_tokens', []],
    ['filter', undefined, 'content_filtered', []],
    ['pause', undefined, 'end_turn', ['approximated choices[0].finish_reason']],
    ['other', undefined, 'end_turn', []],
    // No tool was called: a client that waited for one would wait for ever.
    ['tool', undefined, 'end_turn', []],
  ] as [Finish['class'], string | undefined, string, string[]][])(
    'of class %s, stopped by %s, says %s',
    (kind, stopSequence, stopReason, losses) => {
      const finish: Finish = { class: kind, ...(stopSequence && { stopSequence }) }
      const encoded = encode([text('a')], { finish })
      expect(encoded.body['stopReason']).toBe(stopReason)
      expect(encoded.body['additionalModelResponseFields']).toEqual(stopSequence && { stop_sequence: stopSequence })
      expect(encoded.losses).toEqual(losses)
    },
  )

  it('with broken arguments is broken, unless it was cut off', () => {
    const broken: ContentPart = { type: 'tool-call', id: 'a', name: 'f', input: '{"x":', at: 'x' }
    expect(() => encode([broken], { finish: { class: 'tool' } })).toThrow(
      expect.objectContaining({ code: 'upstream_bad_content' }),
    )
    const cut = encode([text('a'), broken], { finish: { class: 'length' } })
    expect(cut.body).toMatchObject({ output: { message: { content: [{ text: 'a' }] } }, stopReason: 'max_tokens' })
    expect(cut.losses).toEqual(['dropped x'])
  })

  it('reports what only its wire has, once per key', () => {
    const response: IrResponse = {
      source: 'openai-chat',
      outputs: [
        { index: 0, parts: [text('a')], extras: { logprobs: {} } },
        { index: 1, parts: [text('b')] },
      ],
      extras: { system_fingerprint: 'x' },
    }
    const { losses } = bedrockConverse.encodeResponse(response, exchangeFrom('openai-chat'))
    expect(actions(losses)).toEqual(['dropped system_fingerprint', 'dropped choices[0].logprobs', 'dropped choices[1]'])
  })
})

describe('the look at an answer that passes through', () => {
  it('sees finish and usage', () => {
    expect(valueOf(bedrockConverse.inspectResponse(answer([{ text: 'a' }])))).toMatchObject({
      complete: true,
      finish: { class: 'stop' },
      usage: { input: 3, output: 4 },
    })
  })

  it.each([
    ['nothing', {}, 'upstream_empty'],
    ['an error', { message: 'no' }, 'upstream_error'],
  ])('sees %s', (_what, body, code) => {
    expect(errorOf(bedrockConverse.inspectResponse(body)).code).toBe(code)
  })
})

// Whole answers, both ways.
import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import { requireShared } from '../../support/shared.ts'
import { schemaErrors } from '../../support/openapi.ts'
import { errorOf, exchangeWith, jsonOf, valueOf, type Json } from './support.ts'

const text = (value: string): Json => ({ type: 'output_text', text: value, annotations: [], logprobs: [] })
const message = (...content: Json[]): Json => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content,
})
const call: Json = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'c',
  name: 'f',
  arguments: '{"a":1}',
  status: 'completed',
}

function answer(members: Json = {}): Json {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 5,
    model: 'gpt-x',
    status: 'completed',
    output: [message(text('a'))],
    ...members,
  }
}

function decode(body: unknown): IrResponse {
  return valueOf(openaiResponses.decodeResponse(body))
}

function encode(response: IrResponse): { body: Json; losses: string[] } {
  const { body, losses } = openaiResponses.encodeResponse(
    response,
    exchangeWith({ maxOutputTokens: 9 }, response.source),
  )
  return { body: jsonOf(body), losses: losses.map(({ path, action }) => `${path} ${action}`) }
}

describe('an answer is read', () => {
  it('with its head, its parts and its counts', () => {
    expect(
      decode(
        answer({
          output: [
            {
              type: 'reasoning',
              id: 'rs_1',
              summary: [{ type: 'summary_text', text: 'r' }],
              encrypted_content: 'sealed',
            },
            { type: 'web_search_call', id: 'ws_1' },
            message(text('a'), { type: 'refusal', refusal: 'no' }),
            call,
            { type: 'custom_tool_call', call_id: 'd', name: 'sql', input: 'select' },
          ],
          usage: {
            input_tokens: 10,
            input_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
            output_tokens: 7,
            output_tokens_details: { reasoning_tokens: 2 },
            total_tokens: 17,
          },
        }),
      ),
    ).toMatchObject({
      source: 'openai-responses',
      id: 'resp_1',
      model: 'gpt-x',
      created: 5,
      outputs: [
        {
          index: 0,
          parts: [
            { type: 'reasoning', text: 'r', signature: 'sealed' },
            { type: 'opaque', kind: 'web_search_call' },
            { type: 'text', text: 'a' },
            { type: 'refusal', text: 'no' },
            { type: 'tool-call', id: 'c', name: 'f', input: '{"a":1}' },
            { type: 'tool-call', id: 'd', name: 'sql', input: 'select', kind: 'custom' },
          ],
          finish: { class: 'tool', raw: 'completed' },
        },
      ],
      usage: { input: 5, cacheRead: 4, cacheWrite: 1, output: 7, reasoning: 2, evidence: 'reported' },
    })
  })

  it.each<[string, Json, string]>([
    ['stop', {}, 'stop'],
    ['length', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length'],
    ['filter', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, 'filter'],
    ['filter', { output: [message({ type: 'refusal', refusal: 'no' })] }, 'filter'],
    ['tool', { output: [call] }, 'tool'],
    ['tool', { output: [call], status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'tool'],
    [
      'length',
      {
        output: [{ ...call, arguments: '{"a' }],
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      },
      'length',
    ],
    ['stop', { output: [{ type: 'mcp_call', name: 'x' }] }, 'stop'],
    ['other', { status: 'in_progress' }, 'other'],
  ])('to have ended by %s: %j', (_name, members, expected) => {
    expect(decode(answer(members)).outputs[0]?.finish?.class).toBe(expected)
  })

  it('without losing what only the provider says, and without counting what repeats the request', () => {
    const { extras } = decode(
      answer({ service_tier: 'flex', tools: [], temperature: 1, metadata: {}, store: true, billing: { payer: 'x' } }),
    )
    expect(Object.keys(extras ?? {})).toEqual(['service_tier'])
  })

  it.each<[string, unknown, string]>([
    ['a failure', answer({ status: 'failed', error: { code: 'server_error', message: 'm' } }), 'upstream_error'],
    [
      'a limit',
      answer({ status: 'failed', error: { code: 'rate_limit_exceeded', message: 'm' } }),
      'upstream_rate_limited',
    ],
    ['a failure without words', answer({ status: 'failed' }), 'upstream_error'],
    ['a cancelled answer', answer({ status: 'cancelled' }), 'upstream_error'],
    ['no answer', { id: 'resp_1' }, 'upstream_empty'],
    ['no JSON', undefined, 'upstream_empty'],
  ])('as an error where it hides %s', (_name, body, code) => {
    expect(errorOf(openaiResponses.decodeResponse(body)).code).toBe(code)
    expect(errorOf(openaiResponses.inspectResponse(body)).code).toBe(code)
  })

  it('quickly, where only its counts are wanted', () => {
    expect(
      valueOf(
        openaiResponses.inspectResponse(answer({ output: [call], usage: { input_tokens: 3, output_tokens: 2 } })),
      ),
    ).toEqual({
      complete: true,
      id: 'resp_1',
      model: 'gpt-x',
      finish: { class: 'tool', raw: 'completed' },
      usage: expect.objectContaining({ input: 3, output: 2 }),
    })
    // An answer that is still being made in the background is none that failed.
    expect(openaiResponses.inspectResponse(answer({ status: 'queued', output: [] })).ok).toBe(true)
  })
})

describe('token counts', () => {
  it.each<[string, Json, Json]>([
    [
      'more cached than read',
      { input_tokens: 3, input_tokens_details: { cached_tokens: 9 } },
      { input: 0, cacheRead: 3 },
    ],
    ['a total that counts more', { input_tokens: 3, output_tokens: 2, total_tokens: 9 }, { input: 3, output: 6 }],
    ['negative counts', { input_tokens: -1, output_tokens: 2 }, { output: 2 }],
  ])('are made to fit: %s', (_name, usage, expected) => {
    expect(decode(answer({ usage })).usage).toMatchObject(expected)
  })

  it('that say nothing are none', () => {
    expect(decode(answer({ usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 } }))).not.toHaveProperty(
      'usage',
    )
    expect(decode(answer({ usage: null }))).not.toHaveProperty('usage')
  })

  it('keep what has no name', () => {
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2, num_sources_used: 3 }
    expect(Object.keys(decode(answer({ usage })).usage?.extras ?? {})).toEqual(['num_sources_used'])
    expect(encode(decode(answer({ usage }))).body['usage']).toEqual(usage)
  })
})

describe('an answer of this wire comes back as it was', () => {
  it.each<[string, Json]>([
    ['in plain text', {}],
    [
      'with everything in it',
      {
        output: [
          {
            type: 'reasoning',
            id: 'rs_1',
            summary: [
              { type: 'summary_text', text: 'a' },
              { type: 'summary_text', text: 'b' },
            ],
            encrypted_content: 'sealed',
          },
          {
            type: 'reasoning',
            id: 'rs_2',
            summary: [],
            content: [{ type: 'reasoning_text', text: 'raw' }],
            status: 'completed',
          },
          { type: 'reasoning', id: 'rs_3', summary: [] },
          { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', queries: ['q'] } },
          {
            ...message(
              {
                ...text('cited'),
                annotations: [{ type: 'url_citation', url: 'https://x', title: 'X', start_index: 0, end_index: 5 }],
              },
              { type: 'refusal', refusal: 'no' },
            ),
            phase: 'commentary',
          },
          { ...message(), id: 'msg_2', status: 'incomplete' },
          { ...call, namespace: 'ns' },
          { type: 'custom_tool_call', id: 'ctc_1', call_id: 'd', name: 'sql', input: 'select', status: 'completed' },
        ],
        usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
        metadata: { a: 'b' },
        tools: [{ type: 'web_search' }],
        text: { format: { type: 'text' }, verbosity: 'low' },
        service_tier: 'default',
        completed_at: 6,
        billing: { payer: 'developer' },
      },
    ],
    ['where it is incomplete', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }],
    ['where it is empty', { output: [] }],
    [
      'with calls that the model wrapped into one',
      {
        output: [
          { ...call, name: 'parallel', arguments: '{"tool_uses":[{"recipient_name":"functions.f","parameters":{}}]}' },
        ],
      },
    ],
  ])('%s', (_name, members) => {
    const body = answer({ error: null, usage: null, ...members })
    const encoded = encode(decode(body))
    expect(encoded.losses).toEqual([])
    expect(encoded.body).toEqual({ incomplete_details: null, ...body })
  })
})

describe('an answer of another wire', () => {
  const foreign: IrResponse = {
    source: 'anthropic-messages',
    id: 'msg_x',
    model: 'claude',
    outputs: [
      {
        index: 0,
        parts: [
          { type: 'reasoning', text: 'r', signature: 's' },
          { type: 'text', text: 'a', citations: [{ url: 'https://x', value: {} }] },
          { type: 'tool-call', id: 'toolu_1', name: 'f', input: '' },
        ],
        finish: { class: 'tool', raw: 'tool_use' },
      },
    ],
    usage: { evidence: 'reported', input: 1, cacheRead: 2, cacheWrite: 3, output: 4 },
  }

  it('has everything that the official SDKs promise', () => {
    const { body, losses } = encode(foreign)
    expect(body).toMatchObject({
      id: 'resp_msg_x',
      object: 'response',
      created_at: 1_700_000_000,
      model: 'claude',
      status: 'completed',
      error: null,
      incomplete_details: null,
      max_output_tokens: 9,
      store: false,
      output: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'r' }], encrypted_content: 's' },
        {
          type: 'message',
          content: [{ text: 'a', annotations: [{ url: 'https://x', start_index: 0, end_index: 1 }] }],
        },
        { type: 'function_call', call_id: 'toolu_1', name: 'f', arguments: '{}' },
      ],
      usage: {
        input_tokens: 6,
        input_tokens_details: { cached_tokens: 2, cache_write_tokens: 3 },
        output_tokens: 4,
        total_tokens: 10,
      },
    })
    expect(losses).toEqual([])
    const ids = (body['output'] as Json[]).map((item) => item['id'])
    expect(new Set(ids).size).toBe(3)
  })

  it.runIf(requireShared('openai-responses answers'))('satisfies the specification', () => {
    expect(schemaErrors('openai', 'Response', encode(foreign).body)).toEqual([])
  })

  it('loses what the wire cannot say, and says so', () => {
    const { losses } = encode({
      ...foreign,
      extras: { container: {} },
      outputs: [
        { index: 0, parts: [{ type: 'opaque', kind: 'server_tool_use', value: {} }], finish: { class: 'pause' } },
        { index: 1, parts: [{ type: 'text', text: 'b' }] },
      ],
    })
    expect(losses.sort()).toEqual([
      'container dropped',
      'output[1] dropped',
      'server_tool_use dropped',
      'stop_reason approximated',
    ])
  })
})

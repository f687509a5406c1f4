// Field bugs B: thinking and the state that a provider wants back. Each name begins with the number of its case.
import { expect } from 'vitest'
import { dialects } from '../../../src/dialects/index.ts'
import { presetOf } from '../../../src/catalog/presets.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import { list, record, text, type Json } from '../../support/json.ts'
import { jsonAnswer } from '../../support/app.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  exchangeFor,
  sentTo,
  wireRequest,
} from '../harness.ts'
import { anthropicStream, bedrockStream, chatCall, chatStream, geminiStream, responsesStream } from '../scripts.ts'
import { wires } from '../wires/index.ts'
import { fieldCases, gateway, sentBody, translated } from './cases.ts'

const signature = 'c2lnbmF0dXJl'

/** The blocks of an answer on Anthropic's wire. */
function blocksOf(body: Json): Json[] {
  return list(body['content']).map(record)
}

fieldCases('field bugs B', ({ check }) => {
  check('T14 · thinking without text and with a signature stays on its wire', ['anthropic-messages'], () => {
    const frames = anthropicStream([
      { type: 'thinking', text: '', signature },
      { type: 'text', text: 'Hello' },
    ])
    const { body } = translated('anthropic-messages', 'anthropic-messages', frames)
    expect(blocksOf(body)).toEqual([
      { type: 'thinking', thinking: '', signature },
      { type: 'text', text: 'Hello' },
    ])
  })
  check(
    'T14 · thinking without text and with a signature goes to Bedrock and comes from there',
    ['bedrock-converse', 'anthropic-messages'],
    () => {
      const blocks = [{ type: 'thinking', text: '', signature } as const, { type: 'text', text: 'Hello' } as const]
      const there = translated('anthropic-messages', 'bedrock-converse', anthropicStream(blocks))
      expect(JSON.stringify(there.body)).toContain(signature)
      const back = translated('bedrock-converse', 'anthropic-messages', bedrockStream(blocks))
      expect(blocksOf(back.body)[0]).toEqual({ type: 'thinking', thinking: '', signature })
    },
  )
  check('T14 · thinking that is empty and unsigned is dropped', ['openai-chat', 'anthropic-messages'], () => {
    const { body, problems } = translated(
      'openai-chat',
      'anthropic-messages',
      chatStream([{ reasoning_content: '' }, { content: 'Hello' }]),
    )
    expect(problems).toEqual([])
    expect(blocksOf(body).map((block) => block['type'])).toEqual(['text'])
  })

  check('T15 · a request of the same wire leaves with the bytes it came with', ['anthropic-messages'], async () => {
    const sent = `{ "model" : "claude" , "max_tokens":1e2,"temperature":1.0,
      "messages":[{"role":"user","content":"\\u0068i \\/ 😀"},{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"${signature}"}]},{"role":"user","content":"go on"}],
      "metadata":{"big":9007199254740993} }`
    const app = gateway(() => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, 400))
    await app.request('/v1/messages', { method: 'POST', headers: { 'content-type': 'application/json' }, body: sent })
    expect(new TextDecoder().decode(app.sent[0]?.body as Uint8Array)).toBe(
      sent.replace('"claude"', '"model-of-the-target"'),
    )
  })

  const geminiCall = { functionCall: { name: 'get_weather', args: {}, id: 'c1' }, thoughtSignature: signature }
  for (const form of ['streamed', 'whole'] as const)
    check(
      `T16 · a thought signature reaches a Chat client in extra_content, ${form}`,
      ['gemini', 'openai-chat'],
      () => {
        const answer = {
          candidates: [{ content: { role: 'model', parts: [geminiCall] }, finishReason: 'STOP', index: 0 }],
        }
        const body =
          form === 'streamed'
            ? translated('gemini', 'openai-chat', geminiStream([[geminiCall]])).body
            : encodeResponse('openai-chat', decodeResponse('gemini', answer), exchangeFor('openai-chat', 'gemini')).body
        const [called] = list(record(record(list(body['choices'])[0])['message'])['tool_calls'])
        expect(record(called)['extra_content']).toEqual({ google: { thought_signature: signature } })
      },
    )
  check(
    'T16 · a thought signature that a Chat client sends back goes to Gemini with its call',
    ['openai-chat', 'gemini'],
    () => {
      const called = {
        ...chatCall(undefined, 'c1', 'get_weather', '{}'),
        extra_content: { google: { thought_signature: signature } },
      }
      const messages = [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: null, tool_calls: [called] },
        { role: 'tool', tool_call_id: 'c1', content: 'ok' },
      ]
      const ir = decodeRequest('openai-chat', sentTo('openai-chat', { model: 'm', messages }))
      const contents = list(encodeRequest('gemini', ir).sent.body['contents']).map(record)
      expect(record(list(contents[1]?.['parts'])[0])['thoughtSignature']).toBe(signature)
    },
  )
  check('T16 · a signature that the client dropped is recovered', ['openai-chat', 'gemini'], async () => {
    const signed = { ...geminiCall, thoughtSignature: signature }
    const answer = { candidates: [{ index: 0, content: { role: 'model', parts: [signed] }, finishReason: 'STOP' }] }
    const app = gateway(() => jsonAnswer(answer))
    const question = [{ role: 'user', content: 'hi' }]
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }]
    const first = await app.request('/v1/chat/completions', { json: { model: 'gemini', messages: question, tools } })
    const { choices } = record(await first.json())
    const [called] = list(record(record(list(choices)[0])['message'])['tool_calls']).map(record)
    // As most clients do it: only what they know of a call comes back.
    const call = { id: called?.['id'], type: 'function', function: called?.['function'] }
    const messages = [
      ...question,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: 'ok' },
    ]
    await app.request('/v1/chat/completions', { json: { model: 'gemini', messages, tools } })
    const [, turn] = list(sentBody(app, 1)['contents']).map(record)
    expect(record(list(turn?.['parts'])[0])['thoughtSignature']).toBe(signature)
  })

  const { traits } = presetOf('deepseek') ?? {}
  /** The assistant's turn of a request as DeepSeek gets it. */
  const turnFor = (ir: IrRequest): Json => {
    const outcome = dialects['openai-chat'].encodeRequest(ir, { model: 'm', ...(traits && { traits }) })
    if (!outcome.ok) throw outcome.error
    const body = JSON.parse(new TextDecoder().decode(outcome.value.call.body)) as Json
    return record(list(body['messages']).find((message) => record(message)['role'] === 'assistant'))
  }
  const toolTurn = (thinking: readonly Json[]): Json => ({
    model: 'm',
    max_tokens: 10,
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [...thinking, { type: 'tool_use', id: 't1', name: 'get_weather', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] },
    ],
  })
  // DeepSeek wants the member; a blank stands where the client has nothing to put there.
  for (const [name, thinking, expected] of [
    ['its thinking', [{ type: 'thinking', thinking: 'Hm.', signature }], /^Hm\.$/],
    ['no thinking, in whose place a blank stands', [], /^\s*$/],
  ] as const)
    check(`T17 · a tool turn goes to DeepSeek with ${name}`, ['anthropic-messages', 'openai-chat'], () => {
      const turn = turnFor(decodeRequest('anthropic-messages', sentTo('anthropic-messages', toolTurn(thinking))))
      expect(turn['reasoning_content']).toMatch(expected)
    })
  check('T17 · the gateway does the same for a Chat client of DeepSeek', ['openai-chat'], async () => {
    const app = gateway(() => jsonAnswer({ error: { message: 'x' } }, 400))
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: null, tool_calls: [chatCall(undefined, 'c1', 'get_weather', '{}')] },
      { role: 'tool', tool_call_id: 'c1', content: 'ok' },
    ]
    await app.request('/v1/chat/completions', { json: { model: 'deepseek', messages } })
    expect(record(list(sentBody(app)['messages'])[1])['reasoning_content']).toMatch(/^\s*$/)
  })
  check('T17 · a reasoning item is reasoning_content on a tool turn', ['openai-responses', 'openai-chat'], () => {
    const input = [
      { role: 'user', content: 'hi' },
      { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
      { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
    ]
    const turn = turnFor(decodeRequest('openai-responses', sentTo('openai-responses', { model: 'm', input })))
    expect(turn['reasoning_content']).toBe('Hm.')
    expect(list(turn['tool_calls'])).toHaveLength(1)
  })

  const stateless: Json = {
    model: 'm',
    store: false,
    input: [
      { role: 'user', content: 'hi' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: signature },
      { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'get_weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
    ],
  }
  check('T18 · a translated reasoning item keeps its encrypted content', ['openai-responses'], () => {
    const ir = decodeRequest('openai-responses', sentTo('openai-responses', stateless))
    const items = list(encodeRequest('openai-responses', ir).sent.body['input']).map(record)
    expect(items.find((item) => item['type'] === 'reasoning')?.['encrypted_content']).toBe(signature)
  })
  check(
    'T18 · without a store, ids of items do not go upstream, their encrypted content does',
    ['openai-responses'],
    async () => {
      const app = gateway(() => jsonAnswer({ error: { message: 'x' } }, 400))
      await app.request('/v1/responses', { json: { ...stateless, model: 'responses' } })
      const items = list(sentBody(app)['input']).map(record)
      expect(items.filter((item) => text(item['id']).startsWith('rs_'))).toEqual([])
      expect(items[1]?.['encrypted_content']).toBe(signature)
    },
  )
  check('T18 · a 404 for an item of the input is the fault of the request', ['openai-responses'], () => {
    const message =
      "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
    const body = { error: { message, type: 'invalid_request_error', param: 'input', code: null } }
    const error = dialects['openai-responses'].decodeError(404, new Headers(), body)
    expect(error).toMatchObject({ code: 'upstream_rejected', retry: 'never' })
  })
  check('T18 · encrypted content reaches a client of the same wire whole', ['openai-responses'], () => {
    const frames = responsesStream([
      { type: 'thinking', text: 'Hm.', signature },
      { type: 'text', text: 'Hello' },
    ])
    const { body } = translated('openai-responses', 'openai-responses', frames)
    expect(record(list(body['output'])[0])['encrypted_content']).toBe(signature)
    expect(wires['openai-responses'].answers.view(body).text).toBe('Hello')
    expect(wireRequest('openai-responses', sentTo('openai-responses', stateless)).task).toBe('generate')
  })
})

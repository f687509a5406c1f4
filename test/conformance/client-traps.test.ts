// What trips a gateway that real clients are pointed at. Each name begins with the number of the trap.
import { expect } from 'vitest'
import type { GenerativeId } from '../../src/dialects/index.ts'
import { jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { list, record, text, type Json } from '../support/json.ts'
import { decodeRequest, encodeRequest, others, sentTo } from './harness.ts'
import {
  asks,
  clientKey,
  fieldCases,
  framesIn,
  gateway,
  ingressIds,
  sentBody,
  sse,
  translated,
  withTools,
} from './field-bugs/cases.ts'
import {
  anthropicStream,
  bedrockStream,
  chatCall,
  chatStream,
  geminiPart,
  geminiStream,
  responsesStream,
} from './scripts.ts'
import { errorWires } from './wires/errors.ts'
import { wires } from './wires/index.ts'

const signature = 'c2lnbmF0dXJl'
const chatAnswer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'up',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
}
const refused = { error: { message: 'no', type: 'invalid_request_error', param: null, code: null } }

/** The gateway with one key for its clients. */
function locked(upstream: Parameters<typeof gateway>[0]): TestApp {
  return gateway(upstream, {
    keys: [{ id: 'client', env: 'CLIENT', role: 'client' }],
  })
}

/** A conversation with two calls in one turn and their results, as Chat has it. */
function parallelCalls(ids: readonly [string, string], name = 'get_weather'): Json {
  return {
    model: 'm',
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: null, tool_calls: ids.map((id) => chatCall(undefined, id, name, '{}')) },
      ...ids.map((id, index) => ({ role: 'tool', tool_call_id: id, content: `result ${index}` })),
      { role: 'user', content: 'and now?' },
    ],
  }
}

function fromChat(body: Json) {
  return decodeRequest('openai-chat', sentTo('openai-chat', body))
}

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

fieldCases('client traps', ({ check }) => {
  for (const dialect of ingressIds) {
    for (const name of ['authorization', 'x-api-key', 'x-goog-api-key'])
      check(`1 · the key of the gateway as ${name} is taken and stays here · ${dialect}`, [dialect], async () => {
        const app = locked(() => jsonAnswer(refused, 400))
        const { path, json } = asks(dialect, 'chat', false)
        const sent = (token: string): string => (name === 'authorization' ? `Bearer ${token}` : token)
        expect((await app.request(path, { json, headers: { [name]: sent(clientKey) } })).status).toBe(400)
        expect(JSON.stringify(app.sent)).not.toContain(clientKey)
        expect((await app.request(path, { json, headers: { [name]: sent(`${clientKey}x`) } })).status).toBe(401)
      })
  }
  check(
    '1 · the key of the gateway in the URL is taken on Gemini paths and does not go upstream',
    ['gemini', 'openai-chat'],
    async () => {
      const app = locked(() => jsonAnswer(chatAnswer))
      const { path, json } = asks('gemini', 'chat', false)
      expect((await app.request(`${path}?key=${clientKey}`, { json })).status).toBe(200)
      expect(app.sent[0]?.url).not.toContain('key=')
    },
  )

  check(
    '2 · a translated request to Anthropic is pinned to a version and has a limit',
    ['openai-chat', 'anthropic-messages'],
    async () => {
      const app = gateway(() => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, 400))
      const json = { ...asks('openai-chat', 'messages', false).json, temperature: 0.5 }
      await app.request('/v1/chat/completions', { json, headers: { 'anthropic-version': '2026-10-21' } })
      expect(app.sent[0]?.headers).toMatchObject({ 'anthropic-version': '2023-06-01' })
      expect(Number(sentBody(app)['max_tokens'])).toBeGreaterThan(0)
    },
  )

  for (const path of ['/v1/responses', '/v1/chat/completions'])
    check(`3 · an upgrade to WebSocket is answered 426 · ${path}`, ['openai-chat'], async () => {
      const response = await gateway(undefined).request(path, {
        method: 'GET',
        headers: { connection: 'Upgrade', upgrade: 'websocket' },
      })
      expect(response.status).toBe(426)
    })

  check('4 · ids that Anthropic refuses are made legal, and stay pairs', ['openai-chat', 'anthropic-messages'], () => {
    const ir = fromChat(parallelCalls(['functions.add:0', 'functions.add:1']))
    const { body } = encodeRequest('anthropic-messages', ir).sent
    expect(wires['anthropic-messages'].requests.problems(body)).toEqual([])
    expect(JSON.stringify(body)).not.toMatch(/"(?:id|tool_use_id)":"[^"]*[^"a-zA-Z0-9_-][^"]*"/)
  })
  check('4 · calls of Gemini get ids, and results find the name again', ['gemini', 'openai-chat'], () => {
    const parts = ['first', 'second'].map((name): Json[] => [{ functionCall: { name, args: {} } }])
    const { view } = translated('gemini', 'openai-chat', geminiStream(parts))
    const ids = view.tools.map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
    const messages = [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        tool_calls: view.tools.map(({ id, name }) => chatCall(undefined, id, name, '{}')),
      },
      // In another order than they were called.
      ...view.tools.toReversed().map(({ id, name }) => ({ role: 'tool', tool_call_id: id, content: `of ${name}` })),
    ]
    const contents = list(encodeRequest('gemini', fromChat({ model: 'm', messages })).sent.body['contents']).map(record)
    const results = list(contents[2]?.['parts']).map((part) => record(record(part)['functionResponse']))
    expect(results.map(({ name, response }) => [name, JSON.stringify(response).includes(`of ${text(name)}`)])).toEqual(
      expect.arrayContaining([
        ['first', true],
        ['second', true],
      ]),
    )
  })

  for (const target of withTools.filter((id) => !id.startsWith('openai')))
    check(
      `5 · the results of one turn are one turn, and so is what follows them · ${target}`,
      ['openai-chat', target],
      () => {
        const { body } = encodeRequest(target, fromChat(parallelCalls(['call_1', 'call_2']))).sent
        expect(wires[target].requests.problems(body)).toEqual([])
        const turns = list(body['messages'] ?? body['contents']).map((turn) => text(record(turn)['role']))
        expect(turns).toHaveLength(3)
      },
    )
  for (const target of ['bedrock-converse', 'anthropic-messages'] as const)
    check(`5 · two turns of one speaker in a row are one · ${target}`, ['openai-chat', target], () => {
      const messages = ['a', 'b'].map((content) => ({ role: 'user', content }))
      const { body } = encodeRequest(target, fromChat({ model: 'm', messages })).sent
      expect(list(body['messages'])).toHaveLength(1)
      expect(wires[target].requests.view(body).map(({ value }) => value)).toEqual(['a', 'b'])
    })

  const signed = [
    { type: 'thinking', text: 'Hm.', signature },
    { type: 'text', text: 'Hello' },
  ] as const
  const streams: Readonly<Partial<Record<GenerativeId, () => ReturnType<typeof anthropicStream>>>> = {
    'anthropic-messages': () => anthropicStream(signed),
    'openai-responses': () => responsesStream(signed),
    gemini: () => geminiStream([signed.map(geminiPart)]),
    'bedrock-converse': () => bedrockStream(signed),
  }
  for (const [dialect, stream] of Object.entries(streams) as [GenerativeId, () => ReturnType<typeof anthropicStream>][])
    check(`6 · a signature comes back on its own wire · ${dialect}`, [dialect], () => {
      expect(JSON.stringify(translated(dialect, dialect, stream()).body)).toContain(signature)
    })

  check(
    '7 · a chat client is told the sum of what Anthropic tells apart',
    ['anthropic-messages', 'openai-chat'],
    () => {
      const frames = anthropicStream([{ type: 'text', text: 'Hello' }]).map((frame) => ({
        ...frame,
        data: frame.data.replace(
          '"input_tokens":9',
          '"input_tokens":9,"cache_read_input_tokens":100,"cache_creation_input_tokens":10',
        ),
      }))
      expect(translated('anthropic-messages', 'openai-chat', frames).view.usage).toMatchObject({
        input: 119,
        cached: 100,
      })
    },
  )
  check('7 · the thoughts of Gemini are output', ['gemini', 'openai-chat'], () => {
    const frames = geminiStream([[{ text: 'Hello' }]]).map((frame) => ({
      data: frame.data.replace('"candidatesTokenCount":5', '"candidatesTokenCount":5,"thoughtsTokenCount":20'),
    }))
    expect(translated('gemini', 'openai-chat', frames).view.usage).toMatchObject({ output: 25, reasoning: 20 })
  })
  check('7 · the counters that Bedrock tells behind the end arrive', ['bedrock-converse', 'openai-chat'], () => {
    const frames = bedrockStream([{ type: 'text', text: 'Hello' }])
    expect(translated('bedrock-converse', 'openai-chat', frames).view.usage).toMatchObject({ input: 9, output: 5 })
  })

  for (const target of others('openai-chat'))
    check(`8 · a refusal is one on every wire · openai-chat → ${target}`, ['openai-chat', target], () => {
      const { view } = translated('openai-chat', target, chatStream([{ refusal: 'I will not.' }]))
      expect(view).toMatchObject({ text: 'I will not.', saidFinish: 'filter' })
    })
  for (const target of others('gemini'))
    check(`8 · SAFETY is a refusal on every wire · gemini → ${target}`, ['gemini', target], () => {
      const { view } = translated('gemini', target, geminiStream([[{ text: 'I' }]], 'SAFETY'))
      expect(view.saidFinish).toBe('filter')
    })

  for (const dialect of ingressIds) {
    check(
      `9 · an error before the first byte is a status in the client's words · ${dialect}`,
      [dialect, 'openai-chat'],
      async () => {
        const app = gateway(() =>
          jsonAnswer({ error: { message: 'slow down', type: 'rate_limit_error' } }, 429, { 'retry-after': '7' }),
        )
        const { path, json } = asks(dialect, 'chat')
        const response = await app.request(path, { json })
        expect(response.status).toBe(429)
        expect(response.headers.get('retry-after')).toBe('7')
        const body = (await response.json()) as Json
        const found = errorWires[dialect].problems(body, Object.fromEntries(response.headers), 429)
        expect(found.filter((problem) => problem !== 'no request_id')).toEqual([])
      },
    )
    check(`9 · an error after it is one in the stream, and no end · ${dialect}`, [dialect, 'openai-chat'], async () => {
      const begun = sse(chatStream([{ content: 'Hel' }])).slice(0, 2)
      const app = gateway(() => streamAnswer([...begun, 'data: {"error":{"message":"overloaded","code":503}}\n\n']))
      const { path, json } = asks(dialect, 'chat')
      const frames = framesIn(await (await app.request(path, { json })).text())
      expect(wires[dialect].streams.errors(frames)).toHaveLength(1)
      expect(wires[dialect].streams.hasTerminator(frames)).toBe(false)
    })
  }

  check('10 · a client that leaves takes the call with it', ['openai-chat'], async () => {
    const answer = streamAnswer(sse(chatStream([{ content: 'Hel' }])).slice(0, 2), 'hang')
    const app = gateway(() => answer)
    const { path, json } = asks('openai-chat', 'chat')
    const reader = (await app.request(path, { json })).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await app.clock.advance(1)
    expect(answer.source.cancelled()).toBe(true)
  })

  for (const dialect of ingressIds.filter((id) => id !== 'openai-chat'))
    check(
      `11 · a stream of another wire is one of the client's, to the last line · ${dialect}`,
      [dialect, 'openai-chat'],
      async () => {
        const stream = chatStream([{ content: 'Hel' }, { content: 'lo' }], 'stop', chatAnswer.usage)
        const app = gateway(() => streamAnswer(sse(stream)))
        const { path, json } = asks(dialect, 'chat')
        const written = await (await app.request(path, { json })).text()
        expect(written.split('\n').filter((line) => line !== '' && !/^(?:event|data): \S|^:/.test(line))).toEqual([])
        const frames = framesIn(written)
        expect(wires[dialect].streams.problems(frames)).toEqual([])
        expect(frames.some((frame) => frame.data === '[DONE]')).toBe(dialect === 'openai-completions')
      },
    )

  check(
    '12 · arguments that are cut in the middle of a character are whole',
    ['openai-chat', 'anthropic-messages'],
    async () => {
      const calls = ['{"city":"Ål', 'esund 🙂"}'].map((args, index) => ({
        tool_calls: [
          index === 0 ? chatCall(0, 'call_1', 'get_weather', args) : { index: 0, function: { arguments: args } },
        ],
      }))
      const bytes = new TextEncoder().encode(sse(chatStream(calls, 'tool_calls')).join(''))
      const cut = bytes.indexOf(0xf0) + 2
      const halves = [bytes.slice(0, cut), bytes.slice(cut)]
      const app = gateway(() => {
        let next = 0
        return {
          ...streamAnswer([]),
          body: { read: () => Promise.resolve(halves[next++]), cancel: () => Promise.resolve() },
        }
      })
      const { path, json } = asks('anthropic-messages', 'chat')
      const { assemble } = wires['anthropic-messages'].streams
      const body = assemble(framesIn(await (await app.request(path, { json })).text()))
      expect(wires['anthropic-messages'].answers.view(body).tools[0]?.input).toEqual({ city: 'Ålesund 🙂' })
    },
  )

  check('13 · a client is told not to try again what was tried again', ['openai-chat'], async () => {
    const app = gateway(() => jsonAnswer({ error: { message: 'no' } }, 503), {
      routes: {
        pair: {
          targets: [
            { name: 'a', provider: 'chat', model: 'm', priority: 1 },
            { name: 'b', provider: 'responses', api_format: 'openai_responses', model: 'm', priority: 2 },
          ],
        },
      },
    })
    const response = await app.request('/v1/chat/completions', { json: asks('openai-chat', 'pair', false).json })
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(response.headers.get('x-should-retry')).toBe('false')
  })

  for (const dialect of ingressIds)
    check(`14 · a model that nobody has is 404 in the client's words · ${dialect}`, [dialect], async () => {
      const { path, json } = asks(dialect, 'claude-haiku-4-5-20251001', false)
      const response = await gateway(undefined).request(path, { json })
      expect(response.status).toBe(404)
      const found = errorWires[dialect].problems(
        (await response.json()) as Json,
        Object.fromEntries(response.headers),
        404,
      )
      expect(found.filter((problem) => problem !== 'no request_id')).toEqual([])
    })
  check('14 · a model with a slash and a colon is one in a path', ['gemini', 'openai-chat'], async () => {
    const app = gateway(() => jsonAnswer(chatAnswer), {
      routes: { 'meta/llama-3:free': { targets: [{ provider: 'chat', model: 'up' }] } },
    })
    for (const model of ['meta/llama-3:free', 'meta/llama-3%3Afree']) {
      const { path, json } = asks('gemini', model, false)
      expect((await app.request(path, { json })).status, model).toBe(200)
    }
  })

  const agentTools: Json = {
    model: 'm',
    max_tokens: 10,
    context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'system', content: 'The tools have changed.' },
      { role: 'user', content: 'go on' },
    ],
    tools: [
      { name: 't', input_schema: { type: 'object', properties: {} }, defer_loading: true, eager_input_streaming: true },
    ],
  }
  for (const target of others('anthropic-messages').filter((id) => withTools.includes(id)))
    check(
      `15 · what newer agents say is tolerated, and named as lost · anthropic-messages → ${target}`,
      ['anthropic-messages', target],
      () => {
        const ir = decodeRequest('anthropic-messages', sentTo('anthropic-messages', agentTools))
        const { sent, losses } = encodeRequest(target, ir)
        expect([
          ...wires[target].requests.schemaErrors(sent.body),
          ...wires[target].requests.problems(sent.body),
        ]).toEqual([])
        const paths = losses.map(({ path }) => path)
        expect(paths).toEqual(
          expect.arrayContaining(['context_management', 'tools[0].defer_loading', 'tools[0].eager_input_streaming']),
        )
        const texts = wires[target].requests.view(sent.body).map(({ value }) => text(value))
        expect(texts.some((entry) => entry.includes('The tools have changed.'))).toBe(true)
      },
    )
  for (const target of others('openai-responses').filter((id) => withTools.includes(id)))
    check(
      `15 · the tools of a namespace are flattened, a search is named as lost · openai-responses → ${target}`,
      ['openai-responses', target],
      () => {
        const tool = { type: 'function', name: 'look', parameters: schema }
        const tools = [
          { type: 'namespace', name: 'files', description: 'Files', tools: [tool] },
          { type: 'web_search' },
        ]
        const body = { model: 'm', input: 'hi', tools, store: false, include: ['reasoning.encrypted_content'] }
        const { sent, losses } = encodeRequest(
          target,
          decodeRequest('openai-responses', sentTo('openai-responses', body)),
        )
        const sentTools = list(wires[target].requests.intent(sent.body).tools)
        const paths = losses.map(({ path }) => path)
        expect(sentTools.length === 1 || paths.some((path) => path.startsWith('tools[0]'))).toBe(true)
        expect(paths.some((path) => path.startsWith('tools[1]'))).toBe(true)
      },
    )

  const spellings: readonly { readonly from: GenerativeId; readonly body: Json }[] = [
    {
      from: 'openai-chat',
      body: { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } },
    },
    { from: 'openai-responses', body: { text: { format: { type: 'json_schema', name: 'a', schema } } } },
    { from: 'anthropic-messages', body: { output_config: { format: { type: 'json_schema', schema } } } },
    {
      from: 'gemini',
      body: { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema } },
    },
  ]
  for (const { from, body } of spellings)
    for (const target of others(from).filter((id) => withTools.includes(id)))
      check(`16 · a wanted shape is one on every wire · ${from} → ${target}`, [from, target], () => {
        const { json } = asks(from, 'm', false)
        const ir = decodeRequest(from, sentTo(from, { ...json, ...body }, { model: 'm', stream: false }))
        const { sent } = encodeRequest(target, ir)
        expect(wires[target].requests.intent(sent.body).format).toMatchObject(schema)
        expect(wires[target].requests.schemaErrors(sent.body)).toEqual([])
      })
  for (const target of withTools.filter((id) => id !== 'anthropic-messages'))
    check(
      `16 · a shape that is asked for with one forced tool stays that · anthropic-messages → ${target}`,
      ['anthropic-messages', target],
      () => {
        const body = {
          ...asks('anthropic-messages', 'm', false).json,
          tools: [{ name: 'json', input_schema: schema }],
          tool_choice: { type: 'any', disable_parallel_tool_use: true },
        }
        const ir = decodeRequest('anthropic-messages', sentTo('anthropic-messages', body))
        const said = wires[target].requests.intent(encodeRequest(target, ir).sent.body)
        expect(list(said.tools)).toHaveLength(1)
        expect(['required', 'json']).toContain(said.toolChoice)
      },
    )
})

// One suite for all runtimes: each contributes a name and the things its platform cannot do, with the reason.
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayProcess, type GatewayProcess, type RuntimeName } from '../support/gateway-process.ts'
import { readAlong } from '../support/stream-grammar.ts'
import { clientWires, upstreamFormats } from './wires.ts'
import { chatChunk, json, messageStream, silence, startUpstream, stream, type Upstream } from '../support/upstream.ts'

/** A deviation of one runtime: the tests it leaves out, and why. */
export interface Skip {
  readonly reason: string
  readonly tests: readonly string[]
}

const key = 'sbx_test_client_0f3a9c5e7d214b68'
const adminKey = 'sbx_test_admin_0f3a9c5e7d214b68'
const providerKey = 'sk-upstream-0123456789abcdef'
const heartbeatMs = 300

function configFor(upstream: Upstream): object {
  const local = { allow_private: true, allow_http: true }
  return {
    config_version: 1,
    server: { heartbeat_ms: heartbeatMs, limits: { body_timeout_ms: 2000 } },
    keys: [
      { id: 'test', env: 'SIGNALBOX_KEY_TEST', roles: ['client'] },
      { id: 'ops', env: 'SIGNALBOX_KEY_OPS', roles: ['admin'] },
    ],
    credentials: { upstream: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' } },
    providers: {
      mock: { type: 'mock' },
      ...Object.fromEntries(upstreamFormats.map((format) => [format, { type: 'mock', api_formats: [format] }])),
      chat: {
        type: 'openai_compatible',
        base_url: `${upstream.url}/v1`,
        api_formats: ['openai_chat'],
        accounts: [{ id: 'a', credential: 'upstream' }],
        ...local,
      },
      claude: { type: 'anthropic', base_url: upstream.url, accounts: [{ id: 'a', credential: 'upstream' }], ...local },
    },
    routes: {
      chat: { match: { model: 'chat-*' }, targets: [{ provider: 'chat', model: '*' }] },
      claude: { match: { model: 'claude-*' }, targets: [{ provider: 'claude', model: '*' }] },
      renamed: { targets: [{ provider: 'chat', model: 'chat-real-name' }] },
      fallback: {
        targets: [
          { name: 'first', provider: 'chat', model: 'chat-broken', priority: 1 },
          { name: 'second', provider: 'mock', model: 'echo', priority: 2 },
        ],
      },
    },
    storage: { kind: 'memory' },
  }
}

/** Declares the suite for one runtime. */
export function describeRuntime(runtime: RuntimeName, skips: readonly Skip[] = []): void {
  describe(`the gateway on ${runtime}`, () => {
    let upstream: Upstream
    let gateway: GatewayProcess

    beforeAll(async () => {
      upstream = await startUpstream()
      gateway = await startGatewayProcess(runtime, {
        config: configFor(upstream),
        env: {
          SIGNALBOX_KEY_TEST: key,
          SIGNALBOX_KEY_OPS: adminKey,
          UPSTREAM_KEY: providerKey,
          SIGNALBOX_KEK: `smoke:${Buffer.alloc(32, 7).toString('base64')}`,
        },
      })
    })
    afterAll(async () => {
      await gateway?.stop()
      await upstream?.close()
    })

    function test(name: string, run: () => Promise<void>): void {
      const skip = skips.find((one) => one.tests.includes(name))
      if (skip === undefined) it(name, run)
      else it.skip(`${name} (${skip.reason})`, run)
    }

    const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
      fetch(gateway.url + path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          ...(init.headers as Record<string, string>),
        },
      })
    // A stream that Signalbox wrote itself has to be legal where it is read.
    const isWritten = (model: string, other: string): boolean =>
      model === 'fallback' || model.startsWith('mock/') || model.startsWith(other)
    const chat = async (model: string, extra: object = {}, init: RequestInit = {}): Promise<Response> => {
      const body = { model, messages: [{ role: 'user', content: 'hello there' }], ...extra }
      const response = await post('/v1/chat/completions', body, init)
      return isWritten(model, 'claude-') ? readAlong('openai-chat', response) : response
    }
    const messages = async (model: string, extra: object = {}, init: RequestInit = {}): Promise<Response> => {
      const body = { model, max_tokens: 100, messages: [{ role: 'user', content: 'hello there' }], ...extra }
      const response = await post('/v1/messages', body, init)
      return isWritten(model, 'chat-') ? readAlong('anthropic-messages', response) : response
    }

    test('speaks every wire to every wire, streamed and whole', async () => {
      for (const wire of clientWires)
        for (const format of upstreamFormats)
          for (const streamed of [true, false]) {
            const model = `${format}/echo`
            const where = `${wire.id} to ${format}, ${streamed ? 'streamed' : 'whole'}`
            const asked = await post(wire.path(model, streamed), wire.body(model, 'Grüße, 世界', streamed))
            const response = streamed ? readAlong(wire.id, asked) : asked
            const text = await response.text()
            expect([where, response.status]).toEqual([where, 200])
            expect(text, where).toContain('世界')
          }
    })

    test('brings signed thoughts back to the provider that signed them, whatever the client speaks', async () => {
      for (const wire of clientWires)
        for (const format of ['anthropic_messages', 'gemini', 'bedrock_converse', 'openai_responses']) {
          const model = `${format}/signed`
          const path = wire.path(model, false)
          const first = await post(path, wire.withTool(model, 'weather?'))
          const answer = (await first.json()) as Record<string, unknown>
          const second = await post(path, wire.withTool(model, 'weather?', answer))
          // The mock refuses a conversation whose signature did not come back as it was.
          expect([wire.id, format, first.status, second.status, await second.text()]).toEqual([
            wire.id,
            format,
            200,
            200,
            expect.stringContaining('sunny'),
          ])
        }
    })

    test('writes one JSON array for a client of Gemini that asks for no events', async () => {
      const response = await post('/v1beta/models/bedrock_converse/echo:streamGenerateContent', {
        contents: [{ role: 'user', parts: [{ text: 'one two' }] }],
      })
      expect(response.headers.get('content-type')).toContain('application/json')
      const chunks = (await response.json()) as { candidates: { content: { parts: { text?: string }[] } }[] }[]
      const text = chunks.flatMap((chunk) => chunk.candidates[0]?.content.parts.map((part) => part.text) ?? []).join('')
      expect(text).toContain('one two')
    })

    test('counts tokens and embeds', async () => {
      const counted = await post('/v1/messages/count_tokens', {
        model: 'gemini/echo',
        messages: [{ role: 'user', content: 'one two' }],
      })
      expect([counted.status, counted.headers.get('x-signalbox-token-count')]).toEqual([200, 'reported'])
      const embedded = await post('/v1/embeddings', { model: 'gemini/e', input: ['one'], encoding_format: 'base64' })
      expect(((await embedded.json()) as { data: { embedding: unknown }[] }).data[0]?.embedding).toBeTypeOf('string')
    })

    test('answers health to everybody and nothing else without a key', async () => {
      expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
      for (const path of ['/v1/models', '/v1/chat/completions', '/admin/v1/status', '/nothing-here', '/'])
        expect((await fetch(gateway.url + path)).status).toBe(401)
      const wrong = await chat('mock/echo', {}, { headers: { authorization: 'Bearer sbx_wrong_0000000000000000000' } })
      expect(wrong.status).toBe(401)
    })

    test('lists models in both shapes', async () => {
      const openai = await (await fetch(`${gateway.url}/v1/models`, { headers: { 'x-api-key': key } })).json()
      expect(openai).toMatchObject({ object: 'list' })
      expect(openai.data.map((model: { id: string }) => model.id)).toContain('renamed')
      const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
      const anthropic = await (await fetch(`${gateway.url}/v1/models`, { headers })).json()
      expect(anthropic).toMatchObject({ has_more: false })
      expect(anthropic.data[0]).toMatchObject({ type: 'model' })
    })

    test('echoes through the mock on both dialects, streamed and not', async () => {
      expect((await (await chat('mock/echo')).json()).choices[0].message.content).toBe('echo: hello there')
      expect((await (await messages('mock/echo')).json()).content[0].text).toBe('echo: hello there')
      const chatText = await (await chat('mock/echo', { stream: true })).text()
      expect(chatText).toContain('data: [DONE]\n\n')
      expect(chatText).not.toContain('"usage"')
      const messageText = await (await messages('mock/echo', { stream: true })).text()
      expect(messageText).toMatch(/event: message_stop\n/)
    })

    test('translates a Chat client to an Anthropic provider and back, streamed', async () => {
      const script = messageStream(['Hel', 'lo 🙂'])
      upstream.on('claude-1', stream([...script.open, ...script.close]))
      const text = await (await chat('claude-1', { stream: true, stream_options: { include_usage: true } })).text()
      const chunks = text
        .split('\n\n')
        .filter((line) => line.startsWith('data: {'))
        .map((line) => JSON.parse(line.slice(6)))
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello 🙂')
      expect(chunks.at(-1).usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 5 })
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
      const [seen] = upstream.of('claude-1')
      expect(seen?.path).toBe('/v1/messages')
      expect(seen?.headers['x-api-key']).toBe(providerKey)
      expect(seen?.headers.authorization).toBeUndefined()
    })

    test('translates an Anthropic client to a Chat provider and back', async () => {
      upstream.on(
        'chat-1',
        json({
          id: 'c1',
          object: 'chat.completion',
          created: 1,
          model: 'up',
          choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 4, completion_tokens: 1, total_tokens: 5 },
        }),
      )
      const answer = await (await messages('chat-1')).json()
      expect(answer).toMatchObject({
        type: 'message',
        content: [{ type: 'text', text: 'hi' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 4, output_tokens: 1 },
      })
      expect(upstream.of('chat-1')[0]?.headers.authorization).toBe(`Bearer ${providerKey}`)
    })

    test('passes request bytes on untouched but for the model name', async () => {
      const body =
        '{ "model" : "renamed",\n "seed":9007199254740993, "temperature":1.0,"x_vendor":{"b":1,"a":[1e2,-0.0]},"messages":[{"content":"\\u00e4 \\/ \ud83d\ude42 ünï","role":"user"}]}'
      upstream.on(
        'chat-real-name',
        json('{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}'),
      )
      await post('/v1/chat/completions', body)
      const [seen] = upstream.of('chat-real-name')
      expect(seen?.body.toString('utf8')).toBe(body.replace('"renamed"', '"chat-real-name"'))
    })

    test('passes response bytes on untouched, streamed and not, unknown events and big integers included', async () => {
      const raw =
        '{ "id":"x", "n":12345678901234567890, "choices":[{"index":0,"message":{"role":"assistant","content":"\\u00e4","new_field":1.0},"finish_reason":"stop"}]}'
      upstream.on('chat-raw', json(raw))
      expect(await (await chat('chat-raw')).text()).toBe(raw)
      const script = messageStream(['one', 'two'])
      const pieces = [
        ...script.open,
        ': a comment\n\n',
        'event: brand_new\ndata: {"type":"brand_new","n":12345678901234567890}   \n\n',
        'event: ping\r\ndata: {"type": "ping"}\r\n\r\n',
        ...script.close,
      ]
      upstream.on('claude-raw', stream(pieces))
      expect(await (await messages('claude-raw', { stream: true })).text()).toBe(pieces.join(''))
    })

    test('asks for usage in a stream and hides it from a client that did not', async () => {
      const usage = { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }
      const pieces = [chatChunk({ role: 'assistant', content: 'a' }), chatChunk({}, 'stop')]
      const usageChunk = `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [], ...usage })}\n\n`
      upstream.on('chat-usage', stream([...pieces, usageChunk, 'data: [DONE]\n\n']))
      expect(await (await chat('chat-usage', { stream: true })).text()).toBe(`${pieces.join('')}data: [DONE]\n\n`)
      expect(JSON.parse(upstream.of('chat-usage')[0]?.body.toString() ?? '')).toMatchObject({
        stream_options: { include_usage: true },
      })
      const asked = await (await chat('chat-usage', { stream: true, stream_options: { include_usage: true } })).text()
      expect(asked).toContain(usageChunk)
    })

    test('falls to the next target before the first byte', async () => {
      upstream.on('chat-broken', json({ error: { message: 'down' } }, 503))
      const response = await chat('fallback', { stream: true })
      expect(response.status).toBe(200)
      expect(response.headers.get('x-used-fallback')).toBe('true')
      expect(response.headers.get('x-used-provider')).toBe('mock')
      expect(await response.text()).toContain('hello')
    })

    test('ends an answer that was cut with an error event and never with a success terminator', async () => {
      upstream.on('chat-cut', stream([chatChunk({ role: 'assistant', content: 'half' }), 'data: {"id":"unfin'], 'cut'))
      const text = await (await chat('chat-cut', { stream: true })).text()
      expect(text).toContain('half')
      expect(text).toContain('"error"')
      expect(text).not.toContain('unfin')
      expect(text).not.toContain('[DONE]')
      const script = messageStream(['half'])
      upstream.on('claude-cut', stream(script.open, 'cut'))
      const anthropic = await (await messages('claude-cut', { stream: true })).text()
      expect(anthropic).toMatch(/event: error\ndata: \{"type":"error"/)
      expect(anthropic).not.toContain('message_stop')
      // And translated, where an upstream that merely closes is just as broken.
      upstream.on('claude-closed', stream(script.open))
      const translated = await (await chat('claude-closed', { stream: true })).text()
      expect(translated).toContain('"error"')
      expect(translated).not.toContain('[DONE]')
    })

    test('closes the upstream within a second when the client leaves before the first byte', async () => {
      upstream.on('chat-silent', silence)
      for (const extra of [{ stream: true }, {}]) {
        const before = upstream.of('chat-silent').length
        const leave = new AbortController()
        const asked = chat('chat-silent', extra, { signal: leave.signal }).catch(() => 'gone')
        await until(() => upstream.of('chat-silent').length > before)
        leave.abort()
        await within(1000, upstream.of('chat-silent')[before]?.aborted)
        expect(await asked).toBe('gone')
      }
    })

    test('closes the upstream within a second when the client leaves in the middle of a stream', async () => {
      for (const [model, ask, pieces] of [
        ['chat-held', chat, [chatChunk({ role: 'assistant', content: 'a' })]],
        ['claude-held', chat, messageStream(['a']).open],
      ] as const) {
        upstream.on(model, stream(pieces, 'hold'))
        const leave = new AbortController()
        const response = await ask(model, { stream: true }, { signal: leave.signal })
        const reader = response.body?.getReader()
        await reader?.read()
        leave.abort()
        await within(1000 + heartbeatMs, upstream.of(model)[0]?.aborted)
      }
    })

    test('does not read ahead of a client that has stopped reading', async () => {
      let sent = 0
      upstream.on('chat-endless', (response, received) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const chunk = chatChunk({ content: 'x'.repeat(16_000) })
        let stopped = false
        void received.aborted.then(() => (stopped = true))
        const pump = (): void => {
          while (!stopped) {
            sent += chunk.length
            if (!response.write(chunk)) return void response.once('drain', pump)
          }
        }
        pump()
      })
      const socket = await stalledClient(gateway.url, {
        model: 'chat-endless',
        stream: true,
        messages: [{ role: 'user', content: 'x' }],
      })
      await settled(() => sent)
      // Socket buffers on both hops hold a few megabytes; the endless stream behind them stands still.
      expect(sent).toBeLessThan(32_000_000)
      socket.destroy()
      await within(3000, upstream.of('chat-endless')[0]?.aborted)
    })

    test('sends a heartbeat between events while the upstream is silent, whatever its line ends', async () => {
      const lf = chatChunk({ role: 'assistant', content: 'a' })
      for (const [model, first] of [
        ['chat-lf', lf],
        ['chat-crlf', lf.replaceAll('\n', '\r\n')],
      ] as const) {
        upstream.on(model, async (response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(first)
          response.write('data: {"id":')
          await new Promise((resolve) => setTimeout(resolve, heartbeatMs * 2.5))
          response.end(`"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`)
        })
        const text = await (await chat(model, { stream: true })).text()
        const pings = text.split(': ping\n\n')
        expect(pings.length).toBeGreaterThan(1)
        expect(pings.join('')).toBe(
          `${first}data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
        )
      }
    })

    test('answers bad input in the dialect of the path', async () => {
      const openai = await post('/v1/chat/completions', '{"model":')
      expect(openai.status).toBe(400)
      expect((await openai.json()).error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_json' })
      const anthropic = await post('/v1/messages', '{"model":"mock/echo","messages":[],"max_tokens":5}')
      expect(anthropic.status).toBe(400)
      expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
      const unknown = await chat('nobody-knows-me')
      expect(unknown.status).toBe(404)
    })

    test('refuses web pages of other sites and hosts that are not its own', async () => {
      const page = await chat('mock/echo', {}, { headers: { origin: 'https://evil.example' } })
      expect(page.status).toBe(403)
      const credential = `Authorization: Bearer ${key}`
      // By hand on the socket: a client library may drop this header, and then nothing would be tested.
      const ownHost = `Host: ${new URL(gateway.url).host}`
      const cross = await rawAnswer(gateway.url, [ownHost, credential, 'Sec-Fetch-Site: cross-site'])
      expect(cross).toMatch(/^HTTP\/1\.1 403/)
      expect(await rawAnswer(gateway.url, [ownHost, credential])).toMatch(/^HTTP\/1\.1 200/)
      const foreign = await rawAnswer(gateway.url, ['Host: evil.example', credential])
      // A Worker answers for any name unless names were configured: it has a key and is never on a private network.
      if (runtime !== 'workerd') expect(foreign).toMatch(/^HTTP\/1\.1 (?:400|421)/)
      // Some runtimes read a path out of this; whatever they make of it must not be the list that was asked for.
      const confused = await rawAnswer(gateway.url, ['Host: 127.0.0.1/health?x=', credential])
      expect(confused).not.toContain('"object":"list"')
    })

    test('writes one trace per request, without the prompt, and shows it to an operator only', async () => {
      const response = await chat('mock/echo', { messages: [{ role: 'user', content: 'canary-5f2c' }] })
      const id = response.headers.get('x-signalbox-request-id')
      expect(id).toMatch(/^req_[a-z0-9]{24}$/)
      const admin = { headers: { authorization: `Bearer ${adminKey}` } }
      let shown: { ok?: boolean; data?: Record<string, unknown> } = {}
      await until(async () => {
        shown = await (await post('/admin/v1/trace-show', { request_id: id }, admin)).json()
        return shown.ok === true
      })
      expect(JSON.stringify(shown)).not.toContain('canary-5f2c')
      expect(JSON.stringify(shown)).toContain('succeeded')
      expect((await post('/admin/v1/trace-show', { request_id: id })).status).toBe(403)
    })
  })
}

/** Waits until a condition holds, at most five seconds. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition never held')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Fails where the promise takes longer. */
async function within(ms: number, promise: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}

/** Waits until a counter has stood still for a while. */
async function settled(value: () => number): Promise<void> {
  let last = -1
  for (let still = 0; still < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    still = value() === last ? still + 1 : 0
    last = value()
  }
}

/** A client that reads the first bytes of the answer and then nothing more. */
function stalledClient(url: string, body: object) {
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const request = httpRequest(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      response.once('data', () => {
        response.pause()
        resolve(response.socket)
      })
    })
    request.end(JSON.stringify(body))
  })
}

/** The answer to a request whose head is written by hand; empty where the connection is closed without one. */
function rawAnswer(url: string, headers: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET /v1/models HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`)
    })
    const done = (): void => resolve(text)
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('close', done)
    socket.on('error', done)
  })
}

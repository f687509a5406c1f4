// F-35, F-40, F-57, F-73, F-79, F-81 and F-83: what takes more than one request to see, or another clock.
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { probeLeaseMs, breakerPhase } from '../../src/policy/breaker.ts'
import { createSlots } from '../../src/coordination/slots.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { chatProvider, createTestApp, jsonAnswer, pieces, streamAnswer, type TestApp } from '../support/app.ts'
import { parts, sample } from '../support/full-run.ts'
import { chatAnswer, chatChunk, messageStream } from '../support/upstream.ts'
import { chatEvents } from './answers.ts'
import { chunk, headOf, startFaultUpstream } from './fault-upstream.ts'
import { attemptsOf, startLiveGateway } from './live-gateway.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

type Upstream = (request: FetchRequest, app: () => TestApp) => FetchResponse | Promise<FetchResponse>

/** A route `all` over these providers, in this order. */
function appOver(names: readonly string[], upstream: Upstream, route: object = {}): TestApp {
  const app: TestApp = createTestApp({
    config: {
      config_version: 1,
      providers: Object.fromEntries(names.map((name) => [name, chatProvider(name, { auth_scheme: { kind: 'none' } })])),
      routes: {
        all: { targets: names.map((name, index) => ({ name, provider: name, model: 'm', priority: index })), ...route },
      },
      storage: { kind: 'memory' },
    },
    upstream: (request) => upstream(request, () => app),
  })
  return app
}

const messages = [{ role: 'user', content: 'hi' }]

async function ask(app: TestApp, stream = false): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await app.request('/v1/chat/completions', { json: { model: 'all', messages, stream } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function callsOf(app: TestApp, name: string): number {
  return app.sent.filter(({ url }) => url.startsWith(`https://${name}.`)).length
}

describe('a stream cut anywhere', () => {
  const bytes = new TextEncoder().encode(chatEvents('grüße an 🙂 alle').join(''))
  const offsets = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)

  const cuts = sample(offsets, 100)
  const paths = ['/v1/chat/completions', '/v1/messages', '/v1/responses']
  const table = paths.flatMap((path) => parts(cuts.length, 250).map(([part]) => [path, part] as const))

  it.each(table)(
    'F-40 · is the same answer for a client of %s, whatever the offset of the cut: part %d',
    async (path, part) => {
      const input = path.endsWith('responses') ? { input: 'hi' } : { messages, max_tokens: 50 }
      const answers = new Set<string>()
      // And uncut.
      for (const at of [bytes.length, ...cuts.slice((part - 1) * 250, part * 250)]) {
        const chunks = [bytes.slice(0, at), bytes.slice(at)].filter(({ length }) => length > 0)
        let next = 0
        const body = { ...pieces([]), read: () => Promise.resolve(chunks[next++]) }
        const app = appOver(['one'], () => ({ ...streamAnswer([]), body }))
        const response = await app.request(path, { json: { model: 'all', stream: true, ...input } })
        // Ids of our own making count up with the requests of an app.
        answers.add(await response.text())
      }
      expect(answers.size).toBe(1)
      expect([...answers].join()).toContain('🙂')
    },
  )
})

describe('a target that breaks off', () => {
  it('F-35 · three times in a row is left alone for five minutes', async () => {
    const app = appOver(['one', 'two'], ({ url }) =>
      streamAnswer(url.includes('one') ? chatEvents('a b c').slice(0, 3) : chatEvents('well')),
    )
    for (let count = 0; count < 3; count++) expect((await ask(app, true)).text).toContain('stream_truncated')
    expect((await ask(app, true)).text).toContain('well')
    await app.clock.advance(299_000)
    expect((await ask(app, true)).text).toContain('well')
    expect(callsOf(app, 'one')).toBe(3)
    await app.clock.advance(1100)
    await ask(app, true)
    expect(callsOf(app, 'one')).toBe(4)
  })
})

describe('a client that reads slowly', () => {
  it('F-57 · holds its provider back, and is given up on after a time', async () => {
    const upstream = await startFaultUpstream()
    const big = chunk(chatChunk({ content: 'x'.repeat(16_000) }))
    const head = headOf(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' })
    upstream.on('big', [{ send: head }, { repeat: big, times: 20_000 }, { end: 'hang' }])
    const gateway = await startLiveGateway({
      config_version: 1,
      server: { limits: { client_stall_ms: 1500 } },
      providers: {
        big: {
          type: 'openai_compatible',
          base_url: `${upstream.url}/big/v1`,
          api_formats: ['openai_chat'],
          auth_scheme: { kind: 'none' },
          allow_private: true,
          allow_http: true,
        },
      },
      storage: { kind: 'memory' },
    })
    cleanups.push(upstream.close, gateway.stop)
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('error', () => {})
    const body = JSON.stringify({ model: 'big/m', stream: true, messages })
    const lines = ['POST /v1/chat/completions HTTP/1.1', `Host: ${new URL(gateway.url).host}`]
    socket.write(
      `${lines.join('\r\n')}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    // It reads one kilobyte and then nothing more.
    await new Promise<void>((resolve) => socket.once('readable', () => resolve(void socket.read(1024))))
    const before = process.memoryUsage().arrayBuffers
    await upstream.of('big')[0]?.closed
    // 320 MB were on offer: what the sockets of two hops hold is all that was taken.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32_000_000)
    expect(gateway.traces).toMatchObject([{ outcome: 'cancelled', status: 499, errorCode: 'client_stalled' }])
    socket.destroy()
  })
})

describe('a wall clock that jumps', () => {
  const hour = 3_600_000

  it.each([hour, -hour])('F-73 · by %d ms neither opens nor closes a circuit', async (jump) => {
    let isWell = false
    const app = appOver(
      ['one', 'two'],
      ({ url }) =>
        url.includes('one') && !isWell ? jsonAnswer({ error: { message: 'down' } }, 500) : jsonAnswer(chatAnswer()),
      { breaker: { failure_threshold: 2, reset_timeout_ms: 10_000 } },
    )
    for (let count = 0; count < 2; count++) await ask(app)
    isWell = true
    app.clock.jump(jump)
    await ask(app)
    await app.clock.advance(9900)
    await ask(app)
    expect(callsOf(app, 'one')).toBe(2)
    await app.clock.advance(200)
    expect((await ask(app)).headers.get('x-used-fallback')).toBe(null)
    expect(callsOf(app, 'one')).toBe(3)
  })

  it.each([hour, -hour])('F-73 · by %d ms neither ends nor prolongs a lock', async (jump) => {
    const app = appOver(['one', 'two'], ({ url }) =>
      url.includes('one')
        ? jsonAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': '60' })
        : jsonAnswer(chatAnswer()),
    )
    await ask(app)
    app.clock.jump(jump)
    await app.clock.advance(59_000)
    await ask(app)
    expect(callsOf(app, 'one')).toBe(1)
    await app.clock.advance(1100)
    await ask(app)
    expect(callsOf(app, 'one')).toBe(2)
  })

  it.each([hour, -hour])(
    'F-73 · by %d ms in the middle of a request changes no duration and no timeout',
    async (jump) => {
      const app = appOver(['one'], async (_request, self) => {
        await new Promise<void>((resolve) => void self().clock.after(2000, resolve))
        return streamAnswer(chatEvents('one two'), 'hang')
      })
      const asked = ask(app, true)
      await app.clock.advance(1000)
      app.clock.jump(jump)
      await app.clock.advance(1100)
      await app.clock.advance(500)
      expect((await asked).text).toContain('[DONE]')
      const [trace] = app.traces
      expect([trace?.durationMs, trace?.ttftMs]).toEqual([2000, 2000])
      const silent = appOver(['one'], ({ cancellation }) => {
        return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
      })
      let status: number | undefined
      void ask(silent, true).then((answer) => (status = answer.status))
      await silent.clock.advance(10_000)
      silent.clock.jump(jump)
      await silent.clock.advance(19_000)
      expect(status).toBe(undefined)
      await silent.clock.advance(2000)
      expect(status).toBe(504)
    },
  )
})

describe('an account whose token endpoint fails', () => {
  it('F-79 · gives way to the next account', async () => {
    const app = createTestApp({
      config: {
        config_version: 1,
        credentials: {
          login: {
            type: 'oauth',
            refresh: { source: 'env', env: 'REFRESH' },
            token_url: 'https://login.example.com/token',
            client_id: 'client-1',
          },
          key: { type: 'api_key', source: 'env', env: 'KEY' },
        },
        providers: {
          up: {
            type: 'openai_compatible',
            base_url: 'https://api.example.com/v1',
            accounts: [
              { id: 'login', credential: 'login' },
              { id: 'key', credential: 'key' },
            ],
          },
        },
      },
      env: { SIGNALBOX_KEK: `test:${btoa('k'.repeat(32))}`, REFRESH: 'rt-0', KEY: 'sk-of-the-second-account-0123' },
      upstream: ({ url }) => (url.includes('login') ? jsonAnswer({}, 500) : jsonAnswer(chatAnswer('hi'))),
    })
    let answered: Response | undefined
    void app.request('/v1/chat/completions', { json: { model: 'up/m', messages } }).then((one) => (answered = one))
    // Ciphers take real time, in which this clock should not run away.
    while (answered === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
      await app.clock.advance(10)
    }
    expect((answered as Response | undefined)?.status).toBe(200)
    const [trace] = app.traces
    expect(trace === undefined ? [] : attemptsOf(trace).map(({ error }) => error)).toEqual([expect.any(String), null])
    expect(trace?.account).toBe('key')
  })
})

describe('an isolate that is gone', () => {
  it('F-81 · holds its slots no longer than their lease', () => {
    const slots = createSlots()
    const asked = [{ name: 'global', limit: 1 }]
    expect(slots.take('gone', asked, 0, 30_000)).toBe(undefined)
    expect(slots.take('next', asked, 29_999, 30_000)).toEqual(asked[0])
    expect(slots.take('next', asked, 30_000, 30_000)).toBe(undefined)
    expect(slots.used(30_000).get('global')).toBe(1)
  })

  it('F-81 · keeps a probe no longer than its lease', async () => {
    let isDown = true
    const app = appOver(
      ['one', 'two'],
      ({ url }) => {
        if (url.includes('two')) return jsonAnswer(chatAnswer('two'))
        if (isDown) return jsonAnswer({ error: { message: 'down' } }, 500)
        // What an evicted isolate does: nothing any more.
        return callsOf(app, 'one') === 2 ? new Promise(() => {}) : jsonAnswer(chatAnswer('one'))
      },
      { breaker: { failure_threshold: 1, reset_timeout_ms: 1000 } },
    )
    await ask(app)
    isDown = false
    await app.clock.advance(1001)
    void ask(app).catch(() => {})
    await app.clock.advance(1)
    const breaker = async () => {
      const look = await app.app.operations().coordination?.look()
      return [...(look?.health.breakers ?? [])].find(([key]) => key.includes('\u0000one\u0000'))?.[1]
    }
    expect(breakerPhase(await breaker(), app.clock.mono())).toBe('half_open')
    expect((await ask(app)).text).toContain('two')
    await app.clock.advance(probeLeaseMs)
    expect((await ask(app)).text).toContain('one')
  })
})

describe('the attempts of a request', () => {
  it.each([true, false])(
    'F-83 · come one after the other, each when the one before is closed, stream %s',
    async (stream) => {
      let open = 0
      let most = 0
      const faults: Upstream[] = [
        // Only a stream is given up on where it is silent; a whole answer may take as long as the request.
        ({ cancellation }) =>
          stream
            ? new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('gone'))))
            : jsonAnswer({ error: { message: 'down' } }, 500),
        () => (stream ? streamAnswer(messageStream(['x']).open.slice(0, 1), 'hang') : jsonAnswer({})),
        () => jsonAnswer({ error: { message: 'down' } }, 503),
        () => (stream ? streamAnswer(chatEvents('well')) : jsonAnswer(chatAnswer('well'))),
      ]
      const names = faults.map((_, index) => `t${index}`)
      const app = appOver(
        names,
        async (request, self) => {
          most = Math.max(most, ++open)
          const index = names.findIndex((name) => request.url.includes(`//${name}.`))
          const close = (): void => void open--
          try {
            const answer = await faults[index]?.(request, self)
            if (answer === undefined) throw new Error('nobody')
            let over = false
            const once = (): void => {
              if (!over) close()
              over = true
            }
            return {
              ...answer,
              body: {
                read: async () => {
                  const bytes = await answer.body.read()
                  if (bytes === undefined) once()
                  return bytes
                },
                cancel: async () => {
                  await answer.body.cancel()
                  once()
                },
              },
            }
          } catch (cause) {
            close()
            throw cause
          }
        },
        { fallback: { max_attempts: 4 } },
      )
      let answered: string | undefined
      void ask(app, stream).then(({ text }) => (answered = text))
      for (let waited = 0; waited < 960_000 && answered === undefined; waited += 5000) await app.clock.advance(5000)
      expect(most).toBe(1)
      expect(open).toBe(0)
      expect(app.sent.map(({ url }) => names.findIndex((name) => url.includes(`//${name}.`)))).toEqual([0, 1, 2, 3])
      expect(answered).toContain('well')
    },
  )
})

// The timers of an attempt: each one is its own, each can be reached, and nothing but content is progress.
import { describe, expect, it } from 'vitest'
import { refusalMs } from '../../src/engine/watchdog.ts'
import type { ByteSource, FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { chatAnswer, chatChunk, messageEvent, messageStream } from '../support/upstream.ts'
import type { VirtualClock } from '../support/virtual-clock.ts'

/** What a provider says, and when: milliseconds since the request, headers first. */
type Plan = readonly (readonly [atMs: number, text: string | 'headers'])[]

const encoder = new TextEncoder()

function planned(clock: VirtualClock, plan: Plan, answer: { status: number; type: string }) {
  return (request: FetchRequest): Promise<FetchResponse> => {
    const began = clock.mono()
    const at = (ms: number): Promise<void> =>
      new Promise((resolve, reject) => {
        const disarm = clock.after(Math.max(0, began + ms - clock.mono()), resolve)
        request.cancellation.onCancel(() => {
          disarm()
          reject(new Error('cancelled'))
        })
      })
    const never = (): Promise<never> =>
      new Promise((_resolve, reject) => request.cancellation.onCancel(() => reject(new Error('cancelled'))))
    const rest = plan.filter(([, text]) => text !== 'headers')
    const body: ByteSource = {
      async read() {
        const next = rest.shift()
        if (next === undefined) return never()
        await at(next[0])
        return next[1] === '' ? undefined : encoder.encode(next[1])
      },
      cancel: async () => {},
    }
    const headers = plan.find(([, text]) => text === 'headers')
    if (headers === undefined) return never()
    return at(headers[0]).then(() => ({
      status: answer.status,
      headers: new Headers({ 'content-type': answer.type }),
      body,
    }))
  }
}

interface Setup {
  readonly plan: Plan
  readonly answer?: { readonly status?: number; readonly type?: string }
  readonly timeouts?: object
  /** Of the target. */
  readonly target?: object
}

function gateway({ plan, answer = {}, timeouts = {}, target = {} }: Setup): TestApp {
  const provider = (type: string, base: string): object => ({
    type,
    base_url: base,
    accounts: [{ id: 'a', credential: 'k' }],
    ...(type === 'openai_compatible' && { api_formats: ['openai_chat'] }),
  })
  const test: TestApp = createTestApp({
    env: { K: 'sk-key-of-everybody-1234' },
    upstream: (request) => planned(test.clock, plan, { status: 200, type: 'text/event-stream', ...answer })(request),
    config: {
      config_version: 1,
      server: { heartbeat_ms: 0, timeouts },
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: {
        chat: provider('openai_compatible', 'https://one.example.com/v1'),
        claude: provider('anthropic', 'https://two.example.com'),
      },
      routes: {
        chat: { targets: [{ provider: 'chat', model: 'm', ...target }] },
        claude: { targets: [{ provider: 'claude', model: 'm', ...target }] },
      },
      storage: { kind: 'memory' },
    },
  })
  return test
}

/** Asks and reads to the end; when that was, and with what. */
async function ask(
  test: TestApp,
  { stream = true, model = 'chat', path = '/v1/chat/completions' } = {},
): Promise<{ readonly status: number; readonly text: string; readonly ms: number }> {
  let ms = 0
  const asked = test
    .request(path, { json: { model, max_tokens: 9, stream, messages: [{ role: 'user', content: 'hi' }] } })
    .then(async (response) => ({ status: response.status, text: await response.text() }))
    .finally(() => (ms = test.clock.mono()))
  await test.clock.advance(3_000_000)
  const { status, text } = await asked
  expect(test.clock.pending()).toBe(0)
  return { status, text, ms }
}

const role = chatChunk({ role: 'assistant', content: '' })
const content = chatChunk({ content: 'x' })
const end = `${chatChunk({}, 'stop')}data: [DONE]\n\n`
const json = { type: 'application/json' }
const whole = JSON.stringify(chatAnswer())

describe('T32: the timers', () => {
  it.each<[string, Setup, boolean, number, string]>([
    ['headers', { plan: [] }, true, 30_000, 'headers_ms'],
    ['headers, set by the target', { plan: [], target: { timeouts: { headers_ms: 7000 } } }, true, 7000, 'headers_ms'],
    ['first content, from the headers on', { plan: [[29_000, 'headers']] }, true, 89_000, 'first_content_ms'],
    [
      'first content, whatever else comes',
      { plan: [[0, 'headers'], ...every(1000, 80, ': still here\n\n')] },
      true,
      60_000,
      'first_content_ms',
    ],
    [
      'first content, set by the target',
      { plan: [[0, 'headers']], target: { timeouts: { first_content_ms: 5000 } } },
      true,
      5000,
      'first_content_ms',
    ],
    [
      'idle',
      {
        plan: [
          [0, 'headers'],
          [50_000, content],
        ],
      },
      true,
      170_000,
      'stream_idle_timeout',
    ],
    [
      'idle, set by the target',
      {
        plan: [
          [0, 'headers'],
          [0, content],
        ],
        target: { timeouts: { idle_ms: 3000 } },
      },
      true,
      3000,
      'stream_idle_timeout',
    ],
    ['total, of an answer that comes whole', { plan: [] }, false, 900_000, 'total_ms'],
    ['total, set by the target', { plan: [], target: { timeouts: { total_ms: 4000 } } }, false, 4000, 'total_ms'],
    [
      'F-48: total, of a stream that drips',
      { plan: [[0, 'headers'], ...every(1000, 2000, content)] },
      true,
      900_000,
      'limit_exceeded',
    ],
  ])('end by themselves: %s', async (_name, setup, stream, ms, word) => {
    const answered = await ask(gateway(setup), { stream })
    expect(answered.ms).toBe(ms)
    expect(answered.text).toContain(word)
    if (answered.status !== 200) expect(answered.status).toBe(504)
  })

  it('T34: are reached where they are long, and none of them stands in for another', async () => {
    const timeouts = { headers_ms: 400_000, first_content_ms: 500_000, idle_ms: 600_000, total_ms: 2_000_000 }
    const plan: Plan = [
      [399_999, 'headers'],
      [899_998, content],
      [1_499_997, content],
      [1_500_000, end],
    ]
    const answered = await ask(gateway({ timeouts, plan }))
    expect(answered.status).toBe(200)
    expect(answered.text).toContain('[DONE]')
  })

  it('for headers and first content do not bind an answer that comes whole', async () => {
    const answered = await ask(
      gateway({
        plan: [
          [600_000, 'headers'],
          [800_000, whole],
          [800_001, ''],
        ],
        answer: json,
      }),
      {
        stream: false,
      },
    )
    expect(answered).toMatchObject({ status: 200, ms: 800_001 })
  })

  it('give the body of JSON its own time where a stream was asked for', async () => {
    const plan: Plan = [
      [29_000, 'headers'],
      [50_000, whole],
      [50_001, ''],
    ]
    expect(await ask(gateway({ plan, answer: json }))).toMatchObject({ status: 200 })
    const stalled = await ask(gateway({ plan: [[29_000, 'headers']], answer: json }))
    expect(stalled).toMatchObject({ status: 504, ms: 89_000 })
  })

  it.each([true, false])('do not wait long for the words of a refusal (streamed: %s)', async (stream) => {
    const plan: Plan = [
      [1000, 'headers'],
      [1100, '{"error":'],
    ]
    const answered = await ask(gateway({ plan, answer: { ...json, status: 503 } }), { stream })
    expect(answered).toMatchObject({ status: 502, ms: 1000 + refusalMs })
  })

  it('tell the transport how long connecting may take, by target', async () => {
    for (const [target, ms] of [
      [{}, 10_000],
      [{ timeouts: { connect_ms: 1234 } }, 1234],
    ] as const) {
      const test = gateway({
        plan: [
          [0, 'headers'],
          [0, whole],
          [0, ''],
        ],
        answer: json,
        target,
      })
      await ask(test, { stream: false })
      expect(test.sent[0]?.connectTimeoutMs).toBe(ms)
    }
  })
})

describe('a request whose time is up', () => {
  /** Failures in a row that the only target has, after a request whose client took so long to send it. */
  async function failuresAfter(sendingMs: number): Promise<number | undefined> {
    const test = gateway({ plan: [], target: { timeouts: { total_ms: 4000 } } })
    const text = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'hi' }] })
    const body = new ReadableStream({
      start(controller) {
        test.clock.after(sendingMs, () => {
          controller.enqueue(encoder.encode(text))
          controller.close()
        })
      },
    })
    const headers = { 'content-type': 'application/json' }
    const asked = test.request('/v1/chat/completions', { body, headers, duplex: 'half' } as RequestInit)
    await test.clock.advance(5000)
    expect(test.sent).toHaveLength(1)
    expect((await asked).status).toBe(504)
    const seen = await test.app.operations().coordination?.look()
    return [...(seen?.health.breakers.values() ?? [])][0]?.consecutive
  }

  it('counts against a target that had it, and not against one that was asked at its end', async () => {
    expect(await failuresAfter(10)).toBe(1)
    // Whoever sends slowly on purpose would keep the target from everybody.
    expect(await failuresAfter(3900)).toBeUndefined()
  })
})

describe('T31, F-49: what is no progress', () => {
  const pings = messageEvent('ping')
  const { open } = messageStream(['hello'])

  it.each<[string, Plan, object]>([
    ['comments', [[0, 'headers'], [0, content], ...every(1000, 400, ': ping\n\n')], {}],
    ['chunks without a word in them', [[0, 'headers'], [0, content], ...every(1000, 400, role)], {}],
    [
      'ping events, as they are',
      [[0, 'headers'], [0, open.join('')], ...every(1000, 400, pings)],
      { model: 'claude', path: '/v1/messages' },
    ],
    ['ping events, translated', [[0, 'headers'], [0, open.join('')], ...every(1000, 400, pings)], { model: 'claude' }],
    [
      'comments, translated',
      [[0, 'headers'], [0, content], ...every(1000, 400, ': ping\n\n')],
      { path: '/v1/messages' },
    ],
  ])('%s: the stream is idle', async (_name, plan, how) => {
    const answered = await ask(gateway({ plan }), how)
    expect(answered.ms).toBe(120_000)
    expect(answered.text).toMatch(/stream_idle_timeout|silent for timeouts.idle_ms/)
  })

  it('content is: it may come for ever, a little before each time is up', async () => {
    const plan: Plan = [[0, 'headers'], [0, content], ...every(119_000, 7, content), [840_000, end]]
    expect((await ask(gateway({ plan }))).text).toContain('[DONE]')
  })
})

function every(ms: number, times: number, text: string): Plan {
  return Array.from({ length: times }, (_, n) => [(n + 1) * ms, text] as const)
}

// The faults of the mock by name, on every wire that it speaks: each does what it says, whole and streamed, and a route with
// a second target serves whatever can still be served.
import { describe, expect, it } from 'vitest'
import { faultOf, faults } from '../../src/providers/mock/faults.ts'
import { mock } from '../../src/providers/mock/index.ts'
import { upstreamFormats } from '../runtime/wires.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { readStream } from '../support/stream-grammar.ts'

/** What comes of a fault where nobody else can be asked. */
interface Expected {
  /** The error code of a whole answer and of a stream; null where it succeeds. */
  readonly whole: string | null
  readonly streamed: string | null
  /** There was content before it: nobody else can be asked. */
  readonly afterContent?: true
  /** The request is at fault, or its time is over: nobody else is asked. */
  readonly final?: 'whole' | 'both'
  /** The error code on certain wires, whole and streamed. */
  readonly on?: Readonly<Partial<Record<string, string>>>
}

const always = (code: string): Expected => ({ whole: code, streamed: code })
const middle = (whole: string, streamed: string): Expected => ({ whole, streamed, afterContent: true })
const well: Expected = { whole: null, streamed: null }
const late: Expected = { whole: 'limit_exceeded', streamed: 'upstream_timeout', final: 'whole' }

/** On the wires of Google and AWS, 503 says that there is too much to do. */
const overloaded = { gemini: 'upstream_overloaded', bedrock_converse: 'upstream_overloaded' } as const

const expectations: Readonly<Record<string, Expected>> = {
  'connect-refused': always('upstream_unreachable'),
  dns: always('upstream_unreachable'),
  tls: always('upstream_tls'),
  'connect-timeout': always('upstream_unreachable'),
  'reset-before-headers': always('upstream_unreachable'),
  'reset-after-headers': { whole: 'upstream_error', streamed: 'stream_truncated' },
  'stall-headers': late,
  'stall-first-content': late,
  '400': { ...always('upstream_rejected'), final: 'both' },
  '422': { ...always('upstream_rejected'), final: 'both' },
  // Nobody behind it is known to have more room.
  'context-overflow': { ...always('upstream_context_overflow'), final: 'both' },
  '401': always('upstream_auth'),
  '403': always('upstream_forbidden'),
  '404': always('upstream_model_missing'),
  redirect: always('upstream_redirect'),
  '402': always('upstream_quota'),
  quota: always('upstream_quota'),
  '429-retry-after-2': always('upstream_rate_limited'),
  '429': always('upstream_rate_limited'),
  '500': always('upstream_error'),
  '502': always('upstream_error'),
  '503': { ...always('upstream_error'), on: overloaded },
  'flaky-50': well,
  'first-2-503': { ...always('upstream_error'), on: overloaded },
  '529': always('upstream_overloaded'),
  html: always('upstream_bad_content'),
  'no-body': always('upstream_empty'),
  'json-for-stream': well,
  'error-first-event': always('upstream_error'),
  'error-in-stream': middle('upstream_error', 'upstream_error'),
  truncated: middle('upstream_bad_content', 'stream_truncated'),
  'reset-mid-stream': middle('upstream_error', 'stream_truncated'),
  'reset-mid-event': middle('upstream_error', 'stream_truncated'),
  'stall-mid-stream': { ...middle('limit_exceeded', 'stream_idle_timeout'), final: 'whole' },
  endless: { ...middle('upstream_too_large', 'limit_exceeded'), final: 'whole' },
  pings: { ...middle('limit_exceeded', 'stream_idle_timeout'), final: 'whole' },
  telltale: { ...always('upstream_rejected'), final: 'both' },
  headers: well,
}

/** Those whose outcome depends on the wire or on settings: tests of their own below. */
const elsewhere = ['empty', 'malformed-event', 'giant-event', 'drip']

const key = 'sk-canary-mock-0a1b2c3d4e5f6a7b'

function appFor(format: string): TestApp {
  const targetsOf = (model: string): object => ({
    fallback: { max_attempts: 2 },
    targets: [
      { provider: 'faulty', model, priority: 1 },
      { provider: 'healthy', model: 'echo', priority: 2 },
    ],
  })
  return createTestApp({
    config: {
      config_version: 1,
      server: {
        timeouts: { connect_ms: 1000, headers_ms: 2000, first_content_ms: 3000, idle_ms: 4000, total_ms: 20_000 },
      },
      credentials: { secret: { type: 'api_key', source: 'env', env: 'MOCK_KEY' } },
      providers: {
        faulty: {
          type: 'mock',
          api_formats: [format],
          auth_scheme: { kind: 'bearer' },
          accounts: [{ id: 'a', credential: 'secret' }],
        },
        healthy: { type: 'mock', api_formats: [format] },
      },
      routes: Object.fromEntries(faults.map(({ model }) => [`both-${model}`, targetsOf(model)])),
      storage: { kind: 'memory' },
    },
    env: { MOCK_KEY: key },
  })
}

interface Chunk {
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[]
}

/** Asks and lets the time pass that it takes. */
async function ask(test: TestApp, model: string, stream: boolean): Promise<{ response: Response; text: string }> {
  let over = false
  const messages = [{ role: 'user', content: 'one two three four' }]
  const asked = (async () => {
    const response = await test.request('/v1/chat/completions', { json: { model, stream, messages } })
    return { response, text: await response.text() }
  })().finally(() => (over = true))
  asked.catch(() => {})
  while (!over) await test.clock.advance(500)
  return asked
}

const isSuccess = (text: string): boolean => text.includes('[DONE]') || text.includes('"chat.completion"')

describe('the faults of the mock', () => {
  it('are all expected to do something', () => {
    const names = faults.map(({ model }) => model.replace('fault-', ''))
    expect(new Set([...Object.keys(expectations), ...elsewhere])).toEqual(new Set(names))
    expect(names).toHaveLength(new Set(names).size)
    for (const { model } of faults) expect([model, faultOf(model)?.type]).not.toEqual([model, 'unknown'])
  })

  it('are listed among the models of the mock, each with what it does', () => {
    const listed = new Map(mock.models?.().map(({ id, displayName }) => [id, displayName]))
    expect(listed.get('fault-503')).toBe('F-24: answers 503; any status from 400 to 599')
    expect(listed.get('echo')).toBe('repeats what was said')
    for (const { model, row } of faults) expect(listed.get(model)).toContain(row)
  })

  it.each([
    ['fault-truncated-0', ''],
    ['fault-truncated-1', 'echo: '],
    ['fault-truncated-4', 'echo: one two three '],
  ])('in the middle happen behind as many pieces as the name says: %s', async (model, said) => {
    const { text } = await ask(appFor('openai_responses'), `healthy/${model}`, true)
    const chunks = [...text.matchAll(/^data: (\{.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as Chunk)
    expect(chunks.map((chunk) => chunk.choices?.[0]?.delta.content ?? '').join('')).toBe(said)
  })

  it.each(['fault-999', 'fault-42', 'fault-flaky-101', 'fault-first-2', 'fault-', 'fault-503-retry-after-x'])(
    'are none where they are misspelled: %s is no model',
    async (model) => {
      const { response } = await ask(appFor('openai_chat'), `healthy/${model}`, false)
      expect(response.headers.get('x-signalbox-error-code')).toBe('upstream_model_missing')
    },
  )
})

describe.each(upstreamFormats)('the faults of the mock on %s', (format) => {
  it.each(Object.entries(expectations))('%s', async (name, expected) => {
    for (const stream of [false, true]) {
      const test = appFor(format)
      const code = expected.on?.[format] ?? (stream ? expected.streamed : expected.whole)
      const alone = await ask(test, `faulty/fault-${name}`, stream)
      const [trace] = test.traces
      expect([stream, trace?.errorCode], alone.text).toEqual([stream, code])
      expect(isSuccess(alone.text)).toBe(code === null)
      const isCommitted = stream && expected.afterContent === true
      expect(alone.response.status === 200).toBe(code === null || isCommitted)
      // Also what ends in an error is a legal stream up to there.
      if (stream && alone.response.status === 200)
        expect(readStream('openai-chat', alone.text, code !== null).faults).toEqual([])
      const both = await ask(test, `both-fault-${name}`, stream)
      const isFinal = expected.final === 'both' || (expected.final === 'whole' && !stream)
      const isServed = code === null || !(isCommitted || isFinal)
      expect([stream, isSuccess(both.text)], both.text).toEqual([stream, isServed])
      if (isServed && code !== null) expect(both.response.headers.get('x-used-provider')).toBe('healthy')
      expect(`${alone.text}${both.text}${JSON.stringify(test.traces)}${test.logs.join()}`).not.toContain(key)
    }
  })

  it('an answer with nothing in it is no answer where somebody else can be asked', async () => {
    for (const stream of [false, true]) {
      const { response, text } = await ask(appFor(format), 'both-fault-empty', stream)
      expect([response.headers.get('x-used-provider'), isSuccess(text)]).toEqual(['healthy', true])
    }
  })

  it('an event that is too large ends a stream', async () => {
    const test = appFor(format)
    await ask(test, 'faulty/fault-giant-event', true)
    expect(test.traces[0]?.errorCode).toBe('upstream_bad_content')
  })

  it('a drip ends with its time', async () => {
    for (const stream of [false, true]) {
      const test = appFor(format)
      const { text } = await ask(test, 'faulty/fault-drip', stream)
      expect(test.traces[0]?.errorCode).toMatch(
        stream ? /^(?:stream_idle_timeout|limit_exceeded)$/ : /^limit_exceeded$/,
      )
      expect(isSuccess(text)).toBe(false)
    }
  })

  it('an event that is no JSON is never handed on', async () => {
    const test = appFor(format)
    const { text } = await ask(test, 'faulty/fault-malformed-event', true)
    for (const line of text.split('\n'))
      if (line.startsWith('data: {')) expect(() => JSON.parse(line.slice(6)) as unknown, line).not.toThrow()
    const whole = await ask(test, 'faulty/fault-malformed-event', false)
    expect(whole.response.headers.get('x-signalbox-error-code')).toBe('upstream_bad_content')
  })
})

describe('what a fault depends on', () => {
  it('the first calls fail, and each later one is served', async () => {
    const test = appFor('openai_chat')
    const statuses: number[] = []
    for (let call = 0; call < 5; call++)
      statuses.push((await ask(test, 'healthy/fault-first-3-500', false)).response.status)
    expect(statuses).toEqual([502, 502, 502, 200, 200])
    // Counted by its own name.
    expect((await ask(test, 'healthy/fault-first-1-500', false)).response.status).toBe(502)
  })

  it('chance is that of the gateway: 0.5 is below 51 of a hundred and not below 50', async () => {
    const test = appFor('openai_chat')
    expect((await ask(test, 'healthy/fault-flaky-50', false)).response.status).toBe(200)
    expect((await ask(test, 'healthy/fault-flaky-51', false)).response.status).toBe(502)
    expect((await ask(test, 'healthy/fault-flaky-0', false)).response.status).toBe(200)
  })

  it.each(upstreamFormats)('on %s a wait that was asked for is told to the client', async (format) => {
    const { response } = await ask(appFor(format), 'faulty/fault-429-retry-after-7', false)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
  })

  it('connecting takes as long as it may', async () => {
    const test = appFor('openai_chat')
    const began = test.clock.now()
    await ask(test, 'faulty/fault-connect-timeout', false)
    expect(test.clock.now() - began).toBeGreaterThanOrEqual(1000)
  })

  it('headers that are not for the client do not reach it', async () => {
    const { response } = await ask(appFor('openai_chat'), 'faulty/fault-headers', false)
    for (const name of ['set-cookie', 'access-control-allow-origin', 'server'])
      expect([name, response.headers.get(name)]).toEqual([name, null])
  })
})

// The engine through the whole app: commit point, fallback, faults, cancellation, and one ending for every request.
import { describe, expect, it } from 'vitest'
import type { Cancellation } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp, type TestAppOptions } from '../support/app.ts'
import { expectLegal, readAlong } from '../support/stream-grammar.ts'
import { chatChunk, messageStream } from '../support/upstream.ts'

const provider = (extra: object = {}): object => ({
  type: 'openai_compatible',
  base_url: 'https://one.example.com/v1',
  api_formats: ['openai_chat'],
  accounts: [{ id: 'a', credential: 'k' }],
  ...extra,
})

function appWith(upstream: TestAppOptions['upstream'], extra: object = {}): TestApp {
  return createTestApp({
    ...(upstream !== undefined && { upstream }),
    env: { K: 'sk-secret-key-of-the-provider' },
    config: {
      config_version: 1,
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: {
        one: provider(),
        two: provider({ base_url: 'https://two.example.com/v1' }),
        claude: { type: 'anthropic', accounts: [{ id: 'a', credential: 'k' }] },
      },
      routes: {
        solo: { targets: [{ provider: 'one', model: 'm1' }] },
        pair: {
          targets: [
            { name: 'first', provider: 'one', model: 'm1', priority: 1 },
            { name: 'second', provider: 'two', model: 'm2', priority: 2 },
          ],
        },
        claude: { targets: [{ provider: 'claude', model: 'claude-x' }] },
        mixed: {
          targets: [
            { name: 'first', provider: 'claude', model: 'claude-x', priority: 1 },
            { name: 'second', provider: 'one', model: 'm1', priority: 2 },
          ],
        },
      },
      storage: { kind: 'memory' },
      ...extra,
    },
  })
}

const body = (model: string, extra: object = {}): object => ({
  model,
  messages: [{ role: 'user', content: 'hi' }],
  ...extra,
})
/** Asks as a Chat client; a stream that was translated for it has to be legal where it is read. */
async function ask(test: TestApp, model: string, extra: object = {}, init: RequestInit = {}): Promise<Response> {
  const response = await test.request('/v1/chat/completions', { json: body(model, extra), ...init })
  return model === 'claude' || model === 'mixed' ? readAlong('openai-chat', response) : response
}

const whole = {
  id: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
}
const good = [
  chatChunk({ role: 'assistant', content: '' }),
  chatChunk({ content: 'hello' }),
  chatChunk({}, 'stop'),
  'data: [DONE]\n\n',
]

describe('serving', () => {
  it('sends the account key and nothing of the client', async () => {
    const test = appWith(() => jsonAnswer(whole))
    await ask(
      test,
      'solo',
      {},
      { headers: { authorization: 'Bearer client-key', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' } },
    )
    expect(test.sent[0]?.url).toBe('https://one.example.com/v1/chat/completions')
    expect(test.sent[0]?.headers['authorization']).toBe('Bearer sk-secret-key-of-the-provider')
    expect(JSON.stringify(test.sent[0]?.headers)).not.toMatch(/client-key|cookie|forwarded/)
  })

  it.each([500, 502, 503, 529, 429, 401, 403, 404])('goes on to the next target after %d', async (status) => {
    const test = appWith((request) =>
      request.url.includes('one.') ? jsonAnswer({ error: { message: 'no' } }, status) : jsonAnswer(whole),
    )
    const response = await ask(test, 'pair')
    expect(response.status).toBe(200)
    expect(response.headers.get('x-used-fallback')).toBe('true')
    expect(test.traces.map((row) => row.outcome)).toEqual(['succeeded'])
    expect(JSON.parse(test.traces[0]?.detail ?? '').attempts).toHaveLength(2)
  })

  it.each([400, 422])('tells the client of %d after one attempt', async (status) => {
    const test = appWith(() =>
      jsonAnswer(
        {
          error: { message: 'temperature is too hot', type: 'invalid_request_error', param: 'temperature', code: null },
        },
        status,
      ),
    )
    const response = await ask(test, 'pair')
    expect(response.status).toBe(status)
    expect(test.sent).toHaveLength(1)
    if (status === 400) expect((await response.json()).error.message).toBe('temperature is too hot')
  })

  it('never tells a client that the provider refused our key with its own 401', async () => {
    const test = appWith(() => jsonAnswer({ error: { message: 'bad key sk-secret-key-of-the-provider' } }, 401))
    const response = await ask(test, 'solo')
    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('sk-secret')
  })

  it('takes an echo of our key out of a message that is passed on', async () => {
    const test = appWith(() =>
      jsonAnswer({ error: { message: 'what is sk-secret-key-of-the-provider?', type: 'x' } }, 400),
    )
    const text = await (await ask(test, 'solo')).text()
    expect(text).toContain('what is [redacted]?')
  })

  it.each([
    ['an error event', [chatChunk({ role: 'assistant' }), 'data: {"error":{"message":"overloaded","code":503}}\n\n']],
    ['an end without content', [chatChunk({ role: 'assistant', content: '' })]],
    ['nothing at all', []],
    ['only comments', [': one\n\n', ': two\n\n']],
  ])('falls to the next target when a stream begins with %s', async (_name, begin) => {
    const test = appWith((request) => (request.url.includes('one.') ? streamAnswer(begin) : streamAnswer(good)))
    const response = await ask(test, 'pair', { stream: true })
    expect(response.headers.get('x-used-provider')).toBe('two')
    expect(await response.text()).toBe(good.join(''))
    expect(test.traces.map((row) => row.outcome)).toEqual(['succeeded'])
  })

  it('answers a stream that fails before its first content with a real status', async () => {
    const test = appWith(() => streamAnswer([chatChunk({ role: 'assistant' })], 'break'))
    const response = await ask(test, 'solo', { stream: true })
    expect(response.status).toBe(502)
    expect(test.traces.map((row) => row.outcome)).toEqual(['failed'])
  })

  it.each([
    ['breaks', 'break', 'stream_truncated'],
    ['ends too early', 'close', 'stream_truncated'],
  ] as const)('ends with an error event when a committed stream %s', async (_name, end, code) => {
    const test = appWith(() => streamAnswer([...good.slice(0, 2), 'data: {"half'], end))
    const text = await (await ask(test, 'pair', { stream: true })).text()
    expect(text.startsWith(good.slice(0, 2).join(''))).toBe(true)
    expect(text).toMatch(/data: \{"error":/)
    expect(text).toContain(code)
    expect(text).not.toMatch(/\[DONE\]|half/)
    expect(test.sent).toHaveLength(1)
    expect(test.traces.map((row) => row.outcome)).toEqual(['truncated'])
    expect(JSON.parse(test.traces[0]?.detail ?? '').attempts).toMatchObject([{ status: 200, error: code }])
  })

  it.each([
    ['all at once', [good.join('')]],
    ['in two halves of an event', [good.join('').slice(0, 150), good.join('').slice(150)]],
    ['with CRLF, all at once', [good.join('').replaceAll('\n', '\r\n')]],
    ['with other scripts, all at once', [good.join('').replace('hello', 'grüße 🙂')]],
  ])('loses nothing of a stream that arrives %s', async (_name, texts) => {
    const test = appWith(() => streamAnswer(texts))
    expect(await (await ask(test, 'solo', { stream: true })).text()).toBe(texts.join(''))
    expect(test.traces[0]?.outcome).toBe('succeeded')
  })

  it('adds the terminator that a finished stream lacks', async () => {
    const test = appWith(() => streamAnswer(good.slice(0, 3)))
    expect(await (await ask(test, 'solo', { stream: true })).text()).toBe(good.join(''))
    expect(test.traces[0]?.outcome).toBe('succeeded')
  })

  it('ignores what comes after the terminator and lets go of the upstream', async () => {
    const answer = streamAnswer([...good, chatChunk({ content: 'more' })], 'hang')
    const test = appWith(() => answer)
    expect(await (await ask(test, 'solo', { stream: true })).text()).toBe(good.join(''))
    expect(answer.source.cancelled()).toBe(true)
  })

  it('turns JSON into a stream where a stream was asked for, and a stream into JSON where that was', async () => {
    const asStream = appWith(() => jsonAnswer(whole))
    const text = await (await ask(asStream, 'solo', { stream: true })).text()
    expect(text).toContain('"content":"hello"')
    expectLegal('openai-chat', text)
    const asJson = appWith(() => streamAnswer(good))
    expect((await (await ask(asJson, 'solo')).json()).choices[0].message.content).toBe('hello')
  })

  it.each([
    ['a web page', '<html>log in</html>', 'text/html'],
    ['half a JSON object', '{"choices":[', 'application/json'],
    ['an empty object', '{}', 'application/json'],
    ['an empty body', '', 'application/json'],
  ])('does not take %s for an answer', async (_name, text, type) => {
    const test = appWith(() => ({ ...jsonAnswer(text), headers: new Headers({ 'content-type': type }) }))
    const response = await ask(test, 'solo')
    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('log in')
  })

  it('never follows a redirect', async () => {
    const test = appWith(() => jsonAnswer('', 307, { location: 'https://evil.example' }))
    expect((await ask(test, 'solo')).status).toBe(502)
    expect(test.sent).toHaveLength(1)
  })

  it('gives up a stream with an event past limits.max_event_bytes', async () => {
    const server = { limits: { max_event_bytes: 2000 } }
    const endless = ['data: {"x":"', 'y'.repeat(1500), 'y'.repeat(1500), 'y'.repeat(1500)]
    const test = appWith(() => streamAnswer([good[1] ?? '', ...endless], 'hang'), { server })
    const text = await (await ask(test, 'solo', { stream: true })).text()
    expect(text).toContain('upstream_bad_content')
    expect(text).not.toContain('[DONE]')
  })

  it('stops reading an answer that is too large', async () => {
    const test = appWith(() => jsonAnswer({ ...whole, x: 'y'.repeat(5000) }), {
      server: { limits: { max_buffered_response_bytes: 4000 } },
    })
    const response = await ask(test, 'solo')
    expect(response.status).toBe(502)
    expect((await response.json()).error.code).toBe('upstream_too_large')
  })
})

describe('the timers', () => {
  it('end an attempt without headers, and the next target answers', async () => {
    const test = appWith((request) =>
      request.url.includes('one.') ? neverUnless(request.cancellation) : streamAnswer(good),
    )
    const asked = ask(test, 'pair', { stream: true })
    await test.clock.advance(29_999)
    expect(test.sent).toHaveLength(1)
    await test.clock.advance(2)
    const response = await asked
    expect(response.headers.get('x-used-provider')).toBe('two')
    await response.text()
  })

  it('end an attempt without content although comments keep coming', async () => {
    const test = appWith(() => streamAnswer([chatChunk({ role: 'assistant' }), ': still here\n\n'], 'hang'))
    const asked = ask(test, 'solo', { stream: true })
    await test.clock.advance(60_001)
    const response = await asked
    expect(response.status).toBe(504)
  })

  it('end a committed stream that falls silent with an error event', async () => {
    const test = appWith(() => streamAnswer(good.slice(0, 2), 'hang'), { server: { heartbeat_ms: 0 } })
    const text = (await ask(test, 'solo', { stream: true })).text()
    await test.clock.advance(120_001)
    expect(await text).toContain('stream_idle_timeout')
    expect(test.traces.map((row) => row.outcome)).toEqual(['failed'])
  })

  it('send heartbeats meanwhile', async () => {
    const test = appWith(() => streamAnswer(good.slice(0, 2), 'hang'))
    const text = (await ask(test, 'solo', { stream: true })).text()
    await test.clock.advance(120_001)
    expect((await text).match(/: ping\n\n/g)).toHaveLength(11)
  })

  it('bind the whole request by total_ms', async () => {
    const test = appWith((request) => neverUnless(request.cancellation), { server: { timeouts: { total_ms: 5000 } } })
    const asked = ask(test, 'solo')
    await test.clock.advance(5001)
    expect((await asked).status).toBe(504)
  })

  it('are all disarmed when a request is over', async () => {
    const test = appWith(() => streamAnswer(good))
    await (await ask(test, 'solo', { stream: true })).text()
    await (
      await ask(
        appWith(() => jsonAnswer(whole)),
        'solo',
      )
    ).text()
    expect(test.clock.pending()).toBe(0)
  })
})

describe('a client that leaves', () => {
  it('before the headers ends the upstream request and is traced as cancelled', async () => {
    const leave = new AbortController()
    let seen: Cancellation | undefined
    const test = appWith((request) => neverUnless((seen = request.cancellation)))
    const asked = ask(test, 'pair', { stream: true }, { signal: leave.signal })
    await test.clock.advance(1)
    leave.abort()
    expect((await asked).status).toBe(499)
    expect(seen?.cancelled).toBe(true)
    expect(test.sent).toHaveLength(1)
    expect(test.traces.map((row) => row.outcome)).toEqual(['cancelled'])
  })

  it('in the middle of a stream ends the upstream body and is traced once', async () => {
    const answer = streamAnswer(good.slice(0, 2), 'hang')
    const test = appWith(() => answer)
    const reader = (await ask(test, 'solo', { stream: true })).body?.getReader()
    await reader?.read()
    const pending = reader?.read()
    await reader?.cancel()
    await pending
    await test.clock.advance(0)
    expect(answer.source.cancelled()).toBe(true)
    expect(test.traces.map((row) => row.outcome)).toEqual(['cancelled'])
    expect(test.clock.pending()).toBe(0)
  })

  it('after the last content is a success', async () => {
    const test = appWith(() => streamAnswer(good.slice(0, 3), 'hang'))
    const reader = (await ask(test, 'solo', { stream: true })).body?.getReader()
    let text = ''
    while (!text.includes('"finish_reason":"stop"')) text += new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    expect(test.traces.map((row) => row.outcome)).toEqual(['succeeded'])
  })

  it('is not waited for when it stops reading: the upstream is not read ahead', async () => {
    const answer = streamAnswer(
      [...good.slice(0, 2), ...Array.from({ length: 50 }, () => chatChunk({ content: 'x' }))],
      'hang',
    )
    const test = appWith(() => answer)
    const reader = (await ask(test, 'solo', { stream: true })).body?.getReader()
    await reader?.read()
    await test.clock.advance(1000)
    expect(answer.source.reads()).toBeLessThanOrEqual(3)
    // A reader that never comes back is given up after the idle time.
    await test.clock.advance(130_000)
    expect(answer.source.cancelled()).toBe(true)
    expect(test.traces.map((row) => row.outcome)).toEqual(['cancelled'])
  })
})

describe('an answer that the client’s wire cannot say', () => {
  it('ends in an error event and is traced as failed, not as finished', async () => {
    const broken = [
      chatChunk({ role: 'assistant', content: '' }),
      chatChunk({
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
      }),
      chatChunk({}, 'tool_calls'),
      'data: [DONE]\n\n',
    ]
    const test = appWith(() => streamAnswer(broken))
    const response = await test.request('/v1/messages', {
      json: { model: 'solo', max_tokens: 5, stream: true, messages: [{ role: 'user', content: 'hi' }] },
    })
    const text = await response.text()
    expect(text).not.toContain('message_stop')
    expect(text.match(/^event: error$/gm)).toHaveLength(1)
    expect(test.traces.map((row) => [row.outcome, row.errorCode])).toEqual([['failed', 'upstream_bad_content']])
  })
})

describe('fidelity', () => {
  const lossy = { seed: 7, tools: [] }

  it('names in a header what a translated request lost', async () => {
    const test = appWith(() =>
      jsonAnswer({
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'c',
        content: [{ type: 'text', text: 'hi' }],
        stop_reason: 'end_turn',
        stop_sequence: null,
        usage: { input_tokens: 1, output_tokens: 1 },
      }),
    )
    const response = await ask(test, 'claude', { seed: 7 })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-signalbox-losses')).toContain('seed dropped')
    expect(JSON.parse(test.traces[0]?.detail ?? '').losses).toEqual([
      expect.objectContaining({ path: 'seed', action: 'dropped' }),
    ])
  })

  it('is refused with 422 before any provider is called where the client is strict', async () => {
    const test = appWith(undefined)
    const response = await ask(test, 'claude', lossy, { headers: { 'x-signalbox-fidelity': 'strict' } })
    expect(response.status).toBe(422)
    expect((await response.json()).error).toMatchObject({ code: 'fidelity_lost' })
    expect(test.sent).toHaveLength(0)
  })

  it('passes over to a target that loses nothing where the client is strict', async () => {
    const test = appWith(() => jsonAnswer(whole))
    const response = await ask(test, 'mixed', lossy, { headers: { 'x-signalbox-fidelity': 'strict' } })
    expect(response.status).toBe(200)
    expect(test.sent.map((request) => new URL(request.url).host)).toEqual(['one.example.com'])
  })

  it('lets a strict request through that loses nothing', async () => {
    const script = messageStream(['hello'])
    const test = appWith(() => streamAnswer([...script.open, ...script.close]))
    const response = await ask(test, 'claude', { stream: true }, { headers: { 'x-signalbox-fidelity': 'strict' } })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('hello')
  })
})

describe('a stop', () => {
  it('refuses new work, and ends what is still streaming with an error event', async () => {
    const test = appWith(() => streamAnswer(good.slice(0, 2), 'hang'))
    const text = (await ask(test, 'solo', { stream: true })).text()
    await test.clock.advance(1)
    test.app.drain()
    expect((await ask(test, 'solo')).status).toBe(503)
    expect(test.app.inFlight()).toBe(1)
    test.app.interrupt()
    expect(await text).toContain('shutting_down')
    expect(await text).not.toContain('[DONE]')
    expect(test.app.inFlight()).toBe(0)
  })
})

function neverUnless(cancellation: Cancellation): Promise<never> {
  return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
}

describe('a fabricated count of tokens', () => {
  it('does not reach a client that would compact its conversation for it', async () => {
    const usage = { prompt_tokens: 675_947_905, completion_tokens: 3, total_tokens: 675_947_908 }
    const chunks = [...good.slice(0, 3), `data: ${JSON.stringify({ id: 'x', choices: [], usage })}\n\n`, good[3] ?? '']
    const test = appWith(() => streamAnswer(chunks))
    const response = await test.request('/v1/messages', {
      json: { model: 'solo', max_tokens: 5, stream: true, messages: [{ role: 'user', content: 'hi' }] },
    })
    expect(await response.text()).not.toContain('675947905')
    expect(test.traces.map((row) => [row.outputTokens, row.usageEvidence])).toEqual([[3, 'counted']])
    expect(test.traces[0]?.inputTokens).toBeLessThan(100)
  })
})

describe('a conversation that only its provider has stored', () => {
  const thread = { type: 'continue', previous_message_id: 'msg_1' }
  const ask = (test: TestApp, model: string): Promise<Response> =>
    test.request('/v1/messages', {
      json: { model, max_tokens: 5, thread, messages: [{ role: 'user', content: 'and now?' }] },
    })

  it('is refused on another wire, in the words at which the SDK sends the whole history', async () => {
    const test = appWith(() => jsonAnswer(whole))
    const response = await ask(test, 'solo')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] } },
    })
    expect(test.sent).toHaveLength(0)
  })

  it('goes to its own provider, whose details come back unless they hold a key', async () => {
    const error = { type: 'invalid_request_error', message: 'no', details: { error_code: 'thread_not_found' } }
    const told = await ask(
      appWith(() => jsonAnswer({ type: 'error', error }, 400)),
      'claude',
    )
    expect(await told.json()).toMatchObject({ error: { details: { error_code: 'thread_not_found' } } })
    const leaking = { ...error, details: { note: 'sk-abcdefgh12345678' } }
    const kept = await ask(
      appWith(() => jsonAnswer({ type: 'error', error: leaking }, 400)),
      'claude',
    )
    expect(await kept.text()).not.toContain('sk-abcdefgh')
  })
})

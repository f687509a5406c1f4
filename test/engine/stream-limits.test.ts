// Streams without an end, and clients that do not read: what a stream may cost, and who ends it.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { FetchResponse } from '../../src/ports/index.ts'
import { chatProvider, createTestApp, pieces, type TestApp, type TestSource } from '../support/app.ts'
import { chatChunk } from '../support/upstream.ts'

function appWith(server: object, answer: () => FetchResponse): TestApp {
  return createTestApp({
    env: { K: 'sk-test-key-of-a-provider' },
    upstream: answer,
    config: {
      config_version: 1,
      server,
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: { one: chatProvider('one', { accounts: [{ id: 'a', credential: 'k' }] }) },
      routes: { r: { targets: [{ provider: 'one', model: 'm' }] } },
      storage: { kind: 'memory' },
    },
  })
}

const json = { model: 'r', stream: true, messages: [{ role: 'user', content: 'hi' }] }
const ask = (test: TestApp): Promise<Response> => test.request('/v1/chat/completions', { json })
const word = chatChunk({ content: 'word ' })

/** A stream that never ends, and how far it was read. */
function endless(): FetchResponse & { readonly source: TestSource } {
  const source = pieces([], 'close')
  let reads = 0
  const body: TestSource = {
    ...source,
    reads: () => reads,
    async read() {
      reads++
      return source.cancelled() ? undefined : new TextEncoder().encode(word)
    },
  }
  return { status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }), body, source: body }
}

describe('a stream without an end', () => {
  it('ends with an error at limits.max_stream_bytes', async () => {
    const answer = endless()
    const test = appWith({ limits: { max_stream_bytes: 20_000 } }, () => answer)
    const text = await (await ask(test)).text()
    expect(text.length).toBeLessThan(20_000 + 1000)
    expect(text).toContain('limits.max_stream_bytes')
    expect(text).not.toContain('[DONE]')
    expect(answer.source.cancelled()).toBe(true)
    expect(test.traces).toMatchObject([{ outcome: 'failed', errorCode: 'limit_exceeded' }])
  })

  it('may be as long as 64 MiB, and a client may be silent for a minute, where nothing else is said', () => {
    const compiled = compileConfig({ document: {} })
    const limits = compiled.ok ? compiled.snapshot.server.limits : undefined
    expect(limits).toMatchObject({ maxStreamBytes: 67_108_864, maxRepairChars: 1_048_576, clientStallMs: 60_000 })
  })
})

describe('a client that stops reading', () => {
  it.each([
    ['with heartbeats', 10_000],
    ['without heartbeats', 0],
  ])('is given up after limits.client_stall_ms, %s', async (_name, heartbeat_ms) => {
    const answer = endless()
    const test = appWith({ heartbeat_ms }, () => answer)
    const response = await ask(test)
    const reader = response.body!.getReader()
    await reader.read()
    const { reads } = answer.source
    const read = reads()
    await test.clock.advance(59_000)
    expect(answer.source.cancelled()).toBe(false)
    // Nothing is read for it meanwhile, not even once.
    expect(reads()).toBe(read)
    await test.clock.advance(1_001)
    expect(answer.source.cancelled()).toBe(true)
    expect(test.traces).toMatchObject([{ outcome: 'cancelled', status: 499, errorCode: 'client_stalled' }])
    await expect(reader.read()).rejects.toThrow()
    expect(test.clock.pending()).toBe(0)
  })

  it('after a time of its own, limits.client_stall_ms', async () => {
    const answer = endless()
    const test = appWith({ limits: { client_stall_ms: 3000 } }, () => answer)
    const reader = (await ask(test)).body!.getReader()
    await reader.read()
    await test.clock.advance(3001)
    expect(test.traces).toMatchObject([{ errorCode: 'client_stalled' }])
  })

  it('and goes on before that is served, however long it takes, and the provider is not blamed', async () => {
    const answer = endless()
    const test = appWith({ timeouts: { idle_ms: 5000 } }, () => answer)
    const reader = (await ask(test)).body!.getReader()
    for (let turn = 0; turn < 10; turn++) {
      expect((await reader.read()).done).toBe(false)
      await test.clock.advance(50_000)
    }
    expect(test.traces).toEqual([])
    await reader.cancel()
    expect(test.traces).toMatchObject([{ outcome: 'cancelled', errorCode: null }])
  })

  it('is still held to timeouts.total_ms', async () => {
    const answer = endless()
    const test = appWith({ timeouts: { total_ms: 20_000 } }, () => answer)
    const reader = (await ask(test)).body!.getReader()
    await reader.read()
    await test.clock.advance(20_001)
    expect(answer.source.cancelled()).toBe(true)
    expect(test.traces).toMatchObject([{ outcome: 'failed', errorCode: 'limit_exceeded' }])
  })
})

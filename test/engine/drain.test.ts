import { describe, expect, it } from 'vitest'
import type { FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, streamAnswer, type TestApp } from '../support/app.ts'
import { chatChunk } from '../support/upstream.ts'

const chunks = [
  chatChunk({ role: 'assistant', content: '' }),
  chatChunk({ content: 'hello' }),
  chatChunk({ content: ' there' }),
  chatChunk({}, 'stop'),
  `data: ${JSON.stringify({ id: 'x', choices: [], usage: { prompt_tokens: 11, completion_tokens: 7 } })}\n\n`,
  'data: [DONE]\n\n',
]

function appWith<T extends FetchResponse>(onAbort: 'cancel' | 'drain', answer: T) {
  const test = createTestApp({
    config: {
      config_version: 1,
      providers: {
        fragile: {
          type: 'openai_compatible',
          base_url: 'https://fragile.example.com/v1',
          auth_scheme: { kind: 'none' },
        },
      },
      routes: { solo: { targets: [{ provider: 'fragile', model: 'm', on_abort: onAbort }] } },
      storage: { kind: 'memory' },
    },
    upstream: () => answer,
  })
  return { test, answer }
}

async function leaveAfterFirstBytes(test: TestApp): Promise<void> {
  const response = await test.request('/v1/chat/completions', {
    json: { model: 'solo', stream: true, messages: [{ role: 'user', content: 'hi' }] },
  })
  const reader = response.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await test.clock.advance(0)
}

describe('a target with on_abort: drain', () => {
  it('is read to its end after the client left, so that its usage is known and nothing is aborted under it', async () => {
    const { test, answer } = appWith('drain', streamAnswer(chunks))
    await leaveAfterFirstBytes(test)
    expect(answer.source.reads()).toBe(chunks.length)
    expect(test.traces.map(({ outcome, inputTokens, outputTokens }) => [outcome, inputTokens, outputTokens])).toEqual([
      ['cancelled', 11, 7],
    ])
    expect(test.clock.pending()).toBe(0)
  })

  it('is given up where it falls silent behind a client that left while it was waiting', async () => {
    let hand: (chunk: string | undefined) => void = () => {}
    const texts = chunks.slice(0, 2)
    const answer: FetchResponse = {
      ...streamAnswer([]),
      body: {
        async read() {
          const text = texts.shift() ?? (await new Promise<string | undefined>((resolve) => (hand = resolve)))
          return text === undefined ? undefined : new TextEncoder().encode(text)
        },
        cancel: async () => hand(undefined),
      },
    }
    const { test } = appWith('drain', answer)
    const response = await test.request('/v1/chat/completions', {
      json: { model: 'solo', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    })
    const reader = response.body!.getReader()
    for (let text = ''; !text.includes('hello');) text += new TextDecoder().decode((await reader.read()).value)
    void reader.read().catch(() => {})
    await test.clock.advance(10)
    const waiting = hand
    void reader.cancel()
    await test.clock.advance(10)
    waiting(chunks[2])
    await test.clock.advance(10)
    // timeouts.idle_ms
    await test.clock.advance(180_000)
    expect(test.traces.map((row) => row.outcome)).toEqual(['cancelled'])
    expect(test.clock.pending()).toBe(0)
  })

  it('is not the default: another target is stopped at once', async () => {
    const { test, answer } = appWith('cancel', streamAnswer(chunks))
    await leaveAfterFirstBytes(test)
    expect(answer.source.cancelled()).toBe(true)
    expect(answer.source.reads()).toBeLessThan(chunks.length)
    // What the provider would have said at the end was not waited for.
    expect(test.traces.map((row) => [row.outcome, row.usageEvidence])).toEqual([['cancelled', 'counted']])
    expect(test.traces[0]?.inputTokens).not.toBe(11)
    expect(test.traces[0]?.outputTokens).toBe(1)
  })
})

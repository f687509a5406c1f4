// Compatible providers on the byte path: what they refuse is taken out, what they get wrong is mended, the rest is theirs.
import { describe, expect, it } from 'vitest'
import type { FetchRequest } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'

function appWith(provider: object, upstream: Parameters<typeof createTestApp>[0]['upstream']): TestApp {
  return createTestApp({
    config: {
      config_version: 1,
      providers: { it: { base_url: 'https://it.example.com/v1', auth_scheme: { kind: 'none' }, ...provider } },
      storage: { kind: 'memory' },
    },
    ...(upstream !== undefined && { upstream }),
  })
}

const chunk = (choice: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }], ...more })}\n\n`

// As Ollama sends it: no index, `stop` although a tool is called.
const call = { id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"a":1}' } }
const ollama = [
  chunk({ delta: { role: 'assistant', content: 'let me see' }, finish_reason: null }),
  chunk({ delta: { role: 'assistant', content: '', tool_calls: [call] }, finish_reason: null }),
  chunk({ delta: { role: 'assistant', content: '' }, finish_reason: 'stop' }),
  'data: [DONE]\n\n',
]

async function ask(test: TestApp, stream: boolean): Promise<string> {
  const response = await test.request('/v1/chat/completions', {
    json: { model: 'it/m', stream, messages: [{ role: 'developer', content: 'hi' }] },
  })
  return response.text()
}

const dataOf = (text: string): { choices: { delta: Record<string, unknown>; finish_reason: unknown }[] }[] =>
  text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)) as never)

describe('a provider that imitates a wire', () => {
  it('has its stream mended on the way to a client of the same wire, and what is right keeps its bytes', async () => {
    const test = appWith({ type: 'ollama' }, () => streamAnswer(ollama))
    const text = await ask(test, true)
    expect(text.startsWith(ollama[0] ?? '-')).toBe(true)
    const chunks = dataOf(text)
    expect(chunks.flatMap((each) => each.choices[0]?.delta['tool_calls'] ?? [])).toEqual([{ index: 0, ...call }])
    expect(chunks.map((each) => each.choices[0]?.finish_reason).filter(Boolean)).toEqual(['tool_calls'])
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(test.traces.map((row) => [row.outcome, row.finish])).toEqual([['succeeded', 'tool']])
  })

  it('is left alone with `normalize: false`', async () => {
    const test = appWith({ type: 'ollama', normalize: false }, () => streamAnswer(ollama))
    expect(await ask(test, true)).toBe(ollama.join(''))
  })

  it('has its whole answers mended', async () => {
    const answer = {
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: '', tool_calls: [call] }, finish_reason: 'stop' }],
    }
    const test = appWith({ type: 'ollama' }, () => jsonAnswer(answer))
    expect(JSON.parse(await ask(test, false))).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] })
  })

  it('is not sent what it refuses', async () => {
    const test = appWith({ type: 'deepseek' }, () => streamAnswer(ollama))
    await ask(test, true)
    const sent = JSON.parse(new TextDecoder().decode((test.sent[0] as FetchRequest).body)) as {
      messages: { role: string }[]
    }
    expect(sent.messages[0]?.role).toBe('system')
  })

  it('loses no usage that was kept back when the client leaves', async () => {
    const usage = { usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } }
    const growing = [
      chunk({ delta: { role: 'assistant', content: 'a' }, finish_reason: null }, usage),
      chunk({ delta: { content: 'b' }, finish_reason: null }, usage),
    ]
    const test = appWith({ type: 'perplexity' }, () => streamAnswer(growing, 'hang'))
    const response = await test.request('/v1/chat/completions', {
      json: { model: 'it/m', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    })
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await test.clock.advance(0)
    expect(test.traces.map((row) => [row.outcome, row.inputTokens])).toEqual([['cancelled', 5]])
  })
})

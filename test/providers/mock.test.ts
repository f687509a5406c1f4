// What the mock can be told by its model name, on both wires, through the whole gateway.
import { describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../support/app.ts'

const app = (): TestApp =>
  createTestApp({ config: { config_version: 1, providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } } })

const tools = {
  '/v1/chat/completions': ['a', 'b'].map((name) => ({
    type: 'function',
    function: { name, parameters: { type: 'object' } },
  })),
  '/v1/messages': ['a', 'b'].map((name) => ({ name, input_schema: { type: 'object' } })),
}

describe.each(['/v1/chat/completions', '/v1/messages'] as const)('the mock on %s', (path) => {
  const ask = (test: TestApp, model: string, stream: boolean): Promise<Response> =>
    test.request(path, {
      json: {
        model: `mock/${model}`,
        stream,
        max_tokens: 50,
        tools: tools[path],
        messages: [{ role: 'user', content: 'one two' }],
      },
    })

  it.each([
    ['echo', /echo: ?/, /two/],
    ['anything-else', /echo: ?/, /two/],
    ['thinking', /I repeat|"I "/, /two/],
    ['tool', /"name":"a"/, /tool_calls|tool_use/],
    ['tools', /"name":"a"/, /"name":"b"/],
  ])('answers %s, whole and streamed', async (model, first, second) => {
    for (const stream of [false, true]) {
      const response = await ask(app(), model, stream)
      expect(response.status).toBe(200)
      const text = await response.text()
      expect(text).toMatch(first)
      expect(text).toMatch(second)
    }
  })

  it.each([
    ['fault-429-retry-after-1', 429],
    ['fault-503', 502],
    ['fault-529', 529],
    ['fault-401', 502],
    ['fault-html', 502],
    ['fault-truncated-0', 502],
    ['fault-reset-mid-stream-0', 502],
    ['fault-error-in-stream-0', 502],
  ])('fails as told by %s before anything was said', async (model, status) => {
    expect((await ask(app(), model, true)).status).toBe(status)
  })

  it.each(['fault-truncated-2', 'fault-reset-mid-stream-2', 'fault-error-in-stream-2'])(
    'fails as told by %s in the middle, with an error event and no end',
    async (model) => {
      const test = app()
      const text = await (await ask(test, model, true)).text()
      expect(text).toMatch(/"error"/)
      expect(text).not.toMatch(/\[DONE\]|message_stop/)
      expect(test.traces[0]?.outcome).not.toBe('succeeded')
    },
  )

  it('stalls until a timer ends it, and takes its time where told to', async () => {
    const test = app()
    const stalled = ask(test, 'fault-stall-headers', true)
    await test.clock.advance(30_001)
    expect((await stalled).status).toBe(504)
    const slow = ask(test, 'slow-100', true).then((response) => response.text())
    await test.clock.advance(2000)
    expect(await slow).toContain('two')
  })
})

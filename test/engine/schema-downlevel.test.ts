// Schemas that the provider's wire cannot say in full: told keyword by keyword, or refused where the policy says so.
import { describe, expect, it } from 'vitest'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'

function appWith(strict: boolean): TestApp {
  return createTestApp({
    config: {
      config_version: 1,
      policy: { strict_schema_downlevel: strict },
      providers: {
        google: {
          type: 'openai_compatible',
          base_url: 'https://google.example.com',
          api_formats: ['gemini'],
          auth_scheme: { kind: 'none' },
        },
      },
      storage: { kind: 'memory' },
    },
    upstream: () =>
      jsonAnswer({
        candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'ok' }] }, finishReason: 'STOP' }],
      }),
  })
}

const ask = (test: TestApp, parameters: object): Promise<Response> =>
  test.request('/v1/chat/completions', {
    json: {
      model: 'google/gemini-2.5-flash',
      messages: [{ role: 'user', content: 'hi' }],
      tools: [{ type: 'function', function: { name: 'f', parameters } }],
    },
  })
const narrow = { type: 'object', properties: { tag: { type: 'string', pattern: '^a' }, not: { type: 'string' } } }

describe('a schema with a keyword that Gemini does not have', () => {
  it('is sent without it, the loss names its place, and a property of that name stays', async () => {
    const test = appWith(false)
    const response = await ask(test, narrow)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-signalbox-losses')).toBe(
      'tools[0].function.parameters.properties.tag.pattern dropped',
    )
    const sent = new TextDecoder().decode(test.sent[0]?.body)
    expect(sent).not.toContain('pattern')
    expect(sent).toContain('"not"')
  })

  it('is refused before anything is sent where the policy is strict', async () => {
    const test = appWith(true)
    const response = await ask(test, narrow)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: { code: 'schema_downlevel_rejected' } })
    expect(test.sent).toHaveLength(0)
    expect((await ask(test, { type: 'object', properties: { a: { type: 'string' } } })).status).toBe(200)
  })
})

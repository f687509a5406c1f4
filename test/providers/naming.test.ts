// What a provider's own settings do to a model's name and to the address, whatever its type.
import { describe, expect, it } from 'vitest'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'

function gateway(members: object, targets: readonly object[] = [{ model: 'llama-4' }]): TestApp {
  return createTestApp({
    config: {
      credentials: { key: { type: 'api_key', env: 'KEY' } },
      providers: {
        p: {
          type: 'openai_compatible',
          base_url: 'https://llm.example.com/v1',
          accounts: [{ id: 'a', credential: 'key' }],
          ...members,
        },
      },
      models: { 'llama-4': { creator: 'meta' }, 'a/b': { creator: 'meta' } },
      routes: { r: { targets: targets.map((target) => ({ provider: 'p', ...target })) } },
      storage: { kind: 'memory' },
    },
    upstream: () => jsonAnswer({ error: { message: 'no' } }, 400),
    env: { KEY: 'test-key' },
  })
}

async function sentBy(app: TestApp): Promise<{ url: string | undefined; model: unknown }> {
  await app.request('/v1/chat/completions', { json: { model: 'r', messages: [{ role: 'user', content: 'a' }] } })
  const sent = app.sent[0]
  const body: unknown = JSON.parse(new TextDecoder().decode(sent?.body))
  return { url: sent?.url, model: (body as { readonly model?: unknown }).model }
}

describe('model_id_format', () => {
  it.each([
    ['creator/model', 'llama-4', 'meta/llama-4'],
    ['creator/model', 'a/b', 'a/b'],
    ['creator/model', 'of-nobody', 'of-nobody'],
    ['passthrough', 'llama-4', 'llama-4'],
  ])('%s sends %s as %s', async (format, model, sent) => {
    expect(await sentBy(gateway({ model_id_format: format }, [{ model }]))).toMatchObject({ model: sent })
  })
})

describe('an address with a region in it', () => {
  const base_url = 'https://{region}.llm.example.com/v1'
  it('gets that of the provider, or of the target', async () => {
    const url = 'https://eu-1.llm.example.com/v1/chat/completions'
    expect(await sentBy(gateway({ base_url, region: 'eu-1' }))).toMatchObject({ url })
    const app = gateway({ base_url, region: 'eu-1' }, [{ model: 'llama-4', region: 'us-2' }])
    expect(await sentBy(app)).toMatchObject({ url: url.replace('eu-1', 'us-2') })
  })

  it('is not led elsewhere by one that is none', () => {
    expect(() => gateway({ base_url, region: 'eu-1' }, [{ model: 'm', region: 'evil.example.org/' }])).toThrow(
      /targets\[0\]\.region: not a region/,
    )
  })
})

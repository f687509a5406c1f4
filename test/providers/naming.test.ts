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

// The whole address of each wire as the vendor's pages give it; they stand beside its row in src/catalog/presets.ts.
describe('a wire that a vendor speaks itself', () => {
  const messages = '/v1/messages'
  it.each([
    ['openrouter', {}, messages, 'https://openrouter.ai/api/v1/messages', 'authorization'],
    ['openrouter', {}, '/v1/responses', 'https://openrouter.ai/api/v1/responses', 'authorization'],
    ['openrouter', {}, '/v1/embeddings', 'https://openrouter.ai/api/v1/embeddings', 'authorization'],
    ['deepseek', {}, '/v1/chat/completions', 'https://api.deepseek.com/chat/completions', 'authorization'],
    ['deepseek', {}, '/v1/responses', 'https://api.deepseek.com/responses', 'authorization'],
    ['deepseek_anthropic', {}, messages, 'https://api.deepseek.com/anthropic/v1/messages', 'x-api-key'],
    ['fireworks', {}, messages, 'https://api.fireworks.ai/inference/v1/messages', 'authorization'],
    ['huggingface', {}, messages, 'https://router.huggingface.co/v1/messages', 'authorization'],
    ['xai', {}, '/v1/responses', 'https://api.x.ai/v1/responses', 'authorization'],
    ['zai_anthropic', {}, messages, 'https://api.z.ai/api/anthropic/v1/messages', 'authorization'],
    ['moonshot', {}, '/v1/responses', 'https://api.moonshot.ai/v1/responses', 'authorization'],
    ['moonshot_anthropic', {}, messages, 'https://api.moonshot.ai/anthropic/v1/messages', 'authorization'],
    ['alibaba_anthropic', {}, messages, 'https://dashscope-intl.aliyuncs.com/apps/anthropic/v1/messages', 'x-api-key'],
    ['cohere', {}, '/v1/embeddings', 'https://api.cohere.ai/compatibility/v1/embeddings', 'authorization'],
    ['deepinfra', {}, '/v1/completions', 'https://api.deepinfra.com/v1/openai/completions', 'authorization'],
    ['ollama', {}, messages, 'http://127.0.0.1:11434/v1/messages', 'authorization'],
    ['vllm', {}, `${messages}/count_tokens`, 'http://127.0.0.1:8000/v1/messages/count_tokens', 'authorization'],
    [
      'snowflake',
      { base_url: 'https://acme-eu.snowflakecomputing.com/api/v2/cortex/v1' },
      messages,
      'https://acme-eu.snowflakecomputing.com/api/v2/cortex/v1/messages',
      'authorization',
    ],
  ])('%s %j: %s goes to %s as it is', async (type, members, path, url, header) => {
    const app = gateway({ type, base_url: undefined, ...members }, [{ model: 'claude-sonnet-4-5' }])
    const body = `{"input":"a","prompt":"a", "max_tokens":9,"messages":[{"role":"user","content":"\\u00fc"}],"model":"r"}`
    await app.request(path, { body, headers: { 'content-type': 'application/json' } })
    const [sent] = app.sent
    expect(sent?.url).toBe(url)
    expect(sent?.headers[header]).toMatch(/^(?:Bearer )?test-key$/)
    expect(new TextDecoder().decode(sent?.body)).toBe(body.replace('"r"', '"claude-sonnet-4-5"'))
  })
})

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

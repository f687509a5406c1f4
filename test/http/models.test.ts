// The list of models, in the shape of whoever asks.
import { describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../support/app.ts'

const test: TestApp = createTestApp({
  config: {
    providers: { mock: { type: 'mock' }, other: { type: 'mock' } },
    routes: {
      fast: { targets: [{ provider: 'mock', model: 'echo' }] },
      all: { match: { model: 'gpt-*' }, targets: [{ provider: 'other', model: '*' }] },
    },
    storage: { kind: 'memory' },
  },
})

const openai = {}
const anthropic = { 'anthropic-version': '2023-06-01' }
const google = { 'x-goog-api-client': 'google-genai-sdk/3.1.0' }

describe('the list of models', () => {
  it.each<[string, string, Record<string, string>, object]>([
    ['OpenAI', '/v1/models', openai, { object: 'list', data: [{ id: 'fast' }, { id: 'mock/echo' }] }],
    ['Anthropic', '/v1/models', anthropic, { data: [{ id: 'fast', type: 'model' }, {}], has_more: false }],
    ['Anthropic', '/anthropic/v1/models', openai, { data: [{ id: 'fast', type: 'model' }, {}], has_more: false }],
    ['Google', '/v1/models', google, { models: [{ name: 'models/fast' }, { name: 'models/mock/echo' }] }],
    ['Google', '/v1beta/models', openai, { models: [{ name: 'models/fast' }, { name: 'models/mock/echo' }] }],
  ])('is %s’s on %s with %o', async (_name, path, headers, expected) => {
    const response = await test.request(path, { headers })
    expect([response.status, await response.json()]).toMatchObject([200, expected])
  })

  it('is only read', async () => {
    const response = await test.request('/v1/models', { method: 'POST', json: {} })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
  })
})

describe('one model', () => {
  it.each([
    ['a route', 'fast', ['mock/echo']],
    ['a target', 'mock/echo', ['mock/echo']],
    ['a name that only a glob knows', 'gpt-5', ['other/gpt-5']],
    ['a provider’s model that no route names', 'mock/thinking', ['mock/thinking']],
  ])('is found where it would be served: %s', async (_name, id, targets) => {
    const response = await test.request(`/v1/models/${id}`)
    expect([response.status, await response.json()]).toMatchObject([200, { id, signalbox: { targets } }])
  })

  it.each<[string, Record<string, string>, object]>([
    ['OpenAI', openai, { error: { code: 'model_not_found', type: 'not_found_error', param: 'model' } }],
    ['Anthropic', anthropic, { type: 'error', error: { type: 'not_found_error', code: 'model_not_found' } }],
    ['Google', google, { error: { code: 404, status: 'NOT_FOUND' } }],
  ])('that nothing serves is missed in the words of %s', async (_name, headers, expected) => {
    for (const id of ['nothing', '']) {
      const response = await test.request(`/v1/models/${id}`, { headers })
      expect([response.status, await response.json()]).toMatchObject([404, expected])
      expect(response.headers.get('x-signalbox-error-code')).toBe('model_not_found')
    }
  })
})

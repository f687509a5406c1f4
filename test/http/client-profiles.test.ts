// Client profiles: who may be served under which name, with which models and accounts, and what is said of them.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { createTestApp, jsonAnswer } from '../support/app.ts'

const profiles = [
  { id: 'codex', kind: 'codex', models: ['gpt-*'], accounts: ['openai/b'] },
  { id: 'claude', kind: 'claude_code' },
  { id: 'claude-two', kind: 'claude_code', enabled: false },
  { id: 'nothing', kind: 'codex', accounts: ['other/x'] },
]

const config = {
  credentials: {
    a: { type: 'api_key', source: 'env', env: 'KEY_A' },
    b: { type: 'api_key', source: 'env', env: 'KEY_B' },
  },
  providers: {
    openai: {
      type: 'openai',
      accounts: [
        { id: 'a', credential: 'a' },
        { id: 'b', credential: 'b' },
      ],
    },
    other: { type: 'openai', accounts: [{ id: 'x', credential: 'a' }] },
    mock: { type: 'mock' },
  },
  routes: { 'gpt-main': { targets: [{ provider: 'openai', model: 'gpt-5' }] } },
  client_profiles: profiles,
}

const env = { KEY_A: 'sk-canary-account-a-0123', KEY_B: 'sk-canary-account-b-0123' }
const responses = { model: 'gpt-main', input: 'hello' }
const messages = { model: 'mock/echo', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] }

function ask(path: string, json: object, profile?: string) {
  const app = createTestApp({ config, env, upstream: () => jsonAnswer({ error: { message: 'no' } }, 400) })
  const headers: Record<string, string> = profile === undefined ? {} : { 'x-signalbox-client-profile': profile }
  return { app, answer: app.request(path, { json, headers }) }
}

describe('a request that names a client profile', () => {
  it.each([
    ['of no such name', '/v1/responses', responses, 'nobody', 422, 'invalid_client_profile'],
    ['that is far too long', '/v1/responses', responses, 'x'.repeat(5000), 422, 'invalid_client_profile'],
    ['of another protocol', '/v1/messages', messages, 'codex', 422, 'invalid_client_profile'],
    ['on Chat, which no profile speaks', '/v1/chat/completions', messages, 'codex', 422, 'invalid_client_profile'],
    ['that is switched off', '/v1/messages', messages, 'claude-two', 403, 'client_profile_denied'],
    [
      'with a model that it may not use',
      '/v1/responses',
      { ...responses, model: 'mock/echo' },
      'codex',
      403,
      'client_profile_denied',
    ],
    ['whose accounts serve another provider', '/v1/responses', responses, 'nothing', 403, 'client_profile_denied'],
    ['by a kind that two have', '/v1/messages', messages, 'claude_code', 409, 'ambiguous_client_profile'],
  ])('%s is refused before anything is sent', async (_name, path, json, profile, status, code) => {
    const { app, answer } = ask(path, json, profile)
    const response = await answer
    expect(response.status).toBe(status)
    expect(app.traces).toMatchObject([{ errorCode: code, outcome: 'rejected' }])
    expect(app.sent).toEqual([])
    const body = (await response.json()) as { type?: string; error: { message: string } }
    expect(body.error.message).not.toBe('')
    if (path === '/v1/messages') expect(body.type).toBe('error')
  })

  it('uses the accounts that it lists and no other', async () => {
    const { app, answer } = ask('/v1/responses', responses, 'codex')
    await answer
    expect(app.sent.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${env.KEY_B}`])
    expect(app.traces[0]?.detail).toContain('client_profile=codex')
  })

  it.each(['x-signalbox-client-profile', 'x-switchback-client-profile'])(
    'is told which one it was, whether it is served or not: %s',
    async (header) => {
      const app = createTestApp({ config: { ...config, server: { compat: { headers: ['switchback'] } } }, env })
      const asked = (json: object) => app.request('/v1/messages', { json, headers: { [header]: 'claude' } })
      for (const answer of [await asked(messages), await asked({ ...messages, model: 'unheard-of' })])
        for (const brand of ['signalbox', 'switchback']) {
          expect(answer.headers.get(`x-${brand}-client-profile`)).toBe('claude')
          expect(answer.headers.get(`x-${brand}-client-protocol`)).toBe('anthropic_messages')
        }
      const nobody = await app.request('/v1/messages', { json: messages })
      expect(nobody.headers.get('x-signalbox-client-profile')).toBeNull()
    },
  )

  it('that lists nothing may use everything, and so may a request that names none', async () => {
    expect((await ask('/v1/messages', messages, 'claude').answer).status).toBe(200)
    const { app, answer } = ask('/v1/responses', responses)
    await answer
    expect(app.sent.map(({ headers }) => headers['authorization'])).toEqual([`Bearer ${env.KEY_A}`])
  })
})

describe('the list of client profiles', () => {
  it('says what each may use, whether it is ready, and no secret', async () => {
    const app = createTestApp({ config, env: { KEY_B: env.KEY_B } })
    const response = await app.request('/v1/client-profiles')
    const text = await response.text()
    const { data } = JSON.parse(text) as { data: Record<string, unknown>[] }
    expect(data[0]).toEqual({
      id: 'codex',
      kind: 'codex',
      enabled: true,
      mode: 'ingress',
      ready: true,
      reasons: [],
      protocol: 'openai_responses',
      endpoints: ['/v1/responses', '/v1/models'],
      models: ['gpt-main'],
      allowed_models: ['gpt-*'],
      accounts: [{ provider: 'openai', account: 'b', credential: 'env KEY_B', resolvable: true }],
    })
    expect(data.map(({ ready }) => ready)).toEqual([true, true, false, false])
    expect(data[2]?.['reasons']).toEqual(['switched off'])
    expect(text).not.toContain('canary')
  })

  it('needs a key where the gateway does, and takes GET only', async () => {
    const app = createTestApp({ config: { ...config, keys: [{ id: 'k', env: 'KEY' }] }, env: { KEY: 'k'.repeat(30) } })
    expect((await app.request('/v1/client-profiles')).status).toBe(401)
    const headers = { authorization: `Bearer ${'k'.repeat(30)}` }
    expect((await app.request('/v1/client-profiles', { headers })).status).toBe(200)
    const post = await app.request('/v1/client-profiles', { headers, json: {} })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET'])
  })
})

describe('a configuration with client profiles', () => {
  it.each([
    [
      'a reserved mode',
      [{ id: 'c', kind: 'codex', mode: 'native_relay' }],
      'client_profiles[0].mode: "native_relay" is reserved',
    ],
    ['two of one id', [profiles[1], profiles[1]], 'client_profiles[1].id: duplicate id "claude"'],
    [
      'an account that is not there',
      [{ id: 'c', kind: 'codex', accounts: ['openai/q'] }],
      'client_profiles[0].accounts[0]: no account "openai/q"',
    ],
    ['a kind that nobody knows', [{ id: 'c', kind: 'cursor' }], 'client_profiles[0].kind'],
  ])('is refused for %s', (_name, client_profiles, problem) => {
    const compiled = compileConfig({ document: { ...config, client_profiles } })
    if (compiled.ok) throw new Error('it compiled')
    expect(compiled.problems.map(({ path, message }) => `${path}: ${message}`).join('\n')).toContain(problem)
  })
})

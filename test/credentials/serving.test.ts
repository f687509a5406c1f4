// Credentials as requests meet them: through the whole gateway, with a provider that knows which key is right.
import { beforeAll, describe, expect, it } from 'vitest'
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import type { Machine } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'
import { digestHere } from './support/scene.ts'

const adminKey = 'sbx_admin_0123456789abcdef'
const clientKey = 'sbx_client_0123456789abcdef'

interface Gateway {
  readonly app: TestApp
  /** What the file holds, what the provider takes, and how often the file was looked at. */
  readonly state: { held: string; right: string; looks: number; isGone: boolean }
  /** Through the route `m`, which leads to the provider `p`; `n` leads to `q` where there is one. */
  ask(route?: 'm' | 'n'): Promise<Response>
  /** Another configuration, with this credential. */
  reload(credential: object): void
}

function start(
  credential: object = {},
  env: Readonly<Record<string, string>> = {},
  providers: Readonly<Record<string, object>> = { p: {} },
): Gateway {
  const state = { held: 'key-one-0123456789', right: 'key-one-0123456789', looks: 0, isGone: false }
  const machine: Machine = {
    home: null,
    readOwnFile: (path): Promise<Outcome<string>> => {
      state.looks++
      return Promise.resolve(
        state.isGone ? failed('missing_credential', { message: `there is no file ${path}` }) : ok(`${state.held}\n`),
      )
    },
    awsInstanceProfile: () => Promise.resolve(failed('missing_credential')),
    azureManagedIdentity: () => Promise.resolve(failed('missing_credential')),
  }
  const configWith = (changed: object) => ({
    keys: [
      { id: 'c', env: 'CLIENT' },
      { id: 'a', env: 'ADMIN', role: 'admin' },
    ],
    credentials: { c: { type: 'api_key', source: 'file', path: '/run/key', ...changed } },
    providers: Object.fromEntries(
      Object.keys(providers).map((id) => [id, { type: 'openai', accounts: [{ id: 'a', credential: 'c' }] }]),
    ),
    routes: Object.fromEntries(
      Object.keys(providers).map((id) => [id === 'p' ? 'm' : 'n', { targets: [{ provider: id, model: 'm' }] }]),
    ),
  })
  const app = createTestApp({
    config: configWith(credential),
    // Read anew each time, as a test may change what a variable holds.
    env: Object.setPrototypeOf({ CLIENT: clientKey, ADMIN: adminKey }, env) as Record<string, string>,
    machine,
    upstream: (request) =>
      request.headers['authorization'] === `Bearer ${state.right}`
        ? jsonAnswer(chatAnswer())
        : jsonAnswer(
            { error: { message: `bad key ${request.headers['authorization'] ?? ''}`, code: 'invalid_api_key' } },
            401,
          ),
  })
  return {
    app,
    state,
    reload: (changed) => app.reload(configWith(changed)),
    ask: (route = 'm') =>
      app.request('/v1/chat/completions', {
        headers: { authorization: `Bearer ${clientKey}` },
        json: { model: route, messages: [{ role: 'user', content: 'hi' }] },
      }),
  }
}

async function auditOf({ app }: Gateway): Promise<readonly { reason: string; outcome: string }[]> {
  const headers = { authorization: `Bearer ${adminKey}` }
  const response = await app.request('/admin/v1/credentials-audit', { method: 'POST', headers })
  return ((await response.json()) as { data: { reason: string; outcome: string }[] }).data.toReversed()
}

beforeAll(() => digestHere())

describe('a key in a file', () => {
  it('serves requests, and is read once', async () => {
    const gateway = start()
    for (let i = 0; i < 5; i++) expect((await gateway.ask()).status).toBe(200)
    expect(gateway.state.looks).toBe(1)
    expect(await auditOf(gateway)).toMatchObject([{ reason: 'first', outcome: 'ok' }])
  })

  it('that was changed behind the gateway’s back is found by the provider’s refusal, and the client sees nothing', async () => {
    const gateway = start()
    await gateway.ask()
    gateway.state.held = gateway.state.right = 'key-two-0123456789'
    expect((await gateway.ask()).status).toBe(200)
    expect(gateway.app.sent).toHaveLength(3)
    expect(await auditOf(gateway)).toMatchObject([{ reason: 'first' }, { reason: 'refused' }])
  })

  it('that is really wrong is read once more and not with every request, and shows up nowhere', async () => {
    const gateway = start()
    gateway.state.right = 'another-0123456789'
    const answers = []
    for (let i = 0; i < 10; i++) answers.push(await gateway.ask())
    expect(answers[0]?.status).toBe(502)
    expect(gateway.state.looks).toBe(2)
    const texts = await Promise.all(answers.map((response) => response.text()))
    expect([...texts, ...gateway.app.logs, JSON.stringify(gateway.app.traces)].join()).not.toContain('key-one')
  })

  it('that is not there fails with what is missing, and says so in the trace', async () => {
    const gateway = start()
    gateway.state.isGone = true
    const response = await gateway.ask()
    expect(response.status).toBe(500)
    expect(gateway.app.traces).toMatchObject([{ outcome: 'failed', errorCode: 'missing_credential' }])
    expect(await auditOf(gateway)).toMatchObject([{ reason: 'first', outcome: 'missing_credential' }])
  })

  it('that expired is looked for once by 1,000 requests at once', async () => {
    const gateway = start({ cache_ttl_s: 60 })
    await gateway.ask()
    await gateway.app.clock.advance(61_000)
    const all = Promise.all(Array.from({ length: 1000 }, () => gateway.ask()))
    let isOver = false
    void all.finally(() => (isOver = true))
    for (let round = 0; !isOver && round < 1000; round++) await gateway.app.clock.advance(20)
    expect(new Set((await all).map(({ status }) => status))).toEqual(new Set([200]))
    expect(gateway.state.looks).toBe(2)
  })
})

describe('an account that is left out as its key was refused', () => {
  const operate = (gateway: Gateway, operation: string, json: object = {}) =>
    gateway.app.request(`/admin/v1/${operation}`, { json, headers: { authorization: `Bearer ${adminKey}` } })

  async function lockedOut(credential: object = {}): Promise<Gateway> {
    const gateway = start(credential)
    gateway.state.right = 'key-two-0123456789'
    expect((await gateway.ask()).status).toBe(502)
    gateway.state.held = gateway.state.right
    expect((await gateway.ask()).status).toBe(503)
    return gateway
  }

  it('is used again when a check finds a value', async () => {
    const gateway = await lockedOut()
    expect((await operate(gateway, 'credentials-check', { id: 'c' })).status).toBe(200)
    expect((await gateway.ask()).status).toBe(200)
  })

  it('stays left out where the check finds none', async () => {
    const gateway = await lockedOut()
    gateway.state.isGone = true
    await operate(gateway, 'credentials-check', { id: 'c' })
    expect((await gateway.ask()).status).toBe(503)
  })

  it('is used again when its entry of the vault is set anew', async () => {
    const kek = `k:${Buffer.alloc(32, 3).toString('base64')}`
    const gateway = start({ source: 'sealed', name: 'key', path: undefined }, { SIGNALBOX_KEK: kek })
    await operate(gateway, 'vault-set', { name: 'key', value: 'a-wrong-key-0123456789' })
    expect((await gateway.ask()).status).toBe(502)
    expect((await gateway.ask()).status).toBe(503)
    await operate(gateway, 'vault-set', { name: 'key', value: gateway.state.right })
    expect((await gateway.ask()).status).toBe(200)
  })

  it('is used again when another account brings the new value of the same credential', async () => {
    const env = { KEY: 'key-one-0123456789' }
    const gateway = start({ type: 'api_key', source: 'env', env: 'KEY', path: undefined }, env, { p: {}, q: {} })
    gateway.state.right = 'key-two-0123456789'
    expect((await gateway.ask('m')).status).toBe(502)
    env.KEY = gateway.state.right
    expect((await gateway.ask('m')).status).toBe(503)
    expect((await gateway.ask('n')).status).toBe(200)
    expect((await gateway.ask('m')).status).toBe(200)
  })

  it('is used again when a new configuration names another key, and only then', async () => {
    const gateway = start({}, { OTHER: 'key-two-0123456789' })
    gateway.state.right = 'key-two-0123456789'
    await gateway.ask()
    gateway.reload({})
    expect((await gateway.ask()).status).toBe(503)
    gateway.reload({ source: 'env', env: 'OTHER', path: undefined })
    expect((await gateway.ask()).status).toBe(200)
  })
})

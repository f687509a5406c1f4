import { describe, expect, it } from 'vitest'
import { credentialsAudit } from '../../src/operations/credentials-audit.ts'
import { credentialsCheck } from '../../src/operations/credentials-check.ts'
import { credentialsList } from '../../src/operations/credentials-list.ts'
import { operations } from '../../src/operations/index.ts'
import type { OperationContext } from '../../src/operations/operation.ts'
import { createScene, leaseFor, type Scene } from '../credentials/support/scene.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createTestApp } from '../support/app.ts'
import { drainMicrotasks } from '../support/virtual-clock.ts'
import { contextOf, dataOf, errorOf } from './context.ts'

const canary = 'canary-0123456789abcdef'
const document = {
  credentials: {
    main: { type: 'api_key', source: 'file', path: '/key', rotation_interval: '30d' },
    spare: { type: 'api_key', env: 'SPARE_KEY' },
    unused: { type: 'api_key', source: 'sealed', name: 'nothing' },
  },
  providers: {
    p: {
      type: 'openai',
      accounts: [
        { id: 'a', credential: 'main' },
        { id: 'b', credential: 'spare' },
      ],
    },
    groq: { type: 'groq' },
  },
}

/** A context as a running gateway gives it. */
function running(env: Record<string, string> = {}): { context: OperationContext; scene: Scene } {
  const scene = createScene({ env })
  scene.source.value = canary
  const bare = contextOf(document)
  const context = contextOf(document, {
    stores: scene.stores,
    credentialStates: () => scene.keeper.states(),
    checkCredential: (id) => scene.keeper.check(id, bare.snapshot),
  })
  return { context, scene }
}

describe('credentials list', () => {
  it('names every credential with its source and accounts, those of a provider that names none included', async () => {
    expect(await dataOf(credentialsList, contextOf(document))).toMatchObject([
      { id: 'main', type: 'api_key', source: 'file /key', accounts: ['p/a'], cached: null, rotation_due: null },
      { id: 'spare', source: 'env SPARE_KEY', accounts: ['p/b'] },
      { id: 'unused', source: 'sealed nothing', accounts: [] },
      { id: 'provider:groq', source: 'env GROQ_API_KEY', accounts: ['groq/default'] },
    ])
  })

  it('says what a running gateway knows of each, and never its value', async () => {
    const { context, scene } = running()
    const before = await dataOf(credentialsList, context)
    expect(before).toMatchObject([{ id: 'main', cached: false, last_read: null, last_changed: null }, {}, {}, {}])
    await scene.keeper.lease(leaseFor(context.snapshot), context.snapshot)
    const at = new Date(scene.clock.now()).toISOString()
    const until = new Date(scene.clock.now() + 3_600_000).toISOString()
    const after = await dataOf(credentialsList, context)
    expect(after).toMatchObject([
      {
        id: 'main',
        cached: true,
        expires_at: until,
        last_read: at,
        last_changed: at,
        rotation_due: false,
        problem: null,
      },
      {},
      {},
      {},
    ])
    await scene.clock.advance(31 * 86_400_000)
    expect(await dataOf(credentialsList, context)).toMatchObject([{ cached: false, rotation_due: true }, {}, {}, {}])
    expect(JSON.stringify([before, after])).not.toContain(canary)
  })
})

describe('credentials check', () => {
  it('asks all of them, and says what is wrong with which', async () => {
    const { context } = running({ GROQ_API_KEY: 'gsk' })
    const data = await dataOf(credentialsCheck, context)
    expect(data).toMatchObject([
      { id: 'main', ok: true, code: null, message: null },
      { id: 'spare', ok: false, code: 'missing_credential', message: expect.stringContaining('SPARE_KEY') },
      { id: 'unused', ok: false, code: 'missing_credential' },
      { id: 'provider:groq', ok: true },
    ])
    expect(credentialsCheck.isBad?.(data)).toBe(true)
    expect(JSON.stringify(data)).not.toContain(canary)
  })

  it('asks one of them, which is not bad where it is well', async () => {
    const { context } = running()
    const data = await dataOf(credentialsCheck, context, { id: 'main' })
    expect(data).toMatchObject([{ id: 'main', ok: true }])
    expect(credentialsCheck.isBad?.(data)).toBe(false)
  })

  it('fails for one that is not there, and where nobody can ask', async () => {
    expect(await errorOf(credentialsCheck, running().context, { id: 'nope' })).toMatchObject({ code: 'not_found' })
    expect(await errorOf(credentialsCheck, contextOf(document))).toMatchObject({ code: 'not_configured' })
  })
})

describe('credentials audit', () => {
  it('lists the looks, newest first, of one credential or of all', async () => {
    const { context, scene } = running({ SPARE_KEY: canary })
    await dataOf(credentialsCheck, context, { id: 'main' })
    await scene.clock.advance(1000)
    await dataOf(credentialsCheck, context, { id: 'spare' })
    await drainMicrotasks()
    const all = await dataOf(credentialsAudit, context)
    expect(all).toMatchObject([
      { credential: 'spare', source: 'env', reason: 'check', outcome: 'ok' },
      { credential: 'main', source: 'file', reason: 'check', outcome: 'ok' },
    ])
    expect(await dataOf(credentialsAudit, context, { id: 'main' })).toHaveLength(1)
    expect(await dataOf(credentialsAudit, context, { limit: 1 })).toHaveLength(1)
    expect(JSON.stringify(all)).not.toContain(canary)
  })

  it('says where the store fails', async () => {
    const { context, scene } = running()
    Object.assign(scene.stores.ledger, { accesses: () => Promise.reject(new Error('disk')) })
    expect(await errorOf(credentialsAudit, context)).toMatchObject({ code: 'store_unavailable' })
  })
})

describe('over HTTP', () => {
  const keys = {
    CLIENT: 'sbx_client_0123456789abcdef',
    OPERATOR: 'sbx_operator_0123456789abcdef',
    ADMIN: 'sbx_admin_0123456789abcdef',
  }
  const app = createTestApp({
    config: {
      ...document,
      keys: [
        { id: 'c', env: 'CLIENT', role: 'client' },
        { id: 'o', env: 'OPERATOR', role: 'operator' },
        { id: 'a', env: 'ADMIN', role: 'admin' },
      ],
    },
    env: { ...keys, SPARE_KEY: canary },
  })
  const ask = (path: string, key: keyof typeof keys) =>
    app.request(`/admin/v1/${path}`, { method: 'POST', headers: { authorization: `Bearer ${keys[key]}` } })

  it.each(operations.map((one) => one.verb.replace(' ', '-')).filter((path) => path.startsWith('credentials-')))(
    '%s is for admins only',
    async (path) => {
      expect((await ask(path, 'CLIENT')).status).toBe(403)
      expect((await ask(path, 'OPERATOR')).status).toBe(403)
      const answer = await ask(path, 'ADMIN')
      expect(answer.status).toBe(200)
      expect(await answer.text()).not.toContain(canary)
    },
  )

  it('the status counts the rows that a failing store has not taken', async () => {
    const broken = createTestApp({
      config: { keys: [{ id: 'a', env: 'ADMIN', role: 'admin' }], providers: { groq: { type: 'groq' } } },
      env: keys,
      stores: {
        ...createMemoryStores(),
        ledger: { ...createMemoryStores().ledger, appendAccesses: () => Promise.reject(new Error('disk')) },
      },
    })
    const headers = { authorization: `Bearer ${keys.ADMIN}` }
    await broken.request('/admin/v1/credentials-check', { method: 'POST', headers })
    await drainMicrotasks()
    const answer = await broken.request('/admin/v1/status', { method: 'POST', headers })
    expect(await answer.json()).toMatchObject({ data: { accesses: { queued: 1, dropped: 0, failed: 1 } } })
  })

  it('a check and a look at the audit go together', async () => {
    const checked = (await (await ask('credentials-check', 'ADMIN')).json()) as { data: { id: string; ok: boolean }[] }
    expect(checked.data.find(({ id }) => id === 'spare')).toMatchObject({ ok: true })
    await drainMicrotasks()
    const audit = (await (await ask('credentials-audit', 'ADMIN')).json()) as { data: { credential: string }[] }
    expect(audit.data.map(({ credential }) => credential)).toContain('spare')
  })
})

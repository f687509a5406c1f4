// Whole gateways as real processes on one database, an authorization server that takes each refresh token once, and a
// provider that looks at the bearer token.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openNodeSqlite } from '../../../node-adapter/sqlite-node.ts'
import { Secret } from '../../../src/ir/secret.ts'
import { readSealed, writeSealed } from '../../../src/sealing/vault.ts'
import { migrate } from '../../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../../src/store/sql-stores.ts'
import { onlyInFull, rounds } from '../../support/full-run.ts'
import { startGatewayProcess, type GatewayProcess, type RuntimeName } from '../../support/gateway-process.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'
import { realClock, testKek } from './making.ts'
import { forTokensOf, refreshingAccount } from './oauth-scene.ts'
import { startTokenServer, type TokenServer } from './token-server.ts'

// Real processes of real runtimes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

let folder = ''
let upstream: Upstream
let tokens: TokenServer
const gateways: GatewayProcess[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-oauth-'))
  tokens = await startTokenServer({ initial: 'rt-0', expiresIn: 3600, delayMs: 200 })
  upstream = await startUpstream()
  upstream.on(
    'm',
    forTokensOf(() => tokens),
  )
})
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()))
  await Promise.all([upstream.close(), tokens.close()])
  rmSync(folder, { recursive: true, force: true })
})

const database = (): string => join(folder, 'state.sqlite')

async function start(runtime: RuntimeName = 'node'): Promise<GatewayProcess> {
  const config = {
    config_version: 1,
    ...refreshingAccount({ tokens: tokens.url, provider: upstream.url, refresh: { source: 'sealed', name: 'r1' } }),
    storage: { kind: 'sqlite', path: database() },
  }
  const gateway = await startGatewayProcess(runtime, { config, env: { SIGNALBOX_KEK: testKek } })
  gateways.push(gateway)
  return gateway
}

/** Works on the vault beside the gateways, as another process would. */
async function withVault<T>(work: (access: Parameters<typeof writeSealed>[0]) => Promise<T>): Promise<T> {
  const sql = openNodeSqlite(database())
  await migrate(sql)
  try {
    const secrets = { get: (name: string) => (name === 'SIGNALBOX_KEK' ? testKek : undefined) }
    return await work({ secrets, stores: createSqlStores(sql), clock: realClock })
  } finally {
    sql.close()
  }
}

/** What an account looks like whose access token ran out a minute ago. */
function expired(): Promise<unknown> {
  const now = Date.now()
  const ours = { access_token: 'at-old', expires_at: now - 60_000, obtained_at: now - 3_660_000 }
  const text = JSON.stringify({ refresh_token: 'rt-0', signalbox_oauth: ours })
  return withVault((access) => writeSealed(access, 'r1', new Secret('r1', text), null))
}

async function ask(gateway: GatewayProcess): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'hi' }] }),
  })
  await response.text()
  return response.status
}

function counted(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const many = rounds(1000, 200)

describe(`${many} requests at once on an expired token`, () => {
  it('F-77 · make one refresh in one process', async () => {
    await expired()
    const gateway = await start()
    const statuses = await Promise.all(Array.from({ length: many }, () => ask(gateway)))
    expect(counted(statuses)).toEqual({ 200: many })
    expect(tokens.forms).toHaveLength(1)
    expect(upstream.received.filter((seen) => seen.headers.authorization !== 'Bearer at-1-rt-0')).toEqual([])
  })

  it('F-77 · make one refresh in two processes on one database, and the next one goes on from there', async () => {
    await expired()
    const [a, b] = await Promise.all([start(), start()])
    const statuses = await Promise.all(Array.from({ length: many }, (_, index) => ask(index % 2 === 0 ? a : b)))
    expect(counted(statuses)).toEqual({ 200: many })
    expect(tokens.forms).toHaveLength(1)
    const c = await start()
    expect(await ask(c)).toBe(200)
    expect(tokens.forms).toHaveLength(1)
  })
})

describe.runIf(onlyInFull('refreshing on Bun and Deno'))('beside Node', () => {
  it.each(['bun', 'deno'] as const)('F-77 · %s makes one refresh of 100 requests at once', async (runtime) => {
    await expired()
    const gateway = await start(runtime)
    const statuses = await Promise.all(Array.from({ length: 100 }, () => ask(gateway)))
    expect(counted(statuses)).toEqual({ 200: 100 })
    expect(tokens.forms).toHaveLength(1)
  })
})

describe('a gateway that is killed', () => {
  it('finds the newest refresh token when it is started again', async () => {
    await withVault((access) => writeSealed(access, 'r1', new Secret('r1', 'rt-0'), null))
    const gateway = await start()
    expect(await ask(gateway)).toBe(200)
    gateway.signal('SIGKILL')
    await gateway.exited
    const kept = await withVault((access) => readSealed(access, 'r1'))
    expect(kept.ok && JSON.parse(kept.value.reveal())).toMatchObject({ refresh_token: tokens.current() })
    expect(await ask(await start())).toBe(200)
    expect(tokens.forms).toHaveLength(1)
    expect(tokens.revoked()).toBe(false)
  })

  it('says that a new login is needed where the token is no longer taken, and asks the endpoint once', async () => {
    await withVault((access) => writeSealed(access, 'r1', new Secret('r1', 'rt-wrong'), null))
    const gateway = await start()
    const statuses = await Promise.all(Array.from({ length: 50 }, () => ask(gateway)))
    expect(statuses.filter((status) => status < 500)).toEqual([])
    expect(tokens.forms).toHaveLength(1)
    expect(gateway.stderr()).toContain('oauth_login_needed')
    expect(gateway.stderr()).not.toContain('rt-wrong')
  })
})

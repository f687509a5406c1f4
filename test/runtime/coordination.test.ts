// Two gateways as processes of their own on one database file: what they agree on, and what is left when one is killed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { startGatewayProcess, runUntilExit, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryFolder } from '../store/drivers.ts'
import { json, startUpstream, type Upstream } from '../support/upstream.ts'

const answer = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'well' } }],
}

let folder: { readonly path: string; remove(): void }
let upstream: Upstream
const running: GatewayProcess[] = []

beforeAll(async () => {
  folder = temporaryFolder()
  upstream = await startUpstream()
})
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop()
})
afterAll(async () => {
  await upstream.close()
  folder.remove()
})

function configFor(file: string, more: object = {}): object {
  return {
    config_version: 1,
    server: { limits: { max_concurrency: 2, admission_timeout_ms: 0 } },
    credentials: { key: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' } },
    providers: {
      chat: {
        type: 'openai_compatible',
        base_url: `${upstream.url}/v1`,
        api_formats: ['openai_chat'],
        accounts: [{ id: 'a', credential: 'key' }],
        allow_private: true,
        allow_http: true,
      },
    },
    policy: { retry: { max_retries: 0 } },
    storage: { kind: 'sqlite', path: file },
    coordination: { backend: 'store' },
    ...more,
  }
}

async function start(file: string): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess('node', {
    config: configFor(file),
    env: { UPSTREAM_KEY: 'sk-upstream-0123456789abcdef' },
  })
  running.push(gateway)
  return gateway
}

async function ask(gateway: GatewayProcess, model: string): Promise<[number, string]> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `chat/${model}`, messages: [{ role: 'user', content: 'hi' }] }),
  })
  const body = (await response.json()) as { error?: { code?: string } }
  return [response.status, body.error?.code ?? '']
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('two processes on one database file', () => {
  it('hold one limit and one set of locks; what a killed one held is free after its lease, its locks stay', async () => {
    const file = join(folder.path, 'shared.sqlite')
    const [one, two] = [await start(file), await start(file)]
    upstream.on('well', json(answer))
    upstream.on('refused', json({ error: { message: 'no', type: 'auth' } }, 401))
    // Two requests that never end, in the process that will die.
    upstream.on('hangs', () => new Promise(() => {}))
    const lost = [ask(one, 'hangs').catch(() => {}), ask(one, 'hangs').catch(() => {})]
    await until(() => upstream.of('hangs').length === 2)
    expect(await ask(two, 'well')).toEqual([503, 'overloaded'])
    expect(await ask(one, 'well')).toEqual([503, 'overloaded'])

    one.signal('SIGKILL')
    await one.exited
    await Promise.all(lost)
    expect(await ask(two, 'well')).toEqual([503, 'overloaded'])
    const sql = openNodeSqlite(file)
    const held = await sql.all('SELECT expires_at FROM coordination_slots', [])
    expect(held).toHaveLength(2)
    for (const row of held) expect(Number(row['expires_at'])).toBeLessThanOrEqual(Date.now() + 90_000)
    // Ninety seconds later.
    await sql.run('UPDATE coordination_slots SET expires_at = expires_at - 90000', [])
    expect(await ask(two, 'well')).toEqual([200, ''])

    const three = await start(file)
    expect((await ask(three, 'refused'))[1]).toBe('upstream_auth')
    await until(async () => (await sql.all('SELECT key FROM coordination_state', [])).length > 0)
    three.signal('SIGKILL')
    await three.exited
    const calls = upstream.of('well').length
    const [status, code] = await ask(two, 'well')
    expect([status, code]).toEqual([503, 'no_eligible_target'])
    expect(upstream.of('well').length).toBe(calls)
    sql.close()
  }, 60_000)

  it('say at start how they agree', async () => {
    const gateway = await start(join(folder.path, 'said.sqlite'))
    const line = gateway
      .stderr()
      .split('\n')
      .find((text) => text.includes('coordination'))
    expect(line).toContain('sqlite')
    expect(line).toContain('all processes on the database file')
  }, 60_000)

  it.each([
    ['an object that only Workers have', { coordination: { backend: 'durable_object' } }, 'Cloudflare Workers only'],
    ['a store that is not one', { storage: { kind: 'memory' } }, 'needs storage.kind "sqlite"'],
  ])(
    'refuse to start with %s',
    async (_, more, text) => {
      const file = join(folder.path, 'refused.sqlite')
      const { code, stderr } = await runUntilExit('node', { config: configFor(file, more), env: { UPSTREAM_KEY: 'k' } })
      expect([code, stderr]).toEqual([78, expect.stringContaining(text)])
      expect(existsSync(file)).toBe(false)
    },
    60_000,
  )
})

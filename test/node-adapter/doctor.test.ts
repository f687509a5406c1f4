// `signalbox doctor` as its user has it: every finding with what to do about it, exit 1 where something is broken.
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../support/loopback.ts'
import { createBench, type Bench } from './cli-harness.ts'

let bench: Bench
beforeAll(() => void (bench = createBench()))
afterAll(() => bench.dispose())

interface Check {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly next: string | null
}

async function examine(args: readonly string[], env: Record<string, string> = {}) {
  const { code, envelope } = await bench.json(['doctor', ...args], { env })
  if (!envelope.ok) throw new Error(envelope.error.message)
  const checks = envelope.data as readonly Check[]
  return { code, checks, of: (name: string) => checks.filter((check) => check.name === name) }
}

const storage = { kind: 'sqlite', path: 'doctor.sqlite' }
const well = {
  server: { port: 18_199 },
  providers: { mock: { type: 'mock' } },
  routes: { echo: { targets: [{ provider: 'mock', model: 'echo' }] } },
  storage,
}

describe('doctor', () => {
  it('finds nothing wrong with a configuration that is well', async () => {
    const { code, checks } = await examine(['--config', bench.file('well.json', well)])
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'runtime',
        'way out',
        'configuration',
        'key file',
        'store file',
        'port',
        'keys',
        'clock',
        'providers',
      ]),
    )
    expect(code).toBe(0)
  })

  it('lists every problem of a configuration that is refused, and ends with 1', async () => {
    const path = bench.file('refused.json', { prviders: {}, server: { port: 'x' } })
    const { code, of } = await examine(['--config', path])
    expect(code).toBe(1)
    expect(of('configuration').map(({ status }) => status)).toEqual(['fail', 'fail', 'warn'])
    expect(
      of('configuration')
        .map(({ message }) => message)
        .join(),
    ).toContain('prviders')
  })

  it.each([
    ['that is not there', () => join(bench.home, 'nowhere.json'), 'no such file', 'signalbox init'],
    ['that others may read', () => bench.file('open.json', well, 0o644), '0644', 'chmod'],
  ])('says what to do about a file %s', async (_name, path, message, next) => {
    const { code, of } = await examine(['--config', path()])
    const [check] = of('configuration')
    expect([code, check?.status]).toEqual([1, 'fail'])
    expect(check?.message).toContain(message)
    expect(`${check?.message} ${check?.next}`).toContain(next)
  })

  it('names variables that are not set: keys of the gateway, credentials, addresses of proxies', async () => {
    const config = {
      ...well,
      keys: [{ id: 'web', env: 'KEY_WEB' }],
      credentials: { o: { type: 'api_key', source: 'env', env: 'KEY_O' } },
      providers: { ...well.providers, openai: { type: 'openai', accounts: [{ id: 'm', credential: 'o' }] } },
      egress: [{ id: 'office', kind: 'proxy', url_env: 'PROXY' }],
    }
    const path = bench.file('unset.json', config)
    const { code, of } = await examine(['--config', path])
    expect(code).toBe(1)
    for (const [name, env] of [
      ['key web', 'KEY_WEB'],
      ['credential o', 'KEY_O'],
      ['egress office', 'PROXY'],
    ] as const)
      expect(of(name)).toMatchObject([{ status: 'fail', message: `the environment variable ${env} is not set` }])
    const canary = 'canary-0123456789-ABCDEF'
    const set = await examine(['--config', path], {
      KEY_WEB: canary,
      KEY_O: canary,
      PROXY: `http://u:${canary}@127.0.0.1:9`,
    })
    expect(set.code).toBe(0)
    expect(JSON.stringify(set.checks)).not.toContain(canary)
  })

  it('reaches for a proxy only with --online, and never shows its password', async () => {
    const calls: number[] = []
    const { port, close } = await listen(createServer((socket) => void calls.push(socket.end().remotePort ?? 0)))
    try {
      const config = { ...well, egress: [{ id: 'office', kind: 'proxy', url_env: 'PROXY' }] }
      const path = bench.file('proxy.json', config)
      const env = { PROXY: `http://u:canary-password-1@127.0.0.1:${port}` }
      expect((await examine(['--config', path], env)).of('proxy office')).toEqual([])
      expect(calls).toEqual([])
      const { checks, of } = await examine(['--config', path, '--online'], env)
      expect(of('proxy office')).toMatchObject([{ status: 'ok', message: `127.0.0.1:${port} accepts connections` }])
      expect(calls).toHaveLength(1)
      expect(JSON.stringify(checks)).not.toContain('canary')
    } finally {
      await close()
    }
  })

  it('sees a database that is not ours to use, and a port that somebody else has', async () => {
    bench.file('broken.sqlite', 'this is no database at all, but long enough to look like one'.repeat(20))
    const { port, close } = await listen(createServer())
    try {
      const config = { ...well, server: { port }, storage: { kind: 'sqlite', path: 'broken.sqlite' } }
      const { code, of } = await examine(['--config', bench.file('taken.json', config)])
      expect(code).toBe(1)
      expect(of('store file')).toMatchObject([{ status: 'fail' }])
      expect(of('port')).toMatchObject([{ status: 'fail', next: 'use serve --port, or stop what listens there' }])
    } finally {
      await close()
    }
  })

  it('asks the running gateway where there is one', async () => {
    const gateway = await bench.serve(['--config', bench.file('running.json', well), '--port', '0'])
    try {
      const { code, of } = await examine([])
      expect(of('gateway')).toMatchObject([{ status: 'ok' }])
      expect(of('gateway')[0]?.message).toContain(gateway.url)
      expect(of('sealing key')).toMatchObject([{ status: 'ok' }])
      expect(code).toBe(0)
    } finally {
      await gateway.stop()
    }
  })

  it('names the account that a running gateway leaves out, until when, and what would help', async () => {
    const vendor = await listen(createHttpServer((_request, response) => response.writeHead(401).end('{}')))
    const acme = {
      type: 'openai_compatible',
      base_url: `${vendor.url}/v1`,
      allow_private: true,
      allow_http: true,
      accounts: [{ id: 'old', credential: 'acme' }],
    }
    const config = {
      ...well,
      credentials: { acme: { type: 'api_key', env: 'ACME_KEY' } },
      providers: { ...well.providers, acme },
    }
    const env = { ACME_KEY: 'acme-key-canary-0123456789' }
    const gateway = await bench.serve(['--config', bench.file('locked.json', config), '--port', '0'], { env })
    try {
      expect((await examine([])).of('account acme/old')).toEqual([])
      await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'acme/a', messages: [{ role: 'user', content: 'hi' }] }),
      })
      const { code, of } = await examine([])
      expect(of('account acme/old')).toEqual([
        {
          name: 'account acme/old',
          status: 'warn',
          message: expect.stringMatching(/^left out until 2\d{3}-\S+Z: upstream_auth$/),
          next: 'put a key of this vendor that is valid into ACME_KEY',
        },
      ])
      expect(code).toBe(0)
    } finally {
      await gateway.stop()
      await vendor.close()
    }
  })

  it('says which variable holds the key where the gateway does not take the one it was asked with', async () => {
    const keyed = { ...well, keys: [{ id: 'boss', env: 'SIGNALBOX_KEY_BOSS', role: 'admin' }] }
    const boss = { SIGNALBOX_KEY_BOSS: 'boss-0123456789-0123456789' }
    const gateway = await bench.serve(['--config', bench.file('keyed.json', keyed), '--port', '0'], { env: boss })
    try {
      const env = { SIGNALBOX_ADMIN_KEY: 'wrong-0123456789-0123456789' }
      const { code, of } = await examine(['--url', gateway.url], env)
      expect(code).toBe(1)
      const next = 'put a key of role operator or admin into SIGNALBOX_ADMIN_KEY'
      expect(of('gateway')).toMatchObject([{ status: 'fail', next }])
      const { stderr } = await bench.run(['routes', 'list', '--url', gateway.url], { env })
      expect(stderr).toContain('this command takes its key from SIGNALBOX_ADMIN_KEY')
    } finally {
      await gateway.stop()
    }
  })

  it('says in text what it says in JSON', async () => {
    const { code, stdout } = await bench.run(['doctor', '--config', join(bench.home, 'nowhere.json')])
    expect(code).toBe(1)
    expect(stdout).toMatch(/fail\s+configuration/)
  })
})

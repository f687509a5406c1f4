// The Worker itself, as it is deployed, in two isolates on one D1 database.
import { Miniflare, convertV4MiniflareOptions } from 'miniflare'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { rounds } from '../../support/full-run.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'
import { bundleWorker } from '../../support/worker-bundle.ts'
import { testKek } from './making.ts'
import { forTokensOf, refreshingAccount } from './oauth-scene.ts'
import { startTokenServer, type TokenServer, type TokenServerOptions } from './token-server.ts'

const key = 'sk-test-0123456789abcdef0123456789abcdef'

// A real bundle in a real workerd, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

let bundle = ''
let url = ''
let upstream: Upstream
let tokens: TokenServer
let miniflare: Miniflare
beforeAll(() => {
  bundle = bundleWorker()
})

beforeEach(async () => {
  upstream = await startUpstream()
  upstream.on(
    'm',
    forTokensOf(() => tokens),
  )
})
afterEach(async () => {
  await miniflare.dispose()
  await Promise.all([upstream.close(), tokens.close()])
})

async function start(options: Partial<TokenServerOptions>): Promise<void> {
  tokens = await startTokenServer({ initial: 'rt-0', expiresIn: 3600, ...options })
  const config = {
    config_version: 1,
    keys: [{ id: 'k', env: 'GATEWAY_KEY' }],
    ...refreshingAccount({ tokens: tokens.url, provider: upstream.url, refresh: { source: 'env', env: 'REFRESH' } }),
    storage: { kind: 'd1' },
  }
  const worker = (name: string) => ({
    name,
    modules: [{ type: 'ESModule' as const, path: 'index.js', contents: bundle }],
    compatibilityDate: '2026-10-01',
    compatibilityFlags: ['enable_request_signal'],
    d1Databases: { DB: 'signalbox' },
    bindings: { SIGNALBOX_CONFIG: JSON.stringify(config), SIGNALBOX_KEK: testKek, GATEWAY_KEY: key, REFRESH: 'rt-0' },
  })
  const front = {
    name: 'front',
    modules: [{ type: 'ESModule' as const, path: 'front.js', contents: frontScript }],
    compatibilityDate: '2026-10-01',
    serviceBindings: { one: 'one', two: 'two' },
  }
  miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [front, worker('one'), worker('two')] }))
  url = (await miniflare.ready).origin
}

// Hands a request to the isolate that it names.
const frontScript = `export default { fetch: (request, env) => env[request.headers.get('x-isolate')].fetch(request) }`

type Isolate = 'one' | 'two'

async function ask(isolate: Isolate, signal?: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'x-isolate': isolate },
    body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'hi' }] }),
    ...(signal !== undefined && { signal }),
  })
  await response.text()
  return response.status
}

describe('two isolates on one D1 database', () => {
  const many = rounds(1000, 200)
  it(`F-77, F-82 · make one refresh of ${many} requests at once`, async () => {
    await start({ delayMs: 300 })
    // The first request of an isolate migrates the database.
    for (const isolate of ['one', 'two'])
      await (await fetch(`${url}/health`, { headers: { 'x-isolate': isolate } })).text()
    const asked = Array.from({ length: many }, (_, index) => ask(index % 2 === 0 ? 'one' : 'two'))
    const statuses = await Promise.all(asked)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
    expect(tokens.forms).toHaveLength(1)
  })

  it('F-82 · finish a refresh whose client left, so that nothing is lost of it', async () => {
    let asked: () => void = () => {}
    const arrived = new Promise<void>((resolve) => (asked = resolve))
    await start({
      delayMs: 500,
      mishap: () => {
        asked()
        return undefined
      },
    })
    const leaving = new AbortController()
    const left = ask('one', leaving.signal).catch(() => 'left')
    await arrived
    leaving.abort()
    expect(await left).toBe('left')
    expect(await ask('two')).toBe(200)
    expect(tokens.forms).toHaveLength(1)
    expect(tokens.revoked()).toBe(false)
  })
})

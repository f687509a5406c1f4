// A Worker and the documents that are published to its store: the real Worker, bundled as it is deployed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rounds } from '../support/full-run.ts'
import { d1Executor } from '../../src/adapters/workers/d1.ts'
import { refreshTimes } from '../../src/adapters/workers/isolate-config.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { ConfigStore } from '../../src/ports/index.ts'
import { projectRoot } from '../store/drivers.ts'

const adminKey = 'admin-key-of-at-least-24-characters'
const clientKey = 'client-key-of-at-least-24-characts'
// What travels to the Worker and back, and the clock of another process.
const slackMs = 500

function documentOf(route: string, extra: object = {}): string {
  return JSON.stringify({
    keys: [
      { id: 'admin', env: 'KEY_ADMIN', role: 'admin' },
      { id: 'app', env: 'KEY_APP', role: 'client' },
    ],
    providers: { mock: { type: 'mock' } },
    routes: { [route]: { targets: [{ provider: 'mock', model: 'echo' }] } },
    storage: { kind: 'd1' },
    ...extra,
  })
}

let folder: string
let worker: Miniflare
let store: ConfigStore

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sb-worker-'))
  execFileSync(join(projectRoot, 'node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', folder], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], HOME: folder, WRANGLER_SEND_METRICS: 'false', CI: '1' },
    stdio: 'pipe',
  })
  worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'index.js', contents: readFileSync(join(folder, 'index.js'), 'utf8') }],
      compatibilityDate: '2026-10-01',
      d1Databases: ['DB'],
      bindings: { KEY_ADMIN: adminKey, KEY_APP: clientKey },
    }),
  )
  await worker.ready
  const sql = d1Executor(await worker.getD1Database('DB'))
  await migrate(sql)
  store = createSqlStores(sql).config
  await publish(documentOf('one'))
}, 120_000)

afterAll(async () => {
  await worker?.dispose()
  rmSync(folder, { recursive: true, force: true })
})

async function publish(document: string): Promise<void> {
  const published = await store.publish(document, (await store.revision())?.revision ?? 0, Date.now())
  if (!published.ok) throw new Error('somebody else published')
}

function post(path: string, key: string, body: object) {
  return worker.dispatchFetch(`http://127.0.0.1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })
}

async function ask(model: string): Promise<number> {
  const response = await post('/v1/chat/completions', clientKey, { model, messages: [{ role: 'user', content: 'x' }] })
  await response.arrayBuffer()
  return response.status
}

async function admin(verb: string) {
  const response = await post(`/admin/v1/${verb}`, adminKey, {})
  return {
    status: response.status,
    body: (await response.json()) as { data?: Record<string, unknown>; error?: object },
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a document that is published beside the Worker', () => {
  it('is in use within five seconds while requests come, and none of them fails', async () => {
    expect(await ask('one')).toBe(200)
    await publish(documentOf('two'))
    const began = performance.now()
    for (;;) {
      const [before, after] = [await ask('one'), await ask('two')]
      // Two requests: the change may lie between them.
      expect([before, after].includes(200) || before === 404).toBe(true)
      if (after === 200) break
      await pause(100)
    }
    expect(performance.now() - began).toBeLessThan(refreshTimes.stale + slackMs)
    expect(await ask('one')).toBe(404)
  })

  it('F-76: is what the first request after a pause goes by: a key that was revoked meanwhile lets nobody in', async () => {
    expect(await ask('two')).toBe(200)
    const keys = [
      { id: 'admin', env: 'KEY_ADMIN', role: 'admin' },
      { id: 'app', env: 'KEY_APP', role: 'client', revoked: true },
    ]
    await publish(documentOf('two', { keys }))
    await pause(refreshTimes.stale + slackMs)
    expect(await ask('two')).toBe(401)
    await publish(documentOf('two'))
    await admin('gateway-reload')
    expect(await ask('two')).toBe(200)
  })

  const bad = [
    ['leads nowhere', documentOf('x').replace('"provider":"mock"', '"provider":"nobody"'), 'nobody'],
    ['is no JSON', '{ "routes": ', 'line 1'],
  ] as const
  it.each(bad.slice(0, rounds(bad.length, 1)))(
    'F-75: never takes the place of a good one where it %s, and says why',
    async (_name, document, said) => {
      await publish(document)
      const refused = await admin('gateway-reload')
      expect(refused).toMatchObject({ status: 422, body: { error: { code: 'invalid_configuration' } } })
      expect(JSON.stringify(refused.body)).toContain(said)
      await pause(refreshTimes.stale + slackMs)
      expect(await ask('two')).toBe(200)
      await publish(documentOf('two'))
      expect(await admin('gateway-reload')).toMatchObject({ status: 200, body: { data: { changed: [] } } })
    },
  )

  it('is in use at once where the Worker is told', async () => {
    await publish(documentOf('three', { coordination: { backend: 'memory' } }))
    expect(await admin('gateway-reload')).toMatchObject({
      status: 200,
      body: { data: { changed: ['routes.two', 'routes.three'], needs_restart: ['coordination'] } },
    })
    expect(await ask('three')).toBe(200)
  })
})

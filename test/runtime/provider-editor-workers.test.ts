// On Workers the configuration lies in storage, and an edit goes there: the real Worker, bundled as it is deployed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { d1Executor } from '../../src/adapters/workers/d1.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { ConfigStore } from '../../src/ports/index.ts'
import { projectRoot } from '../store/drivers.ts'

const adminKey = 'admin-key-of-at-least-24-characters'
const operatorKey = 'operator-key-of-at-least-24-chars'
const config = `{
  // Published.
  "keys": [
    { "id": "admin", "env": "KEY_ADMIN", "role": "admin" },
    { "id": "ops", "env": "KEY_OPS", "role": "operator" }
  ],
  "providers": { "mock": { "type": "mock" } },
  "storage": { "kind": "d1" }
}
`

let folder: string
let bundle: string
let miniflare: Miniflare
let store: ConfigStore

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sb-worker-'))
  execFileSync(join(projectRoot, 'node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', folder], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], HOME: folder, WRANGLER_SEND_METRICS: 'false', CI: '1' },
    stdio: 'pipe',
  })
  bundle = readFileSync(join(folder, 'index.js'), 'utf8')
  miniflare = worker({})
  await miniflare.ready
  const sql = d1Executor(await miniflare.getD1Database('DB'))
  await migrate(sql)
  store = createSqlStores(sql).config
  await store.publish(config, 0, 1)
}, 120_000)

afterAll(async () => {
  await miniflare?.dispose()
  rmSync(folder, { recursive: true, force: true })
})

function worker(vars: Record<string, string>): Miniflare {
  return new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'index.js', contents: bundle }],
      compatibilityDate: '2026-10-01',
      d1Databases: ['DB'],
      bindings: { KEY_ADMIN: adminKey, KEY_OPS: operatorKey, ...vars },
    }),
  )
}

async function run(at: Miniflare, verb: string, input: object, key = adminKey) {
  const response = await at.dispatchFetch(`http://127.0.0.1/admin/v1/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(input),
  })
  const text = await response.text()
  if (!text.startsWith('{')) throw new Error(text)
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown> }
}

describe('the Worker', () => {
  it('certifies a provider, and traces that it was a probe', async () => {
    const { body } = await run(miniflare, 'provider-certify', { id: 'mock' })
    expect(body).toMatchObject({ ok: true, data: { status: 'ready' } })
    const traces = await run(miniflare, 'trace-list', {})
    expect(traces.body['data']).toHaveLength(3)
  })

  it('writes a provider into its store, on top of what was published, comments and all', async () => {
    const { body } = await run(miniflare, 'provider-add', { preset: 'groq' }, operatorKey)
    expect(body).toMatchObject({ ok: true, data: { place: 'store', key_env: 'GROQ_API_KEY', key_is_set: false } })
    const stored = await store.load()
    expect(stored?.revision).toBe(2)
    expect(stored?.document).toContain('// Published.')
    expect(stored?.document).toContain('"groq": { "type": "groq"')
    expect(await run(miniflare, 'provider-add', { preset: 'groq' })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    })
    expect((await store.load())?.revision).toBe(2)
  })

  it('lets only an admin say where a key is sent', async () => {
    const input = { preset: 'groq', id: 'mine', base_url: 'https://mine.example/v1' }
    expect((await run(miniflare, 'provider-add', input, operatorKey)).status).toBe(403)
    expect((await run(miniflare, 'provider-add', input)).body).toMatchObject({ ok: true })
  })

  it('does not edit what came from a variable', async () => {
    const fixed = worker({ SIGNALBOX_CONFIG: config })
    await fixed.ready
    const { status, body } = await run(fixed, 'provider-add', { preset: 'groq' })
    await fixed.dispose()
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain('came from a variable')
  })
})

// On Workers the configuration lies in storage, and an edit goes there: the real Worker, bundled as it is deployed.
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { d1Of } from '../support/miniflare-d1.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { ConfigStore } from '../../src/ports/index.ts'
import { bundleWorker } from '../support/worker-bundle.ts'

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

let bundle: string
let miniflare: Miniflare
let store: ConfigStore

beforeAll(async () => {
  bundle = bundleWorker()
  miniflare = worker({})
  await miniflare.ready
  const sql = await d1Of(miniflare, 'DB')
  await migrate(sql)
  store = createSqlStores(sql).config
  await store.publish(config, 0, 1)
}, 120_000)

afterAll(() => miniflare?.dispose())

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

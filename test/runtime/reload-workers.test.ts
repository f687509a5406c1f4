// A Worker and the documents that are published to its store: the real Worker, bundled as it is deployed.
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sample } from '../support/full-run.ts'
import { d1Of } from '../support/miniflare-d1.ts'
import { refreshTimes } from '../../src/adapters/workers/isolate-config.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { bundleWorker } from '../support/worker-bundle.ts'

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

let bundle: string
const workers: Miniflare[] = []

beforeAll(() => {
  bundle = bundleWorker()
}, 120_000)

afterAll(() => Promise.all(workers.map((worker) => worker.dispose())))

/** A Worker with a store of its own, in which the document is the first. */
async function startWorker(document: string) {
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'index.js', contents: bundle }],
      compatibilityDate: '2026-10-01',
      d1Databases: ['DB'],
      bindings: { KEY_ADMIN: adminKey, KEY_APP: clientKey },
    }),
  )
  workers.push(worker)
  await worker.ready
  const sql = await d1Of(worker, 'DB')
  await migrate(sql)
  const store = createSqlStores(sql).config

  const post = (path: string, key: string, body: object) =>
    worker.dispatchFetch(`http://127.0.0.1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    })

  async function publish(next: string): Promise<void> {
    const published = await store.publish(next, (await store.revision())?.revision ?? 0, Date.now())
    if (!published.ok) throw new Error('somebody else published')
  }

  async function ask(model: string): Promise<number> {
    const messages = [{ role: 'user', content: 'x' }]
    const response = await post('/v1/chat/completions', clientKey, { model, messages })
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

  await publish(document)
  return { publish, ask, admin }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

// They wait for seconds to pass, so they wait together.
describe.concurrent('a document that is published beside the Worker', () => {
  it('is in use within five seconds while requests come, and none of them fails', async () => {
    const { publish, ask } = await startWorker(documentOf('one'))
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
    const { publish, ask, admin } = await startWorker(documentOf('two'))
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
  it.each(sample(bad, 1))(
    'F-75: never takes the place of a good one where it %s, and says why',
    async (_name, document, said) => {
      const { publish, ask, admin } = await startWorker(documentOf('two'))
      expect(await ask('two')).toBe(200)
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
    const { publish, ask, admin } = await startWorker(documentOf('two'))
    expect(await ask('two')).toBe(200)
    await publish(documentOf('three', { coordination: { backend: 'memory' } }))
    expect(await admin('gateway-reload')).toMatchObject({
      status: 200,
      body: { data: { changed: ['routes.two', 'routes.three'], needs_restart: ['coordination'] } },
    })
    expect(await ask('three')).toBe(200)
  })
})

// Two isolates of workerd on one D1 database: what holds between processes holds there as well.
import { join } from 'node:path'
import { Miniflare, convertV4MiniflareOptions } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { modulesFrom, projectRoot } from '../../store/drivers.ts'
import { testKek } from './making.ts'
import { startTokenServer, type TokenServer } from './token-server.ts'

let miniflare: Miniflare
let server: TokenServer
beforeAll(async () => {
  server = await startTokenServer({ initial: 'rt-0', expiresIn: 3600, delayMs: 300 })
  const worker = (name: string) => ({
    name,
    modules: modulesFrom(join(projectRoot, 'test/credentials/recipes/oauth-worker.ts')),
    modulesRoot: projectRoot,
    compatibilityDate: '2026-10-01',
    d1Databases: { DB: 'tokens' },
    bindings: { SIGNALBOX_KEK: testKek },
  })
  miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [worker('one'), worker('two')] }))
  await miniflare.ready
})
afterAll(async () => {
  await miniflare.dispose()
  await server.close()
})

it('40 calls in two isolates on an account without a token make one refresh', async () => {
  const [one, two] = [await miniflare.getWorker('one'), await miniflare.getWorker('two')]
  await one.fetch('http://worker/migrate')
  const ask = async (worker: typeof one): Promise<unknown> =>
    (await worker.fetch(`http://worker/?times=20&url=${encodeURIComponent(server.url)}`)).json()
  const [first, second] = await Promise.all([ask(one), ask(two)])
  const expected = Array.from({ length: 20 }, () => 'at-1-rt-0')
  expect(first).toEqual(expected)
  expect(second).toEqual(expected)
  expect(server.forms).toHaveLength(1)
})

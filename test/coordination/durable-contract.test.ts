// The contract in workerd: the Durable Object with its storage, and (in the full run) D1.
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, it } from 'vitest'
import { systemClock } from '../../node-adapter/clock.ts'
import { d1Executor } from '../../src/adapters/workers/d1.ts'
import type { CoordinationServer } from '../../src/coordination/messages.ts'
import { createSqlServer } from '../../src/coordination/sql-server.ts'
import { createAgreementStore } from '../../src/store/sql/agreement.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { parseJson } from '../../src/wire/json-parse.ts'
import { modulesFrom, projectRoot } from '../store/drivers.ts'
import { full } from '../support/full-run.ts'
import { describeCoordination, forgetsSurplus, gatewaysAt } from './contract.ts'

const random = { next: () => Math.random(), id: () => crypto.randomUUID() }
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const databases = 20
let miniflare: Miniflare
let opened = 0

beforeAll(async () => {
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: modulesFrom(join(projectRoot, 'test/coordination/durable-worker.ts')),
      modulesRoot: projectRoot,
      compatibilityDate: '2026-10-01',
      durableObjects: { COORDINATOR: { className: 'Coordinator', useSQLite: true } },
      d1Databases: Array.from({ length: databases }, (_, index) => `D1_${index}`),
    }),
  )
  await miniflare.ready
})
afterAll(() => miniflare.dispose())

describeCoordination({
  name: 'a Durable Object',
  slowness: 8,
  hasLeases: true,
  sharesEverything: true,
  async open(limits) {
    const namespace = await miniflare.getDurableObjectNamespace('COORDINATOR')
    // Every test has an object of its own.
    const name = `root-${opened++}`
    const object = (): CoordinationServer => namespace.get(namespace.idFromName(name)) as unknown as CoordinationServer
    const server: CoordinationServer = {
      keeps: 'everything',
      admit: (message) => object().admit(message),
      report: (message) => object().report(message),
      renew: (message) => object().renew(message),
      claimProbe: (message) => object().claimProbe(message),
      view: () => object().view(),
      resetLocks: (selector) => object().resetLocks(selector),
      resetBreaker: (route, target) => object().resetBreaker(route, target),
    }
    const options = { asked: () => ({ server }), operators: () => server, clock: systemClock, limits, sleep }
    return gatewaysAt([options, options, options])
  },
})

// The same code over the same statements runs on sqlite in every run.
const describeOnD1: typeof describeCoordination = full ? describeCoordination : () => {}

describeOnD1({
  name: 'D1',
  slowness: 8,
  hasLeases: true,
  sharesEverything: false,
  async open(limits) {
    const binding = await miniflare.getD1Database(`D1_${opened++ % databases}`)
    const sql = d1Executor(binding)
    await migrate(sql)
    const options = [1, 2, 3].map(() => {
      const store = createAgreementStore(sql)
      const server = createSqlServer({ store, parse: parseJson, clock: systemClock, random })
      return { asked: () => ({ server }), operators: () => server, clock: systemClock, limits, sleep }
    })
    const [one, two, three] = options
    if (one === undefined || two === undefined || three === undefined) throw new Error('three gateways')
    return gatewaysAt([one, two, three])
  },
})

it('D1 remembers no more than so many rows, and accounts before models that clients name', async () => {
  const sql = d1Executor(await miniflare.getD1Database(`D1_${opened++ % databases}`))
  await migrate(sql)
  await forgetsSurplus(sql)
})

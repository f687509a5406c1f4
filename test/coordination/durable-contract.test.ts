// The contract in workerd: the Durable Object with its storage, and (in the full run) D1.
import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, it } from 'vitest'
import { objectServer } from '../../src/adapters/workers/object-server.ts'
import type { CoordinationServer } from '../../src/coordination/messages.ts'
import { concerns } from '../../src/coordination/sql-server.ts'
import type { RemoteLimits } from '../../src/coordination/remote-instance.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { onlyInFull } from '../support/full-run.ts'
import { d1Of } from '../support/miniflare-d1.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'
import { describeCoordination, forgetsSurplus, gatewaysAt, type GatewaysOptions } from './contract.ts'
import { startObjects } from './objects.ts'

const databases = 20
let miniflare: Miniflare
let opened = 0

beforeAll(async () => {
  const names = Array.from({ length: databases }, (_, index) => `D1_${index}`)
  miniflare = await startObjects('contract-worker.ts', { COORDINATOR: 'Coordinator', ISOLATE: 'D1Isolate' }, names)
})
afterAll(() => miniflare.dispose())

/** An object of the worker; the stand-in for it is kept, because Miniflare ends what nobody refers to. */
async function serverOf(
  binding: string,
  name: string,
  keeps: CoordinationServer['keeps'],
): Promise<CoordinationServer> {
  const namespace = await miniflare.getDurableObjectNamespace(binding)
  const object = namespace.get(namespace.idFromName(name)) as unknown as Omit<CoordinationServer, 'keeps'>
  return objectServer(() => object, keeps)
}

const gatewayAt = (
  server: CoordinationServer,
  clock: VirtualClock,
  limits: Partial<RemoteLimits>,
): GatewaysOptions => ({
  asked: () => ({ server }),
  operators: () => server,
  clock,
  pass: async (ms) => void (await miniflare.dispatchFetch(`http://worker/${ms}`)),
  limits,
})

describeCoordination({
  name: 'a Durable Object',
  hasLeases: true,
  sharesEverything: true,
  async open(limits) {
    // Every test has an object of its own.
    const server = await serverOf('COORDINATOR', `root-${opened++}`, 'everything')
    const options = gatewayAt(server, createVirtualClock(), limits)
    return gatewaysAt([options, options, options])
  },
})

// The same code over the same statements runs on sqlite in every run.
const describeOnD1: typeof describeCoordination = onlyInFull('coordination through D1')
  ? describeCoordination
  : () => {}

describeOnD1({
  name: 'D1',
  hasLeases: true,
  sharesEverything: false,
  async open(limits) {
    const database = `D1_${opened++ % databases}`
    await migrate(await d1Of(miniflare, database))
    const clock = createVirtualClock()
    const isolate = async (name: string): Promise<GatewaysOptions> => {
      const server = await serverOf('ISOLATE', `${database}/${name}`, 'locks and breakers')
      return gatewayAt({ ...server, concerns }, clock, limits)
    }
    return gatewaysAt([await isolate('one'), await isolate('two'), await isolate('doomed')])
  },
})

it('D1 remembers no more than so many rows, and accounts before models that clients name', async () => {
  const sql = await d1Of(miniflare, `D1_${opened++ % databases}`)
  await migrate(sql)
  await forgetsSurplus(sql)
})

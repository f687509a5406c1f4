// The contract for what needs no other runtime: memory, the server of the Durable Object in this process, and sqlite with a
// connection for each gateway.
import { join } from 'node:path'
import { systemClock } from '../../node-adapter/clock.ts'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createMemoryCoordinator } from '../../src/coordination/memory.ts'
import type { CoordinationServer } from '../../src/coordination/messages.ts'
import { createSqlServer } from '../../src/coordination/sql-server.ts'
import { createStateServer } from '../../src/coordination/state-server.ts'
import { createAgreementStore } from '../../src/store/sql/agreement.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { parseJson } from '../../src/wire/json-parse.ts'
import { temporaryFolder } from '../store/drivers.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { describeCoordination, gatewaysAt } from './contract.ts'

const random = { next: () => Math.random(), id: () => crypto.randomUUID() }

/** A server as it is over there: everything that goes to it and comes from it is a copy, and JSON. */
function faraway(server: CoordinationServer): CoordinationServer {
  const travel = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T))
  const sent =
    <A extends unknown[], T>(call: (...args: A) => T | Promise<T>) =>
    async (...args: A): Promise<T> => {
      await Promise.resolve()
      return travel(await call(...travel(args)))
    }
  return {
    keeps: server.keeps,
    admit: sent(server.admit),
    report: sent(server.report),
    renew: sent(server.renew),
    claimProbe: sent(server.claimProbe),
    view: sent(server.view),
    resetLocks: sent(server.resetLocks),
    resetBreaker: sent(server.resetBreaker),
  }
}

describeCoordination({
  name: 'memory',
  hasLeases: false,
  sharesEverything: true,
  open() {
    const clock = createVirtualClock()
    const one = createMemoryCoordinator(clock, random)
    return Promise.resolve({
      one,
      two: one,
      doomed: one,
      kill() {},
      sleep: (ms) => clock.advance(ms),
      settled: () => Promise.resolve(),
      close() {},
    })
  },
})

describeCoordination({
  name: 'a server that keeps everything',
  hasLeases: true,
  sharesEverything: true,
  open(limits) {
    const clock = createVirtualClock()
    const nothing = { lock() {}, breaker() {}, owner() {} }
    const server = faraway(createStateServer({ now: () => clock.now(), keeper: nothing }))
    const options = { asked: () => ({ server }), operators: () => server, clock, limits }
    return Promise.resolve(gatewaysAt([options, options, options]))
  },
})

describeCoordination({
  name: 'sqlite, with a connection for each gateway',
  hasLeases: true,
  sharesEverything: false,
  async open(limits) {
    const folder = temporaryFolder()
    const connections = [1, 2, 3].map(() => openNodeSqlite(join(folder.path, 'state.sqlite')))
    const [first] = connections
    if (first !== undefined) await migrate(first)
    const clock = createVirtualClock()
    // Whoever has to try again waits for the others in truth.
    const serverClock = { ...clock, after: systemClock.after }
    const options = connections.map((sql) => {
      const store = createAgreementStore(sql)
      const server = createSqlServer({ store, parse: parseJson, clock: serverClock, random })
      const close = (): void => sql.close()
      return { asked: () => ({ server }), operators: () => server, clock, limits, close }
    })
    const [one, two, three] = options
    if (one === undefined || two === undefined || three === undefined) throw new Error('three connections')
    const remove = (): void => {
      three.close()
      folder.remove()
    }
    return gatewaysAt([one, two, { ...three, close: remove }])
  },
})

// What agreement through a database costs: round trips are counted at the executor itself.
import { expect, it } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createSqlServer } from '../../src/coordination/sql-server.ts'
import { defaultBreaker } from '../../src/policy/breaker.ts'
import { defaultPermanent } from '../../src/policy/locks.ts'
import { createAgreementStore } from '../../src/store/sql/agreement.ts'
import type { SqlExecutor } from '../../src/store/sql/executor.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { parseJson } from '../../src/wire/json-parse.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { admitted, forgetsSurplus, gatewaysAt } from './contract.ts'

const settings = { permanent: defaultPermanent, maxMs: 3_600_000, breaker: defaultBreaker }

async function counted() {
  const clock = createVirtualClock()
  const sql = openNodeSqlite(':memory:')
  await migrate(sql)
  const trips: string[] = []
  const count =
    <A extends unknown[], T>(name: string, call: (...args: A) => T) =>
    (...args: A): T => {
      trips.push(name)
      return call(...args)
    }
  const watched: SqlExecutor = {
    bulk: sql.bulk,
    all: count('all', sql.all),
    run: count('run', sql.run),
    batch: count('batch', sql.batch),
    query: count('query', sql.query),
  }
  const random = { next: () => 0.5, id: () => crypto.randomUUID() }
  const store = createAgreementStore(watched)
  const server = createSqlServer({ store, parse: parseJson, clock, random })
  const options = { asked: () => ({ server }), operators: () => server, clock, limits: {} }
  const pair = gatewaysAt([options, options, options])
  /** Lets what was told arrive, also what is gathered for a while first. */
  const arrived = async (): Promise<void> => void (await Promise.all([pair.settled(), clock.advance(1000)]))
  return { trips, sql, pair, clock, arrived }
}

it.each([
  ['without a limit', [], ['all']],
  ['with a limit', [{ name: 'global', limit: 5 }], ['query', 'run']],
])('a success on a healthy target costs one round trip %s, and leaves nothing behind', async (_, slots, expected) => {
  const { trips, sql, pair, arrived } = await counted()
  const session = await admitted(pair.one, slots)
  expect(trips).toHaveLength(1)
  session.planned({ route: 'smart', weights: { first: 1 }, picked: 'first' })
  session.takeTurn('acme')
  session.began(session.use)
  session.accepted(session.use)
  session.ended(session.use, { type: 'completed', totalMs: 5, ttftMs: null }, settings)
  session.settle()
  await arrived()
  expect(trips).toEqual(expected)
  expect(await sql.all('SELECT key FROM coordination_state', [])).toEqual([])
  expect(await sql.all('SELECT name FROM coordination_slots', [])).toEqual([])
  await pair.close()
  sql.close()
})

it('a target that recovered leaves nothing behind', async () => {
  const { sql, pair, clock, arrived } = await counted()
  const error = { code: 'upstream_error', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
  const brief = { ...settings, breaker: { ...defaultBreaker, windowMs: 20 } }
  const bad = await admitted(pair.one)
  bad.began(bad.use)
  bad.ended(bad.use, { type: 'failed', error, totalMs: 1, isCommitted: false }, brief)
  bad.settle()
  await arrived()
  expect(await sql.all('SELECT key FROM coordination_state', [])).toHaveLength(1)
  await clock.advance(50)
  const well = await admitted(pair.two)
  well.began(well.use)
  well.accepted(well.use)
  well.ended(well.use, { type: 'completed', totalMs: 1, ttftMs: null }, brief)
  well.settle()
  await arrived()
  expect(await sql.all('SELECT key FROM coordination_state', [])).toEqual([])
  await pair.close()
  sql.close()
})

it('remembers no more than so many rows, and accounts before models that clients name', async () => {
  const { sql, pair } = await counted()
  await forgetsSurplus(sql)
  await pair.close()
  sql.close()
})

it('answers of a target that failed lately are written together, and a failure among them at once', async () => {
  const { trips, sql, pair, clock, arrived } = await counted()
  const ends = async (isWell: boolean) => {
    const session = await admitted(pair.one)
    session.began(session.use)
    const error = { code: 'upstream_error', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
    const failed = { type: 'failed', error, totalMs: 1, isCommitted: false } as const
    session.ended(session.use, isWell ? { type: 'completed', totalMs: 1, ttftMs: null } : failed, settings)
    session.settle()
  }
  const writes = (): number => trips.filter((trip) => trip === 'batch').length
  const value = async () =>
    JSON.parse(String((await sql.all('SELECT value FROM coordination_state', []))[0]?.['value']))
  await ends(false)
  await arrived()
  const before = writes()
  for (let round = 0; round < 20; round++) {
    await ends(true)
    await clock.advance(2)
  }
  expect(writes()).toBe(before)
  await ends(false)
  await clock.advance(20)
  expect(writes()).toBe(before + 1)
  expect(await value()).toMatchObject({ requests: 22, failures: 2, consecutive: 1 })
  await ends(true)
  await arrived()
  expect(await value()).toMatchObject({ requests: 23, failures: 2, consecutive: 0 })
  await pair.close()
  sql.close()
})

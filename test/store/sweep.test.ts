// Expired leases, counters and sealed state have to go by themselves: their names carry keys and times, so new ones never stop coming.
import { expect, test } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'

test('the SQL store forgets what has expired and keeps what is alive', async () => {
  const sql = openNodeSqlite(':memory:')
  await migrate(sql)
  const { coordination } = createSqlStores(sql)
  const left = async (table: string): Promise<unknown> =>
    (await sql.all(`SELECT COUNT(*) AS n FROM ${table}`, []))[0]?.['n']
  await coordination.add('alive', 7, null, 0, 1_000_000)
  await coordination.acquire('alive', 'me', 0, 1_000_000)
  for (let minute = 0; minute < 3000; minute += 1) await coordination.add(`window ${minute}`, 1, 10, minute * 10, 10)
  for (let minute = 0; minute < 3000; minute += 1) await coordination.acquire(`slot ${minute}`, 'me', minute * 10, 10)
  expect(await left('counters')).toBeLessThan(600)
  expect(await left('leases')).toBeLessThan(600)
  expect(await coordination.peek('alive', 30_000)).toBe(7)
  expect(await coordination.acquire('alive', 'you', 30_000, 10)).toBe(false)
  sql.close()
})

test('sealed state goes with its end although nobody asks for it', async () => {
  const sql = openNodeSqlite(':memory:')
  await migrate(sql)
  const { state } = createSqlStores(sql)
  await state.put([{ key: 'alive', sealed: 'x', expiresAt: 1_000_000 }], 0)
  for (let round = 0; round < 3000; round += 1)
    await state.put([{ key: `k${round}`, sealed: 'x', expiresAt: round * 10 + 10 }], round * 10)
  expect((await sql.all('SELECT COUNT(*) AS n FROM reasoning_state', []))[0]?.['n']).toBeLessThan(600)
  expect((await state.get(['alive', 'k1'], 30_000)).size).toBe(1)
  sql.close()
})

test('the memory store lets the oldest state go when there is too much of it', async () => {
  const { state } = createMemoryStores({ traces: 1, documents: 1, stateLength: 1000 })
  const put = (key: string, length: number): Promise<void> =>
    state.put([{ key, sealed: 'x'.repeat(length), expiresAt: 1000 }], 0)
  for (const key of ['a', 'b', 'c', 'd']) await put(key, 300)
  expect([...(await state.get(['a', 'b', 'c', 'd'], 0)).keys()]).toEqual(['b', 'c', 'd'])
  await put('b', 10)
  await put('e', 600)
  expect([...(await state.get(['a', 'b', 'c', 'd', 'e'], 0)).keys()]).toEqual(['b', 'd', 'e'])
})

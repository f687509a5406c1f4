// Expired leases and counters have to go by themselves: their names carry keys and times, so new ones never stop coming.
import { expect, test } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
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

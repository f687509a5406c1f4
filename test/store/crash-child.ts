// Works on a database until it is killed, and says on stdout what is done: node crash-child.ts write|migrate <path>
import { writeSync } from 'node:fs'
import process from 'node:process'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import type { Migration } from '../../src/store/sql/migrate.ts'
import { traceRow } from './contract.ts'

/** Rows in one append. */
export const appendSize = 20

/** Tables that one of these migrations makes: enough that a kill falls into the middle of one. */
export const tablesEach = 60

export const crashMigrations: readonly Migration[] = [1, 2, 3].map((number) => ({
  name: `000${number}_step.sql`,
  statements: Array.from({ length: tablesEach }, (_, part) => `CREATE TABLE step_${number}_${part} (n INTEGER)`),
}))

function say(line: string): void {
  let rest: Uint8Array = Buffer.from(`${line}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      // The pipe is full until the other side has read: on a busy machine that takes a while.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

async function writeForever(path: string): Promise<void> {
  const sql = openNodeSqlite(path)
  await migrate(sql)
  const { ledger, coordination, config, state, vault } = createSqlStores(sql)
  for (let round = 0; ; round += 1) {
    const ids = Array.from({ length: appendSize }, (_, index) => `${process.pid}-${round}-${index}`)
    await ledger.appendTraces(ids.map((id) => traceRow(id, { startedAt: round })))
    say(`rows ${ids.join(' ')}`)
    const { value } = await coordination.add('spend', 1, null, 0, 1000)
    say(`counter ${value}`)
    const key = `${process.pid}-${round}`
    await state.put([{ key, sealed: `sealed ${key}`, expiresAt: Number.MAX_SAFE_INTEGER }], 0)
    say(`state ${key}`)
    const put = await vault.put({ name: key, sealed: `sealed ${key}`, keyId: 'k' }, 0, round)
    if (put.ok) say(`vault ${key}`)
    const expected = (await config.load())?.revision ?? 0
    await config.publish(`{"revision":${expected + 1}}`, expected, round)
    say(`revision ${expected + 1}`)
  }
}

async function migrateForever(folder: string): Promise<void> {
  for (let number = 0; ; number += 1) {
    const sql = openNodeSqlite(`${folder}/${process.pid}-${number}.sqlite`)
    await migrate(sql, crashMigrations)
    say(`migrated ${process.pid}-${number}.sqlite`)
    sql.close()
  }
}

const [, script, work, path] = process.argv
if (script?.endsWith('crash-child.ts') && path !== undefined) {
  await (work === 'write' ? writeForever(path) : migrateForever(path))
}

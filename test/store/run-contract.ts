// Runs the store contract over the SQLite of the runtime that executes this file, and prints one JSON line per case:
// bun test/store/run-contract.ts <folder> | deno run test/store/run-contract.ts <folder>
import { join } from 'node:path'
import process from 'node:process'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { skipReason, storeContract } from './contract.ts'

export interface CaseReport {
  readonly name: string
  readonly error: string | null
}

const onBun = 'bun' in process.versions
const open = onBun
  ? (await import('../../node-adapter/sqlite-bun.ts')).openBunSqlite
  : (await import('../../node-adapter/sqlite-node.ts')).openNodeSqlite
const driver = onBun ? 'bun:sqlite' : 'node:sqlite on Deno'
const folder = process.argv[2] ?? '.'

for (const [index, { name, run }] of storeContract.entries()) {
  if (skipReason(driver, name) !== undefined) continue
  const sql = open(join(folder, `case-${index}.sqlite`))
  let error: string | null = null
  try {
    await migrate(sql)
    await run(createSqlStores(sql))
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  }
  sql.close()
  const report: CaseReport = { name, error }
  console.log(JSON.stringify(report))
}

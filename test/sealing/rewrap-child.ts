// Fills a vault or rewraps it until it is killed: node rewrap-child.ts fill|rewrap <database> <ring>
import { writeSync } from 'node:fs'
import process from 'node:process'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { Secret } from '../../src/ir/secret.ts'
import { createVaultControl } from '../../src/sealing/vault-control.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'

const [, , work, path = '', ring = '', count = '0'] = process.argv
const sql = openNodeSqlite(path)
await migrate(sql)
const stores = createSqlStores(sql)
const control = createVaultControl({ secrets: { get: () => ring }, stores, clock: { now: () => 1 } })
if (work === 'fill') {
  for (let index = 0; index < Number(count); index++) {
    const name = `entry-${index}`
    const set = await control.set(name, new Secret(name, `value of ${name}`))
    if (!set.ok) throw set.error
  }
} else {
  writeSync(1, 'started\n')
  const done = await control.rewrap()
  if (!done.ok) throw done.error
  writeSync(1, `done ${done.value.rewrapped} ${done.value.kept}\n`)
}
sql.close()

// Fills a vault or rewraps it: node rewrap-child.ts fill|rewrap <database> <ring> <entries> [<writes>]
// With `writes` it dies by kill -9 at that write: an odd one before it is made, an even one after.
import { writeSync } from 'node:fs'
import process from 'node:process'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { Secret } from '../../src/ir/secret.ts'
import { createVaultControl } from '../../src/sealing/vault-control.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { VaultStore } from '../../src/ports/index.ts'
import { migrate } from '../../src/store/sql/migrate.ts'

const [, , work, path = '', ring = '', count = '0', writes = '0'] = process.argv
const sql = openNodeSqlite(path)
await migrate(sql)
const opened = createSqlStores(sql)
const stores = { ...opened, vault: mortal(opened.vault, Number(writes)) }
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

function mortal(vault: VaultStore, fatal: number): VaultStore {
  let made = 0
  const die = (): void => void process.kill(process.pid, 'SIGKILL')
  return {
    ...vault,
    async put(...asked) {
      made += 1
      if (made === fatal && fatal % 2 === 1) die()
      const put = await vault.put(...asked)
      if (made === fatal) die()
      return put
    },
  }
}

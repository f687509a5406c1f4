// Asks for an OAuth account's token once, and kills itself where it is told to: node oauth-child.ts <database> <token url>
// [before-store | after-store] [milliseconds that the clock is ahead]
import { writeSync } from 'node:fs'
import process from 'node:process'
import { openNodeSqlite } from '../../../node-adapter/sqlite-node.ts'
import { makeOAuth } from '../../../src/credentials/recipes/oauth.ts'
import { migrate } from '../../../src/store/sql/migrate.ts'
import { createSqlStores } from '../../../src/store/sql-stores.ts'
import { createBench, realClock } from './making.ts'

const [, , path = '', tokenUrl = '', point = '', ahead = '0'] = process.argv
const sql = openNodeSqlite(path)
await migrate(sql)
const stores = createSqlStores(sql)

// Nothing runs behind it: the kernel ends the process at once.
function die(): void {
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000)
}

const bench = createBench({
  env: { REFRESH: 'rt-0' },
  clock: { ...realClock, now: () => Date.now() + Number(ahead) },
  stores: {
    ...stores,
    vault: {
      ...stores.vault,
      put: async (...args) => {
        if (point === 'before-store') die()
        const put = await stores.vault.put(...args)
        if (point === 'after-store') die()
        return put
      },
    },
  },
})
const refresh = { source: 'env', env: 'REFRESH' } as const
const made = await makeOAuth(
  { type: 'oauth', refresh, tokenUrl, clientId: 'client-1', clientSecret: null, scope: null },
  bench.making(),
)
const shown = made.ok && made.value.material.kind === 'token' ? made.value.material.secret.reveal() : ''
writeSync(1, JSON.stringify(made.ok ? { token: shown } : { problem: made.error.message, logs: bench.logs }))
sql.close()
process.exit(0)

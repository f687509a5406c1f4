// Runs one contract case inside workerd, over real bindings: GET /<driver>/<case number>.
import { d1Executor } from '../../src/adapters/workers/d1.ts'
import type { D1Binding } from '../../src/adapters/workers/d1.ts'
import { kvNamespace } from '../../src/adapters/workers/kv.ts'
import type { KvNamespace } from '../../src/adapters/workers/kv.ts'
import type { Stores } from '../../src/ports/index.ts'
import { createKvStores } from '../../src/store/kv.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { storeContract } from './contract.ts'

async function openStores(driver: string, index: number, env: Readonly<Record<string, unknown>>): Promise<Stores> {
  const binding = env[`${driver}_${index}`]
  // The bindings are what `startWorkerd` declared under these names.
  if (driver === 'KV') return createKvStores(kvNamespace(binding as KvNamespace))
  const sql = d1Executor(binding as D1Binding)
  await migrate(sql)
  return createSqlStores(sql)
}

async function report(driver: string, index: number, env: Readonly<Record<string, unknown>>): Promise<object> {
  const found = storeContract[index]
  if (found === undefined) return { name: null, error: `no case ${index}` }
  try {
    await found.run(await openStores(driver, index, env))
    return { name: found.name, error: null }
  } catch (error) {
    return { name: found.name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

export default {
  async fetch(request: Request, env: Readonly<Record<string, unknown>>): Promise<Response> {
    const [, driver, index] = new URL(request.url).pathname.split('/')
    return Response.json(await report(driver ?? '', Number(index), env))
  },
}

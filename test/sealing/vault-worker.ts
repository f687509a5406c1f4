// A vault inside workerd, over real bindings: GET /<driver>/<number>, answered with what went wrong, or nothing.
import { deepEqual, equal } from 'node:assert/strict'
import { d1Executor } from '../../src/adapters/workers/d1.ts'
import type { D1Binding } from '../../src/adapters/workers/d1.ts'
import { kvNamespace } from '../../src/adapters/workers/kv.ts'
import type { KvNamespace } from '../../src/adapters/workers/kv.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { VaultStore } from '../../src/ports/index.ts'
import { createVaultControl } from '../../src/sealing/vault-control.ts'
import { readSealed, writeSealed } from '../../src/sealing/vault.ts'
import { createKvStores } from '../../src/store/kv.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'

async function vaultOf(driver: string, binding: unknown): Promise<VaultStore> {
  if (driver === 'KV') return createKvStores(kvNamespace(binding as KvNamespace)).vault
  const sql = d1Executor(binding as D1Binding)
  await migrate(sql)
  return createSqlStores(sql).vault
}

async function run(vault: VaultStore, dump: () => Promise<string>): Promise<void> {
  const ring = (letter: string): string => `${letter}:${btoa(letter.repeat(32))}`
  const under = (text: string) => ({ secrets: { get: () => text }, stores: { vault }, clock: { now: () => 5 } })
  const value = `value ${'ä'.repeat(2000)}`
  for (let index = 0; index < 20; index++) {
    const written = await writeSealed(under(ring('a')), `k${index}`, new Secret('x', value + index), 0)
    deepEqual(written, { ok: true, value: 1 })
  }
  const rotated = under(`${ring('b')},${ring('a')}`)
  const done = await createVaultControl(rotated).rewrap()
  deepEqual(done, { ok: true, value: { rewrapped: 20, kept: 0, unopened: [], unusedKeys: ['a'] } })
  for (let index = 0; index < 20; index++) {
    const read = await readSealed(under(ring('b')), `k${index}`)
    equal(read.ok && read.value.reveal(), value + index)
  }
  equal((await readSealed(under(ring('a')), 'k0')).ok, false)
  const everything = await dump()
  equal(everything.includes('sbx1:b:'), true)
  equal(everything.includes('value '), false)
}

/** Everything that is stored, as text. */
async function dumpOf(driver: string, binding: unknown): Promise<string> {
  if (driver === 'D1') return JSON.stringify(await d1Executor(binding as D1Binding).all('SELECT * FROM vault', []))
  const kv = kvNamespace(binding as KvNamespace)
  const { entries } = await kv.list({ prefix: '', limit: 1000 })
  return JSON.stringify([entries, await Promise.all(entries.map(({ key }) => kv.get(key)))])
}

export default {
  async fetch(request: Request, env: Readonly<Record<string, unknown>>): Promise<Response> {
    const [, driver = '', index = ''] = new URL(request.url).pathname.split('/')
    try {
      const binding = env[`${driver}_${index}`]
      await run(await vaultOf(driver, binding), () => dumpOf(driver, binding))
      return Response.json({ error: null })
    } catch (error) {
      return Response.json({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  },
}

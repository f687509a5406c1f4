// Fresh stores for a test case, per driver: a temporary folder for files, one workerd for D1 and KV.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Miniflare, convertV4MiniflareOptions } from 'miniflare'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { d1Of } from '../support/miniflare-d1.ts'
import { kvNamespace } from '../../src/adapters/workers/kv.ts'
import type { KeyValue } from '../../src/store/kv.ts'
import type { Stores } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { SqlExecutor } from '../../src/store/sql/executor.ts'
import { migrate } from '../../src/store/sql/migrate.ts'

export const projectRoot: string = fileURLToPath(new URL('../..', import.meta.url))

export interface OpenStores {
  readonly stores: Stores
  close(): void
}

/** A folder of our own (0700), removed by `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-store-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export function openMemory(): Promise<OpenStores> {
  return Promise.resolve({ stores: createMemoryStores(), close: () => {} })
}

/** A new database file, migrated. */
export async function openFile(): Promise<OpenStores> {
  const folder = temporaryFolder()
  const sql = openNodeSqlite(join(folder.path, 'state.sqlite'))
  await migrate(sql)
  return {
    stores: createSqlStores(sql),
    close: () => {
      sql.close()
      folder.remove()
    },
  }
}

export interface Workerd {
  /** Runs a contract case inside workerd and returns its report. */
  runCase(driver: 'D1' | 'KV', index: number): Promise<unknown>
  /** An empty D1 database that was never migrated, reached from here. */
  d1(index: number): Promise<SqlExecutor>
  kv(index: number): Promise<KeyValue>
  dispose(): Promise<void>
}

/** One workerd with `count` empty databases and namespaces, running the contract or another file of tests. */
export async function startWorkerd(count: number, entry = 'test/store/contract-worker.ts'): Promise<Workerd> {
  const numbers = Array.from({ length: count }, (_, index) => index)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: modulesFrom(join(projectRoot, entry)),
      modulesRoot: projectRoot,
      compatibilityDate: '2026-10-01',
      d1Databases: numbers.map((index) => `D1_${index}`),
      kvNamespaces: numbers.map((index) => `KV_${index}`),
    }),
  )
  await miniflare.ready
  return {
    runCase: async (driver, index) => (await miniflare.dispatchFetch(`http://worker/${driver}/${index}`)).json(),
    d1: (index) => d1Of(miniflare, `D1_${index}`),
    kv: async (index) => kvNamespace(await miniflare.getKVNamespace(`KV_${index}`)),
    dispose: () => miniflare.dispose(),
  }
}

export interface WorkerModule {
  readonly type: 'ESModule'
  readonly path: string
  readonly contents: string
}

/** A file and what it imports from this project, with the types taken out: workerd needs no bundle for that. */
export function modulesFrom(entry: string, seen = new Set<string>()): WorkerModule[] {
  if (seen.has(entry)) return []
  seen.add(entry)
  const contents = stripTypeScriptTypes(readFileSync(entry, 'utf8'))
  const imports = [...contents.matchAll(/(?:from|import) '(\.[^']+)'/g)].map((match) =>
    join(dirname(entry), match[1] ?? ''),
  )
  const own: WorkerModule = { type: 'ESModule', path: relative(projectRoot, entry), contents }
  return [own, ...imports.flatMap((path) => modulesFrom(path, seen))]
}

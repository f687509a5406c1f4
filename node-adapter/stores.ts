// The stores of a local process, by what the configuration asks for.
import type { StorageSettings } from '../src/catalog/snapshot.ts'
import type { AgreementStore, Stores } from '../src/ports/index.ts'
import { createMemoryStores } from '../src/store/memory.ts'
import { createAgreementStore } from '../src/store/sql/agreement.ts'
import { migrate } from '../src/store/sql/migrate.ts'
import { createSqlStores } from '../src/store/sql-stores.ts'
import { runtimeName } from './runtime-name.ts'
import type { LocalSqlite } from './sqlite-sync.ts'

export interface OpenStores {
  readonly stores: Stores
  /** Where processes on the same file agree; absent where nobody else can be. */
  readonly agreement?: AgreementStore
  close(): Promise<void>
}

/** Opens (and migrates) the stores. Throws `StoreFileError` for a file that cannot be used, `Error` for kinds that are not local. */
export async function openStores(storage: StorageSettings): Promise<OpenStores> {
  switch (storage.kind) {
    case 'memory':
      return { stores: createMemoryStores(), close: async () => {} }
    case 'sqlite': {
      const sqlite = await openSqlite(storage.path ?? '.signalbox/state.sqlite')
      await migrate(sqlite)
      const agreement = createAgreementStore(sqlite)
      return { stores: createSqlStores(sqlite), agreement, close: async () => sqlite.close() }
    }
    case 'd1':
    case 'kv':
      throw new Error(`storage kind ${storage.kind} exists on Cloudflare Workers only; use sqlite or memory here`)
  }
}

// Bun has its own binding; Node and Deno share one. Only the one that exists may be imported.
async function openSqlite(path: string): Promise<LocalSqlite> {
  if (runtimeName() === 'bun') return (await import('./sqlite-bun.ts')).openBunSqlite(path)
  return (await import('./sqlite-node.ts')).openNodeSqlite(path)
}

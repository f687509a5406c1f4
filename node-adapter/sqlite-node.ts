// node:sqlite as a SqlExecutor, for Node and Deno.
import { DatabaseSync } from 'node:sqlite'
import { openLocalSqlite } from './sqlite-sync.ts'
import type { LocalSqlite, SqliteOptions } from './sqlite-sync.ts'

/** Opens or creates a database file; see `openLocalSqlite` for what it refuses. */
export function openNodeSqlite(path: string, options?: SqliteOptions): LocalSqlite {
  return openLocalSqlite(path, (file) => new DatabaseSync(file), options)
}

// bun:sqlite as a SqlExecutor.
import { Database } from 'bun:sqlite'
import { openLocalSqlite } from './sqlite-sync.ts'
import type { LocalSqlite, SqliteOptions } from './sqlite-sync.ts'

/** Opens or creates a database file; see `openLocalSqlite` for what it refuses. */
export function openBunSqlite(path: string, options?: SqliteOptions): LocalSqlite {
  return openLocalSqlite(path, (file) => new Database(file, { create: true, readwrite: true }), options)
}

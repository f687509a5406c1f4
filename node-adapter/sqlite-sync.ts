// SqlExecutor over a synchronous SQLite handle: what node:sqlite and bun:sqlite have in common.
// One connection, so statements never interleave inside a batch; they run on this thread, so each has to be short.
import { resolve } from 'node:path'
import type { SqlChange, SqlExecutor, SqlRow, SqlStatement, SqlValue } from '../src/store/sql/executor.ts'
import { corruptFile, lockedFile, prepareDatabaseFile, unreadableFile } from './sqlite-file.ts'

/** The part of DatabaseSync (Node, Deno) and Database (Bun) that is used. */
export interface SyncDatabase {
  prepare(sql: string): SyncStatement
  exec(sql: string): unknown
  close(): void
}

interface SyncStatement {
  all(...params: SqlValue[]): unknown[]
  run(...params: SqlValue[]): { readonly changes: number | bigint }
}

export interface SqliteOptions {
  /**
   * `normal` (default): a power loss may take the last moments, a killed process loses nothing.
   * `full`: every commit is on the disk before it is acknowledged, at about a seventh of the speed.
   */
  readonly synchronous?: 'normal' | 'full'
  /** How long to wait for another process's lock before a statement fails. */
  readonly busyMs?: number
}

export interface LocalSqlite extends SqlExecutor {
  /** Closes the file; what comes after that rejects. Safe to call twice. */
  close(): void
}

const inMemory = ':memory:'
const maxCached = 200
// SQLite waits for a lock with the thread blocked, which would stop every stream. So it waits this long at most,
// and the rest of the patience is spent in timers.
const blockedMs = 10
const retryMs = 20
const defaultBusyMs = 5000
// Reading the whole file through at start takes about 4 ms per megabyte. Above 128 MB (in pages of 4 KB) only the header and the
// schema are read, and damage further in shows when a statement meets it.
const maxCheckedPages = 32_768

/**
 * Opens or creates a database file, owner-only, in WAL mode. `:memory:` is a database without a file.
 * Throws `StoreFileError` where the file is open to others, corrupt or locked.
 */
export function openLocalSqlite(
  path: string,
  connect: (path: string) => SyncDatabase,
  { synchronous = 'normal', busyMs = defaultBusyMs }: SqliteOptions = {},
): LocalSqlite {
  // Absolute, as a name like `file:x?mode=ro` would be taken for a URI.
  const file = path === inMemory ? path : resolve(path)
  if (file !== inMemory) prepareDatabaseFile(file)
  let database: SyncDatabase | undefined
  try {
    database = connect(file)
    // Nothing is being served yet: SQLite may block.
    database.exec(`PRAGMA busy_timeout = ${Math.max(0, Math.trunc(busyMs))}`)
    database.exec('PRAGMA journal_mode = WAL')
    database.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`)
    // Takes and gives back the write lock, which a read-only file or a busy neighbour refuses.
    database.exec('BEGIN IMMEDIATE')
    database.exec('ROLLBACK')
    checkWhole(database, file)
    database.exec(`PRAGMA busy_timeout = ${blockedMs}`)
  } catch (error) {
    database?.close()
    throw openError(file, error)
  }
  return executor(database, busyMs)
}

function checkWhole(database: SyncDatabase, file: string): void {
  const pages = firstValue(database, 'PRAGMA page_count')
  // Reading the schema fails where the header or the first page is damaged.
  firstValue(database, 'SELECT COUNT(*) FROM sqlite_schema')
  if (typeof pages !== 'number' || pages > maxCheckedPages) return
  const verdict = firstValue(database, 'PRAGMA quick_check(1)')
  if (verdict !== 'ok') throw corruptFile(file, String(verdict).replaceAll('\n', ' '))
}

function firstValue(database: SyncDatabase, sql: string): unknown {
  const row = database.prepare(sql).all()[0]
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}

function openError(file: string, error: unknown): unknown {
  if (isBusy(error)) return lockedFile(file, error)
  const code = resultCode(error)
  const text = error instanceof Error ? error.message : ''
  // 11 SQLITE_CORRUPT, 26 SQLITE_NOTADB; Deno gives the words only.
  if (code === 11 || code === 26 || /malformed|not a database/.test(text)) return corruptFile(file, text, error)
  // 8 SQLITE_READONLY, 14 SQLITE_CANTOPEN
  if (code === 8 || code === 14 || /readonly|unable to open/.test(text)) return unreadableFile(file, text, error)
  return error
}

/** SQLite's primary result code: `errcode` on Node, `errno` on Bun, nothing on Deno. https://sqlite.org/rescode.html */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'errcode' in error ? error.errcode : 'errno' in error ? error.errno : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === undefined ? error instanceof Error && error.message.includes('database is locked') : code === 5
}

function executor(database: SyncDatabase, busyMs: number): LocalSqlite {
  // Preparing costs five times as much as running. The cap is never reached by our own constant texts.
  const statements = new Map<string, SyncStatement>()
  let closed = false

  function prepared(sql: string): SyncStatement {
    if (closed) throw new Error('the database is closed')
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= maxCached) statements.clear()
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }

  function change({ sql, params }: SqlStatement): SqlChange {
    return { changes: Number(prepared(sql).run(...params).changes) }
  }

  function rowsOf({ sql, params }: SqlStatement): readonly SqlRow[] {
    return prepared(sql).all(...params) as SqlRow[]
  }

  function transaction<T>(batch: readonly SqlStatement[], step: (statement: SqlStatement) => T): readonly T[] {
    if (closed) throw new Error('the database is closed')
    database.exec('BEGIN IMMEDIATE')
    try {
      const results = batch.map(step)
      database.exec('COMMIT')
      return results
    } catch (error) {
      rollBack()
      throw error
    }
  }

  function rollBack(): void {
    try {
      database.exec('ROLLBACK')
    } catch {
      // A full disk or a failed COMMIT has ended the transaction already.
    }
  }

  /** Runs the step again while another process holds the lock. A step is one statement or one transaction, so nothing of it stays. */
  async function patiently<T>(step: () => T): Promise<T> {
    const start = performance.now()
    for (;;) {
      try {
        return step()
      } catch (error) {
        if (!isBusy(error) || performance.now() - start >= busyMs) throw error
      }
      await new Promise((done) => setTimeout(done, retryMs))
    }
  }

  return {
    bulk: 'bind',
    all: (sql, params) => patiently(() => prepared(sql).all(...params) as SqlRow[]),
    run: (sql, params) => patiently(() => change({ sql, params })),
    batch: (batch) => (batch.length === 0 ? Promise.resolve([]) : patiently(() => transaction(batch, change))),
    query: (batch) => (batch.length === 0 ? Promise.resolve([]) : patiently(() => transaction(batch, rowsOf))),
    close: () => {
      if (closed) return
      closed = true
      statements.clear()
      database.close()
    },
  }
}

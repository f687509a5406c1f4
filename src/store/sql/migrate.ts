// Brings a database to the schema of this version. On Workers `wrangler d1 migrations apply` does the same job with the
// same files and the same table, so either may come first.
import type { SqlExecutor } from './executor.ts'
import { migrations } from './migrations.ts'

/** One numbered file, split into its statements. */
export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

/** The database was written by a newer Signalbox: reading it with older code could lose what the older code does not know. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew'
  readonly unknown: readonly string[]

  constructor(unknown: readonly string[]) {
    super(
      `the database has the migration ${unknown.join(', ')}, which this version of Signalbox does not know: ` +
        'start the newer version, or restore a backup from before the upgrade',
    )
    this.unknown = unknown
  }
}

// Column for column what wrangler creates, so that it finds its own table.
const createTable = `
CREATE TABLE IF NOT EXISTS d1_migrations(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`
const selectApplied = 'SELECT name FROM d1_migrations ORDER BY id'
const insertApplied = 'INSERT INTO d1_migrations (name) VALUES (?1)'

async function applied(sql: SqlExecutor): Promise<ReadonlySet<string>> {
  const rows = await sql.all(selectApplied, [])
  return new Set(rows.map((row) => String(row['name'])))
}

/** The names of the migrations that are still to be applied. Throws `DatabaseTooNew`. Expects the table to be there. */
async function pending(sql: SqlExecutor, known: readonly Migration[]): Promise<readonly Migration[]> {
  const done = await applied(sql)
  const unknown = [...done].filter((name) => !known.some((migration) => migration.name === name))
  if (unknown.length > 0) throw new DatabaseTooNew(unknown)
  return known.filter((migration) => !done.has(migration.name))
}

/**
 * Applies what is missing, each migration in one transaction together with its own record: a kill leaves it done or not begun.
 * Returns the names applied by this call. Throws `DatabaseTooNew`, or the backend's error with nothing of that migration kept.
 */
export async function migrate(sql: SqlExecutor, known: readonly Migration[] = migrations): Promise<readonly string[]> {
  await sql.run(createTable, [])
  const names: string[] = []
  for (const migration of await pending(sql, known)) if (await apply(sql, migration)) names.push(migration.name)
  return names
}

async function apply(sql: SqlExecutor, migration: Migration): Promise<boolean> {
  const statements = migration.statements.map((statement) => ({ sql: statement, params: [] }))
  try {
    await sql.batch([...statements, { sql: insertApplied, params: [migration.name] }])
    return true
  } catch (error) {
    // Another process may have applied it first: then ours failed on a table that exists, and all is well.
    if ((await applied(sql)).has(migration.name)) return false
    throw error
  }
}

import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync, chmodSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { SqlExecutor } from '../../src/store/sql/executor.ts'
import { DatabaseTooNew, migrate } from '../../src/store/sql/migrate.ts'
import type { Migration } from '../../src/store/sql/migrate.ts'
import { migrations } from '../../src/store/sql/migrations.ts'
import { onlyInFull } from '../support/full-run.ts'
import { traceRow } from './contract.ts'
import { projectRoot, startWorkerd, temporaryFolder } from './drivers.ts'
import type { Workerd } from './drivers.ts'
import { modulePath, renderMigrations, splitStatements } from './generate-migrations.ts'

test('migrations.ts holds the text of the .sql files (else run: node test/store/generate-migrations.ts)', () => {
  expect(readFileSync(modulePath, 'utf8')).toBe(renderMigrations())
})

test('migrations are numbered without a gap', () => {
  expect(migrations.length).toBeGreaterThan(0)
  for (const [index, { name }] of migrations.entries()) {
    expect(name).toMatch(/^\d{4}_[a-z-]+\.sql$/)
    expect(Number(name.slice(0, 4))).toBe(index + 1)
  }
})

test('a file is split at a semicolon with an empty line, so that a trigger stays whole', () => {
  const trigger = "CREATE TRIGGER t BEFORE DELETE ON a BEGIN\n  SELECT 1;\n  SELECT RAISE(ABORT, 'no');\nEND"
  const text = `-- About a.\nCREATE TABLE a (n INTEGER);\n\n-- About t.\n${trigger};\n \nCREATE INDEX i ON a (n);\n`
  expect(splitStatements(text)).toEqual(['CREATE TABLE a (n INTEGER)', trigger, 'CREATE INDEX i ON a (n)'])
})

let workerd: Workerd
let nextDatabase = 0

beforeAll(async () => {
  workerd = await startWorkerd(20)
})

afterAll(() => workerd.dispose())

const open: readonly [string, () => Promise<SqlExecutor>][] = [
  ['node:sqlite', () => Promise.resolve(openNodeSqlite(':memory:'))],
  ['D1', () => workerd.d1(nextDatabase++)],
]

async function tables(sql: SqlExecutor): Promise<unknown[]> {
  const rows = await sql.all(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name`,
    [],
  )
  return rows.map((row) => row['name'])
}

const allTables = [
  'config_documents',
  'coordination_slots',
  'coordination_state',
  'counters',
  'credential_accesses',
  'd1_migrations',
  'leases',
  'reasoning_state',
  'traces',
  'vault',
]

describe.each(open)('migrating %s', (_, openEmpty) => {
  test('applies what is missing once, and records it', async () => {
    const sql = await openEmpty()
    expect(await migrate(sql)).toEqual(migrations.map(({ name }) => name))
    expect(await migrate(sql)).toEqual([])
    expect(await tables(sql)).toEqual(allTables)
    const rows = await sql.all('SELECT id, name, applied_at FROM d1_migrations', [])
    expect(rows).toMatchObject(migrations.map(({ name }, index) => ({ id: index + 1, name })))
    expect(rows[0]?.['applied_at']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  })

  test('goes on from where an older version stopped', async () => {
    const sql = await openEmpty()
    await migrate(sql)
    await createSqlStores(sql).ledger.appendTraces([traceRow('kept')])
    const more = [...migrations, { name: '9999_more.sql', statements: ['ALTER TABLE traces ADD COLUMN note TEXT'] }]
    expect(await migrate(sql, more)).toEqual(['9999_more.sql'])
    expect(await createSqlStores(sql).ledger.trace('kept')).toEqual(traceRow('kept'))
  })

  test('adds the vault and the access audit to an older database and keeps every row of it', async () => {
    const sql = await openEmpty()
    const before = migrations.filter(({ name }) => name < '0003')
    expect(await migrate(sql, before)).toEqual(['0001_init.sql', '0002_reasoning-state.sql'])
    const stores = createSqlStores(sql)
    await stores.ledger.appendTraces([traceRow('kept')])
    await stores.state.put([{ key: 'k', sealed: 'old state', expiresAt: 1000 }], 0)
    await stores.config.publish('{"a":1}', 0, 5)
    expect(await migrate(sql)).toEqual(['0003_vault.sql', '0004_coordination.sql'])
    expect(await stores.ledger.trace('kept')).toEqual(traceRow('kept'))
    expect((await stores.state.get(['k'], 1)).get('k')).toBe('old state')
    expect((await stores.config.load())?.revision).toBe(1)
    expect(await stores.vault.put({ name: 'n', sealed: 's', keyId: 'k' }, 0, 1)).toEqual({ ok: true, version: 1 })
  })

  test('keeps whole numbers in the vault and in the audit, however they were bound', async () => {
    const sql = await openEmpty()
    await migrate(sql)
    const { vault, ledger } = createSqlStores(sql)
    await vault.put({ name: 'n', sealed: 's', keyId: 'k' }, 0, Number.MAX_SAFE_INTEGER)
    await vault.put({ name: 'n', sealed: 's', keyId: 'k' }, 1, 7)
    const row = { at: 5, credential: 'c', source: 'env', reason: 'first', outcome: 'ok', durationMs: 2.5 }
    await ledger.appendAccesses([row])
    const types = 'SELECT typeof(version) AS a, typeof(created_at) AS b, typeof(updated_at) AS c FROM vault'
    expect(await sql.all(types, [])).toEqual([{ a: 'integer', b: 'integer', c: 'integer' }])
    const audit = 'SELECT typeof(at) AS a, typeof(duration_ms) AS b FROM credential_accesses'
    expect(await sql.all(audit, [])).toEqual([{ a: 'integer', b: 'integer' }])
    expect((await vault.get('n'))?.createdAt).toBe(Number.MAX_SAFE_INTEGER)
    // The tables are STRICT: what is no number is refused rather than kept.
    await expect(sql.run("UPDATE vault SET version = 'two'", [])).rejects.toThrow()
  })

  test('keeps the access audit within its bound', async () => {
    const sql = await openEmpty()
    await migrate(sql)
    const { ledger } = createSqlStores(sql, { accesses: 100 })
    const row = { credential: 'c', source: 'env', reason: 'first', outcome: 'ok', durationMs: 2 }
    for (let round = 0; round < 50; round++)
      await ledger.appendAccesses(Array.from({ length: 4 }, (_, index) => ({ ...row, at: round * 4 + index })))
    const left = await ledger.accesses({ limit: 1000 })
    expect([left.length, left[0]?.at, left.at(-1)?.at]).toEqual([100, 199, 100])
  })

  test('refuses a database that is newer than the code, and changes nothing', async () => {
    const sql = await openEmpty()
    await migrate(sql, [
      { name: '0001_init.sql', statements: [] },
      { name: '0009_future.sql', statements: [] },
    ])
    const refused = migrate(sql)
    await expect(refused).rejects.toBeInstanceOf(DatabaseTooNew)
    await expect(refused).rejects.toThrow(/0009_future\.sql.*newer version/)
    expect(await tables(sql)).toEqual(['d1_migrations'])
  })

  test('keeps nothing of a migration that fails half-way', async () => {
    const sql = await openEmpty()
    const broken: Migration[] = [
      { name: '0001_good.sql', statements: ['CREATE TABLE good (n INTEGER)'] },
      { name: '0002_bad.sql', statements: ['CREATE TABLE bad (n INTEGER)', 'INSERT INTO nowhere VALUES (1)'] },
    ]
    await expect(migrate(sql, broken)).rejects.toThrow('nowhere')
    expect(await tables(sql)).toEqual(['d1_migrations', 'good'])
    expect(await sql.all('SELECT name FROM d1_migrations', [])).toMatchObject([{ name: '0001_good.sql' }])
  })

  test('lets several starters migrate at once', async () => {
    const sql = await openEmpty()
    const results = await Promise.all([migrate(sql), migrate(sql), migrate(sql)])
    expect(results.flat()).toEqual(migrations.map(({ name }) => name))
    expect(await tables(sql)).toEqual(allTables)
  })
})

const onWrangler = onlyInFull('migrations applied by wrangler')

test.runIf(onWrangler)('wrangler applies the same files, and then there is nothing left to do', async () => {
  const folder = temporaryFolder()
  const config = join(folder.path, 'wrangler.json')
  const database = {
    binding: 'DB',
    database_name: 'signalbox',
    database_id: '00000000-0000-0000-0000-000000000000',
    migrations_dir: join(projectRoot, 'src/store/sql/migrations'),
  }
  writeFileSync(config, JSON.stringify({ name: 'x', compatibility_date: '2026-10-01', d1_databases: [database] }))
  try {
    const args = ['d1', 'migrations', 'apply', 'signalbox', '--local', '--config', config, '--persist-to', folder.path]
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(projectRoot, 'node_modules/wrangler/bin/wrangler.js'), ...args],
      {
        cwd: folder.path,
        env: { ...process.env, WRANGLER_SEND_METRICS: 'false', XDG_CONFIG_HOME: folder.path, CI: 'true' },
      },
    )
    expect(stdout).toContain('0001_init.sql')
    const file = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).find(
      (name) => name.includes('D1DatabaseObject') && /[0-9a-f]{64}\.sqlite$/.test(name),
    )
    expect(file).toBeDefined()
    chmodSync(join(folder.path, file ?? ''), 0o600)
    for (const suffix of ['-wal', '-shm']) {
      const companion = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).find(
        (name) => name === file + suffix,
      )
      if (companion !== undefined) chmodSync(join(folder.path, companion), 0o600)
    }
    const sql = openNodeSqlite(join(folder.path, file ?? ''))
    expect(await migrate(sql)).toEqual([])
    expect(await tables(sql)).toEqual(allTables)
    sql.close()
  } finally {
    folder.remove()
  }
})

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StoreFileError } from '../../node-adapter/sqlite-file.ts'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { traceRow } from './contract.ts'
import { temporaryFolder } from './drivers.ts'

let folder: ReturnType<typeof temporaryFolder>
let path: string

beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder.path, 'state.sqlite')
})

afterEach(() => folder.remove())

function mode(file: string): string {
  return (statSync(file).mode & 0o777).toString(8)
}

function problemOf(file: string): StoreFileError {
  try {
    openNodeSqlite(file, { busyMs: 50 }).close()
  } catch (error) {
    if (error instanceof StoreFileError) return error
    throw error
  }
  throw new Error(`${file} was opened`)
}

/** A database of some hundred pages, closed. */
async function filledDatabase(): Promise<void> {
  const sql = openNodeSqlite(path)
  await migrate(sql)
  const { ledger } = createSqlStores(sql)
  await ledger.appendTraces(Array.from({ length: 2000 }, (_, index) => traceRow(`r${index}`, { startedAt: index })))
  sql.close()
}

test('a new database, its companions and its folder are for their owner alone, whatever the umask', async () => {
  const before = process.umask(0)
  const file = join(folder.path, 'a', 'b', 'state.sqlite')
  try {
    const sql = openNodeSqlite(file)
    await migrate(sql)
    expect([file, `${file}-wal`, `${file}-shm`].map(mode)).toEqual(['600', '600', '600'])
    sql.close()
  } finally {
    process.umask(before)
  }
  expect([mode(join(folder.path, 'a')), mode(join(folder.path, 'a', 'b'))]).toEqual(['700', '700'])
})

test.each([0o644, 0o640, 0o604, 0o620, 0o602, 0o666, 0o611])(
  'an existing file of mode %o is refused with the mode and the command',
  async (bits) => {
    await filledDatabase()
    chmodSync(path, bits)
    const error = problemOf(path)
    expect(error.problem).toBe('mode')
    expect(error.message).toContain(`mode 0${bits.toString(8)}`)
    expect(error.message).toContain(`chmod 600 ${path}`)
    chmodSync(path, 0o600)
    openNodeSqlite(path).close()
  },
)

test.each(['-wal', '-shm', '-journal'])('a %s file that is open to others is refused', async (suffix) => {
  await filledDatabase()
  writeFileSync(path + suffix, '')
  chmodSync(path + suffix, 0o644)
  expect(problemOf(path)).toMatchObject({ problem: 'mode', path: path + suffix })
})

test('a path with a space is quoted in the command', () => {
  const file = join(folder.path, "it's a file")
  writeFileSync(file, '')
  chmodSync(file, 0o644)
  expect(problemOf(file).message).toContain(String.raw`'${folder.path}/it'\''s a file'`)
})

test('a folder that everybody may write to is refused', () => {
  chmodSync(folder.path, 0o1777)
  expect(problemOf(path)).toMatchObject({ problem: 'directory', path: folder.path })
})

test('a symbolic link, a folder and a device are refused', async () => {
  await filledDatabase()
  const link = join(folder.path, 'link.sqlite')
  symlinkSync(path, link)
  expect(problemOf(link)).toMatchObject({ problem: 'not_a_file' })
  const inside = join(folder.path, 'folder.sqlite')
  mkdirSync(inside)
  expect(problemOf(inside)).toMatchObject({ problem: 'not_a_file' })
  expect(problemOf('/dev/null')).toMatchObject({ problem: 'not_a_file' })
})

test('a dangling symbolic link is refused and its target is not created', () => {
  const link = join(folder.path, 'link.sqlite')
  symlinkSync(join(folder.path, 'target'), link)
  expect(problemOf(link)).toMatchObject({ problem: 'not_a_file' })
  expect(() => statSync(join(folder.path, 'target'))).toThrow('ENOENT')
})

test('a path below a file is refused as unreadable', () => {
  writeFileSync(path, '')
  expect(problemOf(join(path, 'state.sqlite'))).toMatchObject({ problem: 'unreadable' })
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log('sqlite files: the case with a foreign owner needs root and is skipped')

test.skipIf(!isRoot)('a file of another user is refused even for root', async () => {
  await filledDatabase()
  chownSync(path, 65_534, 65_534)
  const error = problemOf(path)
  expect(error.problem).toBe('owner')
  expect(error.message).toContain('user 65534')
})

test('a name that SQLite would take for a URI is a plain file name', async () => {
  const before = process.cwd()
  process.chdir(folder.path)
  try {
    const sql = openNodeSqlite('file:x?mode=memory')
    await migrate(sql)
    sql.close()
  } finally {
    process.chdir(before)
  }
  expect(statSync(join(folder.path, 'file:x?mode=memory')).size).toBeGreaterThan(4096)
  expect(mode(join(folder.path, 'file:x?mode=memory'))).toBe('600')
})

test.each<[string, () => void]>([
  ['text', () => writeFileSync(path, 'this is not a database, it is a letter. '.repeat(200))],
  ['a damaged header', () => scribble(20, 40)],
  ['a damaged page in the middle', () => scribble(4096 * 40, 4096)],
  ['a missing half', () => truncateSync(path, 4096 * 30)],
])('a corrupt file (%s) is refused with its path and a hint, and left as it is', async (_, damage) => {
  await filledDatabase()
  damage()
  const before = readFileSync(path)
  const error = problemOf(path)
  expect(error.problem).toBe('corrupt')
  expect(error.message).toContain(path)
  expect(error.message).toMatch(/backup.*\.recover/)
  expect(readFileSync(path).equals(before)).toBe(true)
})

function scribble(offset: number, length: number): void {
  const handle = openSync(path, 'r+')
  writeSync(handle, new Uint8Array(length).fill(0xa5), 0, length, offset)
  closeSync(handle)
}

test('a file that another connection keeps locked is refused as locked at open', async () => {
  await filledDatabase()
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  expect(problemOf(path)).toMatchObject({ problem: 'locked' })
  other.close()
  openNodeSqlite(path).close()
})

test('checking a file that this process has open already does not drop its locks', async () => {
  await filledDatabase()
  const holder = new DatabaseSync(path)
  holder.exec('BEGIN IMMEDIATE')
  expect(problemOf(path)).toMatchObject({ problem: 'locked' })
  const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec('BEGIN IMMEDIATE')`
  const { stderr } = spawnSync(process.execPath, ['-e', script, path], { encoding: 'utf8' })
  expect(stderr).toContain('database is locked')
  holder.close()
})

test('a write waits for the lock of another connection without blocking the thread, and reads go on', async () => {
  const sql = openNodeSqlite(path)
  await migrate(sql)
  const { ledger } = createSqlStores(sql)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  let ticks = 0
  const ticker = setInterval(() => (ticks += 1), 5)
  setTimeout(() => other.exec('COMMIT'), 300)
  const appended = ledger.appendTraces([traceRow('late')])
  expect(await ledger.trace('late')).toBe(undefined)
  await appended
  clearInterval(ticker)
  expect(ticks).toBeGreaterThan(10)
  expect(await ledger.trace('late')).toEqual(traceRow('late'))
  other.close()
  sql.close()
})

test('a write gives up when the lock stays, and nothing of its batch remains', async () => {
  const sql = openNodeSqlite(path, { busyMs: 100 })
  await migrate(sql)
  const { ledger, coordination } = createSqlStores(sql)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await expect(ledger.appendTraces([traceRow('a'), traceRow('b')])).rejects.toThrow('database is locked')
  await expect(coordination.add('n', 1, 10, 0, 1000)).rejects.toThrow('database is locked')
  other.exec('COMMIT')
  expect(await ledger.traces({ limit: 10 })).toEqual([])
  expect(await coordination.add('n', 1, 10, 0, 1000)).toEqual({ ok: true, value: 1 })
  other.close()
  sql.close()
})

test('two connections that add at once admit exactly the limit', async () => {
  const first = openNodeSqlite(path)
  await migrate(first)
  const second = openNodeSqlite(path)
  const stores = [createSqlStores(first).coordination, createSqlStores(second).coordination]
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, index) => stores[index % 2]?.add('rate', 1, 30, 1000, 1000)),
  )
  expect(results.filter((result) => result?.ok).length).toBe(30)
  first.close()
  second.close()
})

test('a batch is all or nothing', async () => {
  const sql = openNodeSqlite(':memory:')
  await sql.run('CREATE TABLE numbers (n INTEGER PRIMARY KEY)', [])
  const insert = (n: number): { sql: string; params: number[] } => ({
    sql: 'INSERT INTO numbers VALUES (?1)',
    params: [n],
  })
  await expect(sql.batch([insert(1), insert(2), insert(1)])).rejects.toThrow('UNIQUE')
  expect(await sql.all('SELECT n FROM numbers', [])).toEqual([])
  expect(await sql.batch([insert(1), insert(2)])).toEqual([{ changes: 1 }, { changes: 1 }])
  expect(await sql.batch([])).toEqual([])
  sql.close()
})

test('what is asked of a closed database rejects, and closing twice is harmless', async () => {
  const sql = openNodeSqlite(path)
  await migrate(sql)
  sql.close()
  sql.close()
  await expect(sql.all('SELECT 1', [])).rejects.toThrow('closed')
  await expect(sql.batch([{ sql: 'SELECT 1', params: [] }])).rejects.toThrow('closed')
  await expect(createSqlStores(sql).ledger.check()).rejects.toThrow('closed')
})

test('the journal is WAL and commits are synchronised as asked', async () => {
  const normal = openNodeSqlite(path)
  expect(await normal.all('PRAGMA journal_mode', [])).toMatchObject([{ journal_mode: 'wal' }])
  expect(await normal.all('PRAGMA synchronous', [])).toMatchObject([{ synchronous: 1 }])
  normal.close()
  const full = openNodeSqlite(path, { synchronous: 'full' })
  expect(await full.all('PRAGMA synchronous', [])).toMatchObject([{ synchronous: 2 }])
  full.close()
})

test('the check fails where the tables are missing', async () => {
  const sql = openNodeSqlite(path)
  await expect(createSqlStores(sql).ledger.check()).rejects.toThrow('no such table')
  sql.close()
})

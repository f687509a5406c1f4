// kill -9 at random moments: what was acknowledged is there, what was half done is not.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { rounds } from '../support/full-run.ts'
import { appendSize, crashMigrations, tablesEach } from './crash-child.ts'
import { projectRoot, temporaryFolder } from './drivers.ts'

let folder: ReturnType<typeof temporaryFolder>

beforeEach(() => {
  folder = temporaryFolder()
})

afterEach(() => folder.remove())

/** Starts the child, kills it `ms` after its first line, and returns the complete lines it said. */
async function runAndKill(work: 'write' | 'migrate', path: string, ms: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(projectRoot, 'test/store/crash-child.ts'), work, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += String(chunk)))
  child.stdout.on('data', (chunk) => {
    if (out === '') setTimeout(() => child.kill('SIGKILL'), ms)
    out += String(chunk)
  })
  const signal = await new Promise((done) => child.on('close', (_, name) => done(name)))
  expect(signal, errors).toBe('SIGKILL')
  // A line without its end may have been cut.
  return out.split('\n').slice(0, -1)
}

function said(lines: readonly string[], what: string): string[] {
  return lines.flatMap((line) => (line.startsWith(`${what} `) ? line.slice(what.length + 1).split(' ') : []))
}

const kills = rounds(8, 4)

test(`a writer killed ${kills} times on one file has lost nothing that it acknowledged`, async () => {
  const path = join(folder.path, 'state.sqlite')
  const acknowledged: string[] = []
  const states: string[] = []
  const entries: string[] = []
  const isTooFew = (): boolean => acknowledged.length <= 100 || states.length <= 5 || entries.length <= 5
  let counter = 0
  let revision = 0
  // On a busy machine a writer may come to nothing before it is killed.
  for (let round = 0; round < kills || (isTooFew() && round < 5 * kills); round += 1) {
    const lines = await runAndKill('write', path, 20 + Math.random() * 150)
    acknowledged.push(...said(lines, 'rows'))
    states.push(...said(lines, 'state'))
    entries.push(...said(lines, 'vault'))
    counter = Number(said(lines, 'counter').at(-1) ?? counter)
    revision = Number(said(lines, 'revision').at(-1) ?? revision)

    const sql = openNodeSqlite(path)
    expect(await sql.all('PRAGMA integrity_check', [])).toMatchObject([{ integrity_check: 'ok' }])
    const stores = createSqlStores(sql)
    const stored = new Set((await stores.ledger.traces({ limit: 1_000_000 })).map((row) => row.requestId))
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
    // An append is one transaction: no part of one is there.
    expect(stored.size % appendSize).toBe(0)
    expect(await stores.coordination.peek('spend', 0)).toBeGreaterThanOrEqual(counter)
    const found = await stores.state.get(states, 0)
    expect(states.filter((key) => found.get(key) !== `sealed ${key}`)).toEqual([])
    const kept = new Map((await stores.vault.list()).map(({ name, sealed }) => [name, sealed]))
    expect(entries.filter((name) => kept.get(name) !== `sealed ${name}`)).toEqual([])
    const config = await stores.config.load()
    expect(config?.revision ?? 0).toBeGreaterThanOrEqual(revision)
    if (config !== undefined) expect(config.document).toBe(`{"revision":${config.revision}}`)
    sql.close()
  }
  expect(acknowledged.length).toBeGreaterThan(100)
  expect(states.length).toBeGreaterThan(5)
  expect(entries.length).toBeGreaterThan(5)
})

test('a migration that was killed is done or not begun, and the next start finishes it', async () => {
  const written = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.sqlite'))
  for (let round = 0; round < 6 || (written().length <= 4 && round < 30); round += 1)
    await runAndKill('migrate', folder.path, Math.random() * 100)
  const files = written()
  expect(files.length).toBeGreaterThan(4)
  for (const file of files) {
    const sql = openNodeSqlite(join(folder.path, file))
    const names = async (text: string): Promise<unknown[]> => (await sql.all(text, [])).map((row) => row['name'])
    const listTables = "SELECT name FROM sqlite_master WHERE name LIKE 'step%' ORDER BY name"
    const bookkeeping = await names("SELECT name FROM sqlite_master WHERE name = 'd1_migrations'")
    const done = bookkeeping.length === 0 ? [] : await names('SELECT name FROM d1_migrations ORDER BY id')
    expect((await names(listTables)).length).toBe(done.length * tablesEach)
    await migrate(sql, crashMigrations)
    expect((await names(listTables)).length).toBe(crashMigrations.length * tablesEach)
    sql.close()
  }
})

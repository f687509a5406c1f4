// kill -9 in the middle of a rewrap, many times over: every record stays readable, and in the end all are under the new key.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import { readSealed } from '../../src/sealing/vault.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import { temporaryFolder } from '../store/drivers.ts'
import { rounds } from '../support/full-run.ts'
import { ringSecrets } from './support.ts'

const script = fileURLToPath(new URL('rewrap-child.ts', import.meta.url))
const entries = 300

function start(work: 'fill' | 'rewrap', path: string, ring: string, fatalWrite = 0) {
  return spawn(process.execPath, [script, work, path, ring, String(entries), String(fatalWrite)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Rewraps until the write of this number, where it is killed. */
async function killed(path: string, ring: string, write: number): Promise<boolean> {
  const child = start('rewrap', path, ring, write)
  child.stdout.resume()
  const [, signal] = await new Promise<[number | null, string | null]>((done) =>
    child.on('close', (code, name) => done([code, name])),
  )
  return signal === 'SIGKILL'
}

/** How many entries are under each key; fails where one of them does not hold what it held. */
async function census(path: string, ring: string): Promise<Readonly<Record<string, number>>> {
  const sql = openNodeSqlite(path)
  try {
    expect(await sql.all('PRAGMA integrity_check', [])).toMatchObject([{ integrity_check: 'ok' }])
    const stores = createSqlStores(sql)
    const secrets = ringSecrets(ring)
    const counts: Record<string, number> = {}
    const records = await stores.vault.list()
    expect(records.length).toBe(entries)
    for (const { name, keyId } of records) {
      counts[keyId] = (counts[keyId] ?? 0) + 1
      const read = await readSealed({ secrets, stores }, name)
      expect(read.ok ? read.value.reveal() : read.error.message).toBe(`value of ${name}`)
    }
    return counts
  } finally {
    sql.close()
  }
}

const letters = ['b', 'c', 'd', 'e', 'f', 'g']
const fewest = rounds(letters.length, 2)

test(
  'a rewrap that is killed again and again leaves every record readable, and the next one goes on',
  { timeout: 120_000 },
  async () => {
    const folder = temporaryFolder()
    try {
      const path = join(folder.path, 'state.sqlite')
      const key = (letter: string): string => `${letter}:${Buffer.alloc(32, letter).toString('base64')}`
      const filled = start('fill', path, key('a'))
      await text(filled.stdout)
      let ring = key('a')
      // Each round puts a new key in front and kills the rewrap several times on the way.
      for (const letter of letters.slice(0, fewest)) {
        ring = `${key(letter)},${ring}`
        let done = 0
        for (let attempt = 0; attempt < 4; attempt++) {
          const write = 1 + Math.floor(Math.random() * 70)
          expect(await killed(path, ring, write)).toBe(true)
          // An odd one dies before it is made.
          done += write % 2 === 0 ? write : write - 1
          expect((await census(path, ring))[letter] ?? 0).toBe(done)
        }
        const last = start('rewrap', path, ring)
        expect(await text(last.stdout)).toMatch(/^started\ndone \d+ \d+\n$/)
        expect(await census(path, key(letter))).toEqual({ [letter]: entries })
      }
    } finally {
      folder.remove()
    }
  },
)

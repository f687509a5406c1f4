// Several keys in the key file, the keychain of the system in the place of it, and locks between those who change them.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openKeychain, type KeyringModule } from '../../node-adapter/keychain.ts'
import {
  addKey,
  dateId,
  initKeys,
  KeyFileRefused,
  openLocalKeys,
  readLocalKeys,
  removeKey,
} from '../../node-adapter/key-file.ts'
import type { Secrets } from '../../src/ports/index.ts'
import { readKeyring } from '../../src/sealing/keyring.ts'

const nothing: Secrets = { get: () => undefined }
const now = new Date('2026-01-31T12:00:00Z')
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-keys-'))
  path = join(folder, 'state', 'keys.json')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function ringOf(secrets: Secrets): string {
  return secrets.get('SIGNALBOX_KEK') ?? ''
}

function idsOf(ring: string): readonly string[] {
  const reading = readKeyring(ring)
  return reading.ok ? reading.keys.map(({ id }) => id) : [reading.problem]
}

function bytes(letter: string): Uint8Array {
  return Buffer.alloc(32, letter)
}

/** The package as its documentation describes it, over a map; `problem` is what its calls throw. */
function fakeKeyring(entries = new Map<string, string>(), problem?: string) {
  const asked: unknown[] = []
  const module: () => KeyringModule = () => ({
    Entry: class {
      readonly key: string
      constructor(service: string, user: string, options?: unknown) {
        asked.push(options)
        this.key = `${service}/${user}`
      }
      getPassword(): string | null {
        if (problem !== undefined) throw new Error(problem)
        return entries.get(this.key) ?? null
      }
      setPassword(value: string): void {
        entries.set(this.key, value)
      }
    },
  })
  return { module, entries, asked }
}

describe('a key that is added', () => {
  it('comes in front of the ring, and what was there stays behind it', () => {
    const old = ringOf(openLocalKeys(nothing, path).secrets)
    expect(addKey(path, { bytes: bytes('b') }, { now })).toMatchObject({ ids: ['2026-01-31', 'local'] })
    expect(addKey(path, { id: 'c', bytes: bytes('c') }, { now }).ids).toEqual(['c', '2026-01-31', 'local'])
    const ring = ringOf(openLocalKeys(nothing, path).secrets)
    expect(ring).toBe(
      `c:${Buffer.from(bytes('c')).toString('base64')},2026-01-31:${Buffer.from(bytes('b')).toString('base64')},${old}`,
    )
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'state'))).toEqual(['keys.json'])
  })

  it('is seen by a gateway that runs already', () => {
    const { secrets } = openLocalKeys(nothing, path)
    expect(idsOf(ringOf(secrets))).toEqual(['local'])
    addKey(path, { id: 'new', bytes: bytes('n') }, { now })
    expect(idsOf(ringOf(secrets))).toEqual(['new', 'local'])
    // What happens to the file afterwards takes nothing away from who has read it.
    writeFileSync(path, 'broken')
    expect(idsOf(ringOf(secrets))).toEqual(['new', 'local'])
    rmSync(path)
    expect(idsOf(ringOf(secrets))).toEqual(['new', 'local'])
  })

  it('has a name of its own', () => {
    openLocalKeys(nothing, path)
    expect(() => addKey(path, { id: 'local', bytes: bytes('b') }, { now })).toThrow('the ring has a key local already')
    expect(dateId(now, [])).toBe('2026-01-31')
    expect(dateId(now, ['2026-01-31', '2026-01-31b'])).toBe('2026-01-31c')
  })

  it('needs a ring to be added to', () => {
    expect(() => addKey(path, { bytes: bytes('b') }, { now })).toThrow(
      'there are no keys yet. Run: signalbox vault init',
    )
  })

  it('is not lost where many are added at once, each in a process of its own', async () => {
    openLocalKeys(nothing, path)
    const script = `import { addKey } from './node-adapter/key-file.ts'
      const end = Date.now() + 20000
      for (;;) try { addKey(${JSON.stringify(path)}, { id: 'k' + process.pid, bytes: new Uint8Array(32).fill(process.pid) }, { now: new Date() }); break }
      catch (error) { if (Date.now() > end || !/another process/.test(error.message)) throw error; await new Promise((done) => setTimeout(done, 5)) }
      process.stdout.write(String(process.pid))`
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const start = (): Promise<string> =>
      text(
        spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
          cwd,
          stdio: ['ignore', 'pipe', 'inherit'],
        }).stdout,
      )
    const pids = await Promise.all(Array.from({ length: 5 }, start))
    expect([...idsOf(ringOf(openLocalKeys(nothing, path).secrets))].sort()).toEqual(
      [...pids.map((pid) => `k${pid}`), 'local'].sort(),
    )
  })

  it('waits for nobody who was killed', () => {
    openLocalKeys(nothing, path)
    // The greatest process id of Linux is 2^22.
    writeFileSync(`${path}.lock`, '4194999 dead', { mode: 0o600 })
    expect(addKey(path, { id: 'b', bytes: bytes('b') }, { now }).ids).toEqual(['b', 'local'])
    writeFileSync(`${path}.lock`, `${process.ppid} somebody`, { mode: 0o600 })
    expect(() => addKey(path, { id: 'c', bytes: bytes('c') }, { now })).toThrow(
      `another process changes the keys. If none does, run: rm '${path}.lock'`,
    )
  })

  it.each(['', '{}', '{"SIGNALBOX_KEK":"canary"}', '{"SIGNALBOX_KEK":5}'])(
    'never takes the place of a file that is not understood: %j',
    (content) => {
      openLocalKeys(nothing, path)
      writeFileSync(path, content)
      expect(() => addKey(path, { bytes: bytes('b') }, { now })).toThrow(KeyFileRefused)
      expect(() => openLocalKeys(nothing, path)).toThrow(/^(?!.*canary)/)
      expect(readFileSync(path, 'utf8')).toBe(content)
    },
  )
})

describe('a key that is taken away', () => {
  it('leaves the others, which keep their names', () => {
    const bare = Buffer.from(bytes('x')).toString('base64')
    openLocalKeys(nothing, path)
    writeFileSync(path, JSON.stringify({ SIGNALBOX_KEK: `a:${bare},${Buffer.from(bytes('y')).toString('base64')}` }))
    expect(removeKey(path, 'a').ids).toEqual(['key2'])
    expect(idsOf(ringOf(openLocalKeys(nothing, path).secrets))).toEqual(['key2'])
    expect(() => removeKey(path, 'key2')).toThrow('key2 is the only key')
    expect(() => removeKey(path, 'z')).toThrow('the ring has no key z')
  })
})

describe('who only wants to read', () => {
  it('makes nothing', () => {
    expect(ringOf(readLocalKeys(nothing, path))).toBe('')
    expect(readdirSync(folder)).toEqual([])
    const ring = ringOf(openLocalKeys(nothing, path).secrets)
    expect(ringOf(readLocalKeys(nothing, path))).toBe(ring)
    expect(ringOf(readLocalKeys({ get: () => 'given' }, path))).toBe('')
  })
})

describe('the keychain of the system', () => {
  const options = (keyring: ReturnType<typeof fakeKeyring>) => ({ wantsKeychain: true, module: keyring.module })

  it('holds the keys where that is wanted, and the file says no more than where they are', () => {
    const keyring = fakeKeyring()
    expect(initKeys(path, options(keyring))).toEqual({
      place: `keychain "SIGNALBOX_KEK ${path}"`,
      ids: ['local'],
      made: true,
    })
    expect(initKeys(path, options(keyring))).toMatchObject({ ids: ['local'], made: false })
    const [ring = ''] = keyring.entries.values()
    expect([...keyring.entries.keys()]).toEqual([`signalbox/SIGNALBOX_KEK ${path}`])
    expect(readFileSync(path, 'utf8')).toBe(`{"keychain":"SIGNALBOX_KEK ${path}"}\n`)
    // From here on the file leads there, whether or not somebody asks for it again.
    expect(ringOf(openLocalKeys(nothing, path, { wantsKeychain: false, module: keyring.module }).secrets)).toBe(ring)
    expect(addKey(path, { id: 'b', bytes: bytes('b') }, { now, module: keyring.module }).ids).toEqual(['b', 'local'])
    expect(removeKey(path, 'local', { module: keyring.module }).ids).toEqual(['b'])
    expect(readFileSync(path, 'utf8')).not.toContain(Buffer.from(bytes('b')).toString('base64'))
  })

  it('shows a gateway that runs already a key that was added', () => {
    const keyring = fakeKeyring()
    const { secrets } = openLocalKeys(nothing, path, options(keyring))
    expect(idsOf(ringOf(secrets))).toEqual(['local'])
    addKey(path, { id: 'b', bytes: bytes('b') }, { now, module: keyring.module })
    expect(idsOf(ringOf(secrets))).toEqual(['b', 'local'])
  })

  it('is never the one of the kernel, which a restart of the machine empties', () => {
    const keyring = fakeKeyring()
    initKeys(path, options(keyring))
    expect(new Set(keyring.asked.map((asked) => JSON.stringify(asked)))).toEqual(
      new Set(['{"linux":{"store":"secret-service"}}']),
    )
  })

  it('that is not there is no reason not to start: the file takes its place, and a line says so', () => {
    const keys = openLocalKeys(nothing, path, options(fakeKeyring(undefined, 'no bus\nno second line')))
    expect(idsOf(ringOf(keys.secrets))).toEqual(['local'])
    expect(keys.note).toBe(`no keychain could be used (no bus): the keys are kept in ${path}, which only you can read`)
    expect(openLocalKeys(nothing, path, options(fakeKeyring())).note).toBeUndefined()
  })

  it('that takes nothing is none', () => {
    const deaf: () => KeyringModule = () => ({
      Entry: class {
        getPassword(): null {
          return null
        }
        setPassword(): void {}
      },
    })
    const keys = openLocalKeys(nothing, path, { wantsKeychain: true, module: deaf })
    expect(keys.note).toContain('what was written did not come back')
    expect(readFileSync(path, 'utf8')).toContain('"SIGNALBOX_KEK":"local:')
  })

  it('that cannot be opened any more is said, and no new key is made', () => {
    const keyring = fakeKeyring()
    initKeys(path, options(keyring))
    const before = readFileSync(path, 'utf8')
    const locked = fakeKeyring(keyring.entries, 'the collection is locked')
    expect(() => openLocalKeys(nothing, path, options(locked))).toThrow(
      "the keys are in the system's keychain, which cannot be opened (the collection is locked): unlock it, or set SIGNALBOX_KEK",
    )
    expect(() => openLocalKeys(nothing, path, options(fakeKeyring()))).toThrow(
      /holds no entry "SIGNALBOX_KEK .*" of signalbox; restore it/,
    )
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it('keeps the entry of a file that was lost', () => {
    const keyring = fakeKeyring()
    initKeys(path, options(keyring))
    const [ring] = keyring.entries.values()
    rmSync(path)
    initKeys(path, options(keyring))
    expect([...keyring.entries.values()]).toEqual([ring])
  })

  it('is opened with the package that is installed here, or says why not', () => {
    const opening = openKeychain('a test that leaves nothing')
    // A machine of a developer may well have one; looking changes nothing there.
    if (opening.ok) expect(opening.keychain.get()).toBeUndefined()
    else expect(opening.problem.length).toBeGreaterThan(3)
    expect(
      openKeychain('x', () => {
        throw Object.assign(new Error('x'), { code: 'MODULE_NOT_FOUND' })
      }),
    ).toEqual({
      ok: false,
      problem: '@napi-rs/keyring is not installed',
    })
  })
})

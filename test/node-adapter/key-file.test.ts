// The key file of this machine: made once, this user's alone, and never shown.
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyFileRefused, keyFilePath, openLocalKeys } from '../../node-adapter/key-file.ts'
import { readKeyring } from '../../src/sealing/keyring.ts'
import type { Secrets } from '../../src/ports/index.ts'
import { processRuntimes } from '../support/full-run.ts'
import { runUntilExit, startGatewayProcess } from '../support/gateway-process.ts'

const nothing: Secrets = { get: () => undefined }
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-keys-'))
  path = join(folder, 'state', 'keys.json')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function ring(secrets: Secrets): string {
  return secrets.get('SIGNALBOX_KEK') ?? ''
}

describe('the key file', () => {
  it('is made at the first start with a usable key, for its owner alone, and read at the next', () => {
    const made = ring(openLocalKeys(nothing, path).secrets)
    expect(readKeyring(made)).toMatchObject({ ok: true, keys: [{ id: 'local' }] })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700)
    expect(ring(openLocalKeys(nothing, path).secrets)).toBe(made)
    expect(readdirSync(join(folder, 'state'))).toEqual(['keys.json'])
  })

  it('holds another key for everybody', () => {
    const other = join(folder, 'other', 'keys.json')
    expect(ring(openLocalKeys(nothing, path).secrets)).not.toBe(ring(openLocalKeys(nothing, other).secrets))
  })

  it('is neither read nor made where the key was given', () => {
    const given: Secrets = { get: (name) => (name === 'SIGNALBOX_KEK' ? 'x:y' : undefined) }
    expect(ring(openLocalKeys(given, path).secrets)).toBe('')
    expect(existsSync(path)).toBe(false)
  })

  it('answers for nothing but the key', () => {
    expect(openLocalKeys(nothing, path).secrets.get('OPENAI_API_KEY')).toBeUndefined()
  })

  it('lies beside the run files', () => {
    expect(keyFilePath({ SIGNALBOX_STATE_DIR: '/s' })).toBe('/s/keys.json')
    expect(keyFilePath({ XDG_STATE_HOME: '/x', HOME: '/h' })).toBe('/x/signalbox/keys.json')
    expect(keyFilePath({ HOME: '/h' })).toBe('/h/.local/state/signalbox/keys.json')
  })

  it('is one file although many start at once for the first time', async () => {
    const script = `import { openLocalKeys } from './node-adapter/key-file.ts'
      process.stdout.write(openLocalKeys({ get: () => undefined }, ${JSON.stringify(path)}).secrets.get('SIGNALBOX_KEK') ?? '')`
    const start = async (): Promise<string> => {
      const cwd = fileURLToPath(new URL('../..', import.meta.url))
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { cwd })
      return text(child.stdout)
    }
    const rings = await Promise.all(Array.from({ length: 6 }, start))
    expect(new Set(rings).size).toBe(1)
    expect(rings[0]).toBe(ring(openLocalKeys(nothing, path).secrets))
  })

  it.each<[string, () => void, RegExp]>([
    ['a group may read it', () => chmodSync(path, 0o640), /is open to others \(mode 0640\)\. Run: chmod 600/],
    ['everybody may write it', () => chmodSync(path, 0o602), /is open to others/],
    ['it is a link', () => replace(() => symlinkSync(join(folder, 'elsewhere'), path)), /is a symbolic link/],
    ['it is a folder', () => replace(() => mkdirSync(path, { mode: 0o700 })), /is not a file/],
    ['it is empty', () => writeFileSync(path, ''), /holds no SIGNALBOX_KEK; restore it/],
    ['it holds something else', () => writeFileSync(path, '{"OTHER":"x"}'), /holds no SIGNALBOX_KEK/],
  ])('is refused where %s, and left as it is', (_name, change, message) => {
    const made = ring(openLocalKeys(nothing, path).secrets)
    writeFileSync(join(folder, 'elsewhere'), readFileSync(path), { mode: 0o600 })
    change()
    const before = statSync(path).ino
    expect(() => openLocalKeys(nothing, path)).toThrow(KeyFileRefused)
    expect(() => openLocalKeys(nothing, path)).toThrow(message)
    expect(statSync(path).ino).toBe(before)
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toContain(made)
  })

  it('is not made in a folder that others can write', () => {
    mkdirSync(join(folder, 'state'), { recursive: true })
    chmodSync(join(folder, 'state'), 0o777)
    expect(() => openLocalKeys(nothing, path)).toThrow(/is open to others \(mode 0777\)\. Run: chmod go-w/)
    expect(existsSync(path)).toBe(false)
  })

  it('that cannot be made is missing, and no reason not to start', () => {
    writeFileSync(join(folder, 'state'), 'a file in the way')
    const { secrets, missing } = openLocalKeys(nothing, path)
    expect(ring(secrets)).toBe('')
    expect(missing).toMatch(/keys\.json could not be made \(E\w+\)/)
  })

  function replace(put: () => void): void {
    rmSync(path)
    put()
  }
})

const config = { storage: { kind: 'memory' }, providers: { mock: { type: 'mock' } } }

describe.each(processRuntimes('the key file', ['node', 'bun', 'deno']))('a gateway on %s', (runtime) => {
  it('makes the file at its first start and says nothing of what is in it', async () => {
    const gateway = await startGatewayProcess(runtime, { config })
    const file = join(gateway.home, '.local', 'state', 'signalbox', 'keys.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const [, secret = ''] = /local:([^"]+)/.exec(readFileSync(file, 'utf8')) ?? []
    expect(secret.length).toBe(44)
    const shown = await fetch(`${gateway.url}/health`)
    expect(await shown.text()).not.toContain(secret.slice(0, 8))
    await gateway.stop()
    expect(gateway.stderr()).not.toContain(secret.slice(0, 8))
  })
})

describe('a gateway', () => {
  it('that was given a key makes no file', async () => {
    const gateway = await startGatewayProcess('node', { config, env: { SIGNALBOX_KEK: `a:${btoa('k'.repeat(32))}` } })
    expect(existsSync(join(gateway.home, '.local', 'state', 'signalbox', 'keys.json'))).toBe(false)
    await gateway.stop()
  })

  it('refuses a key that cannot be used, without showing it', async () => {
    const { code, stderr } = await runUntilExit('node', { config, env: { SIGNALBOX_KEK: 'canary-5512' } })
    expect(code).toBe(78)
    expect(stderr).toContain('SIGNALBOX_KEK: key 1 is not the base64 of 32 bytes')
    expect(stderr).not.toContain('canary-5512')
  })
})

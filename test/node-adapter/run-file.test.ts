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
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLiveRunFiles, removeRunFile, runFolder, writeRunFile, type RunFile } from '../../node-adapter/run-file.ts'

let scratch: string
let folder: string
const servers: Server[] = []

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sb-run-'))
  folder = join(scratch, 'state', 'run')
})

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  rmSync(scratch, { recursive: true, force: true })
})

/** Something that accepts connections, and its port. */
async function listening(): Promise<number> {
  const server = createServer((socket) => socket.destroy())
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function freePort(): Promise<number> {
  const port = await listening()
  const server = servers.pop()
  await new Promise((resolve) => server?.close(resolve))
  return port
}

function run(port: number, more: Partial<RunFile> = {}): RunFile {
  return {
    url: `http://127.0.0.1:${port}`,
    pid: process.pid,
    token: 'token-1',
    startedAt: 1000,
    config: '/etc/gateway.jsonc',
    ...more,
  }
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

describe('a run file', () => {
  it('is found by whoever looks for the gateway', async () => {
    const file = run(await listening())
    await writeRunFile(file, folder)
    expect(await readLiveRunFiles({ folder })).toEqual([file])
  })

  it('is for its owner alone, in a folder for its owner alone, whatever the umask', async () => {
    const before = process.umask(0)
    try {
      const path = await writeRunFile(run(1), folder)
      expect(modeOf(path)).toBe(0o600)
      expect(modeOf(folder)).toBe(0o700)
      expect(modeOf(join(scratch, 'state'))).toBe(0o700)
    } finally {
      process.umask(before)
    }
  })

  it('is written whole or not at all: no draft is left', async () => {
    const path = await writeRunFile(run(1), folder)
    await writeRunFile(run(1, { token: 'token-2' }), folder)
    expect(readdirSync(folder)).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).toContain('token-2')
  })

  it('replaces a link under its name instead of following it', async () => {
    const victim = join(scratch, 'victim')
    writeFileSync(victim, 'precious')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    symlinkSync(victim, join(folder, `${process.pid}-1.json`))
    const path = await writeRunFile(run(1), folder)
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(statSync(path).isFile()).toBe(true)
  })

  it('is not written into a folder that others can enter', async () => {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    chmodSync(folder, 0o755)
    await expect(writeRunFile(run(1), folder)).rejects.toThrow(/0755.*chmod 700/)
    expect(readdirSync(folder)).toEqual([])
  })

  it('names its configuration by an absolute path', async () => {
    await writeRunFile(run(await listening(), { config: 'gateway.jsonc' }), folder)
    expect((await readLiveRunFiles({ folder }))[0]?.config).toBe(join(process.cwd(), 'gateway.jsonc'))
  })
})

describe('several run files', () => {
  it('come with the newest first, two gateways of one process apart', async () => {
    const [one, two] = [await listening(), await listening()]
    await writeRunFile(run(one, { startedAt: 1000 }), folder)
    await writeRunFile(run(two, { startedAt: 2000 }), folder)
    expect((await readLiveRunFiles({ folder })).map((file) => file.startedAt)).toEqual([2000, 1000])
  })

  it('are removed one by one, or all of this process', async () => {
    const first = await writeRunFile(run(1), folder)
    const second = await writeRunFile(run(2), folder)
    const foreign = await writeRunFile(run(3, { pid: process.ppid }), folder)
    await removeRunFile(first, folder)
    expect([first, second, foreign].map((path) => existsSync(path))).toEqual([false, true, true])
    await removeRunFile(undefined, folder)
    expect([second, foreign].map((path) => existsSync(path))).toEqual([false, true])
    await expect(removeRunFile(first, folder)).resolves.toBeUndefined()
  })
})

describe('a stale run file', () => {
  it('of a process that has ended is ignored and removed', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    const path = await writeRunFile(run(await listening(), { pid: dead }), folder)
    expect(await readLiveRunFiles({ folder })).toEqual([])
    expect(existsSync(path)).toBe(false)
  })

  it('whose port refuses connections is ignored and removed', async () => {
    const path = await writeRunFile(run(await freePort()), folder)
    expect(await readLiveRunFiles({ folder })).toEqual([])
    expect(existsSync(path)).toBe(false)
  })
})

describe('a run file that cannot be trusted', () => {
  const refusals: string[] = []
  const read = async () => {
    refusals.length = 0
    return readLiveRunFiles({ folder, onRefused: (message) => refusals.push(message) })
  }

  it.each([0o640, 0o604, 0o660, 0o666])('because of its mode %o is ignored, named, and left alone', async (mode) => {
    const path = await writeRunFile(run(await listening()), folder)
    chmodSync(path, mode)
    expect(await read()).toEqual([])
    expect(refusals.join()).toContain(`mode 0${mode.toString(8)}`)
    expect(existsSync(path)).toBe(true)
  })

  it('because others can write its folder is ignored', async () => {
    await writeRunFile(run(await listening()), folder)
    chmodSync(folder, 0o770)
    expect(await read()).toEqual([])
    expect(refusals.join()).toContain('0770')
  })

  it('because it is a link is ignored', async () => {
    const path = await writeRunFile(run(await listening()), folder)
    const elsewhere = join(scratch, 'elsewhere.json')
    writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 })
    rmSync(path)
    symlinkSync(elsewhere, path)
    expect(await read()).toEqual([])
    expect(refusals.join()).toContain('symbolic link')
  })

  it.runIf(process.getuid?.() === 0)('because it belongs to somebody else is ignored', async () => {
    const path = await writeRunFile(run(await listening()), folder)
    spawnSync('chown', ['12345', path])
    expect(await read()).toEqual([])
    expect(refusals.join()).toContain('user 12345')
  })

  it.each([
    ['no JSON', '{'],
    ['an address that is none', '{"url":"file:///etc","pid":1,"token":"x","startedAt":1,"config":null}'],
    ['a process that is none', '{"url":"http://127.0.0.1:1","pid":0,"token":"x","startedAt":1,"config":null}'],
    ['no token', '{"url":"http://127.0.0.1:1","pid":1,"startedAt":1,"config":null}'],
  ])('because it holds %s is ignored', async (_what, text) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, '1-1.json'), text, { mode: 0o600 })
    expect(await read()).toEqual([])
  })
})

describe('the folder of the run files', () => {
  it.each([
    [{ SIGNALBOX_STATE_DIR: '/s', XDG_STATE_HOME: '/x', HOME: '/h' }, '/s/run'],
    [{ XDG_STATE_HOME: '/x', HOME: '/h' }, '/x/signalbox/run'],
    [{ XDG_STATE_HOME: 'relative', HOME: '/h' }, '/h/.local/state/signalbox/run'],
    [{ SIGNALBOX_STATE_DIR: '', XDG_STATE_HOME: '', HOME: '/h' }, '/h/.local/state/signalbox/run'],
  ])('of %j is %s', (env, expected) => {
    expect(runFolder(env)).toBe(expected)
  })

  it('need not exist', async () => {
    expect(await readLiveRunFiles({ folder: join(scratch, 'nowhere') })).toEqual([])
  })
})

// Configuration on a real disk: who may read it, what stands beside it, and the same text out of the environment.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfigFiles, type LoadedConfig } from '../../node-adapter/config-files.ts'
import { problemText } from '../../src/catalog/problem.ts'

const minimal = JSON.stringify({ providers: { mock: { type: 'mock' } } })
const configs = fileURLToPath(new URL('../../configs/', import.meta.url))

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-config-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

function problems(loaded: LoadedConfig): string[] {
  return loaded.ok ? [] : loaded.problems.map(problemText)
}

describe('a configuration file', () => {
  it('is read, compiled and listed with its siblings', async () => {
    const path = write('signalbox.jsonc', '{ /* hi */ "storage": { "kind": "memory" }, }')
    const catalog = write('catalog.json', minimal)
    const secrets = write('secrets.json', '{ "api_key_overrides": { "OPENAI_API_KEY": "sk-from-file" } }')
    const loaded = await loadConfigFiles(path)
    expect(problems(loaded)).toEqual([])
    expect(loaded.files).toEqual([path, catalog, secrets])
    expect(loaded.ok && [...loaded.snapshot.providers.keys()]).toEqual(['mock'])
    expect(loaded.ok && loaded.secrets.get('OPENAI_API_KEY')).toBe('sk-from-file')
  })

  it('has its storage path in its own folder', async () => {
    const path = write('signalbox.json', minimal)
    const loaded = await loadConfigFiles(path)
    expect(loaded.ok && loaded.snapshot.storage.path).toBe(join(folder, '.signalbox', 'state.sqlite'))
  })

  it('may be named relative to the working directory', async () => {
    write('signalbox.json', minimal)
    const loaded = await loadConfigFiles('signalbox.json', { cwd: folder })
    expect(problems(loaded)).toEqual([])
  })

  it('keeps an absolute storage path', async () => {
    const path = write(
      'signalbox.json',
      JSON.stringify({ ...JSON.parse(minimal), storage: { path: '/var/lib/s.sqlite' } }),
    )
    const loaded = await loadConfigFiles(path)
    expect(loaded.ok && loaded.snapshot.storage.path).toBe('/var/lib/s.sqlite')
  })

  it('may itself be called catalog.json', async () => {
    expect(problems(await loadConfigFiles(write('catalog.json', minimal)))).toEqual([])
  })

  it('that is missing, a folder or not UTF-8 is a problem and not an exception', async () => {
    const missing = join(folder, 'nothing.json')
    expect(problems(await loadConfigFiles(missing))).toEqual([`${missing}: no such file`])
    expect(problems(await loadConfigFiles(folder))).toEqual([`${folder}: is not a regular file`])
    const path = join(folder, 'latin1.json')
    writeFileSync(path, Uint8Array.of(0x7b, 0xff, 0x7d), { mode: 0o600 })
    expect(problems(await loadConfigFiles(path))).toEqual([`${path}: is not UTF-8`])
  })

  it('that is a named pipe does not hang', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', ['-m', '600', path])
    expect(problems(await loadConfigFiles(path))).toEqual([`${path}: is not a regular file`])
  })

  it('larger than eight megabytes is refused', async () => {
    const path = write('big.json', ' '.repeat(8 * 1024 * 1024 + 1))
    expect(problems(await loadConfigFiles(path))).toEqual([`${path}: is larger than 8388608 bytes`])
  })

  it('names itself in syntax errors, and reports those of all files together', async () => {
    const path = write('signalbox.json', '{ "a": }')
    write('catalog.json', '{ "routes": {}, "routes": {} }')
    expect(problems(await loadConfigFiles(path))).toEqual([
      `${path}: line 1, column 8: value expected`,
      'catalog.json: routes: duplicate key',
    ])
  })

  it('refuses a section that catalog.json has too', async () => {
    const path = write('signalbox.json', minimal)
    write('catalog.json', minimal)
    expect(problems(await loadConfigFiles(path))).toEqual([
      'catalog.json: providers: is in the configuration as well, keep one',
    ])
  })
})

describe('permissions', () => {
  it.each([0o644, 0o640, 0o604, 0o660, 0o610, 0o601, 0o602, 0o620, 0o777])(
    'mode %o is refused with the command that repairs it',
    async (mode) => {
      const path = write('signalbox.json', minimal, mode)
      const shown = `0${mode.toString(8)}`
      expect(problems(await loadConfigFiles(path))).toEqual([
        `${path}: has mode ${shown}, which lets others in, run: chmod 600 ${path}`,
      ])
    },
  )

  it.each([0o600, 0o400, 0o700])('mode %o is accepted', async (mode) => {
    expect(problems(await loadConfigFiles(write('signalbox.json', minimal, mode)))).toEqual([])
  })

  it('are asked of catalog.json and secrets.json as well, all at once', async () => {
    const path = write('signalbox.json', '{}', 0o644)
    const catalog = write('catalog.json', minimal, 0o640)
    const secrets = write('secrets.json', '{}', 0o604)
    expect(problems(await loadConfigFiles(path)).map((text) => text.split(',')[0])).toEqual([
      `${path}: has mode 0644`,
      `${catalog}: has mode 0640`,
      `${secrets}: has mode 0604`,
    ])
  })

  it('quote a path that a shell would take apart', async () => {
    const path = write("it's mine.json", minimal, 0o644)
    expect(problems(await loadConfigFiles(path))[0]).toContain(String.raw`run: chmod 600 '${folder}/it'\''s mine.json'`)
  })

  it('are not asked on Windows', async () => {
    const path = write('signalbox.json', minimal, 0o666)
    expect(problems(await loadConfigFiles(path, { platform: 'win32' }))).toEqual([])
  })

  it('do not matter for the files that come with the package, and only for those', async () => {
    const bundled = join(folder, 'configs')
    mkdirSync(bundled)
    const quickstart = write('configs/quickstart.jsonc', minimal, 0o644)
    const mine = write('configs/mine.json', minimal, 0o644)
    const elsewhere = write('quickstart.jsonc', minimal, 0o644)
    expect(problems(await loadConfigFiles(quickstart, { bundled }))).toEqual([])
    expect(problems(await loadConfigFiles(mine, { bundled }))).toHaveLength(1)
    expect(problems(await loadConfigFiles(elsewhere, { bundled }))).toHaveLength(1)
  })

  it('of the real quickstart file are no obstacle', async () => {
    const loaded = await loadConfigFiles(join(configs, 'quickstart.jsonc'))
    expect(problems(loaded)).toEqual([])
    expect(loaded.ok && loaded.snapshot.storage.path).toBe(join(configs, '..', '.signalbox', 'state.sqlite'))
  })

  // Only root can make a file of root.
  it.runIf(process.getuid?.() === 0)(
    'of a file that is root’s and nobody may write are fine, unless another may',
    async () => {
      const path = write('signalbox.json', minimal, 0o444)
      expect(statSync(path).uid).toBe(0)
      expect(problems(await loadConfigFiles(path))).toEqual([])
      chmodSync(path, 0o464)
      expect(problems(await loadConfigFiles(path))).toHaveLength(1)
      chmodSync(path, 0o444)
      execFileSync('chown', ['12345', path])
      expect(problems(await loadConfigFiles(path))).toHaveLength(1)
    },
  )
})

describe('symbolic links', () => {
  it('are followed for the configuration, and the file behind is judged', async () => {
    const real = write('real.json', minimal)
    const link = join(folder, 'signalbox.json')
    symlinkSync(real, link)
    expect(problems(await loadConfigFiles(link))).toEqual([])
    chmodSync(real, 0o644)
    expect(problems(await loadConfigFiles(link))[0]).toMatch(/has mode 0644/)
  })

  it('are refused for secrets.json', async () => {
    const path = write('signalbox.json', minimal)
    symlinkSync(write('elsewhere.json', '{}'), join(folder, 'secrets.json'))
    expect(problems(await loadConfigFiles(path))).toEqual([
      `${join(folder, 'secrets.json')}: is a symbolic link, put the file itself there`,
    ])
  })

  it('that lead nowhere do not pass for an absent sibling', async () => {
    const path = write('signalbox.json', minimal)
    symlinkSync(join(folder, 'gone.json'), join(folder, 'catalog.json'))
    expect(problems(await loadConfigFiles(path))).toEqual([`${join(folder, 'catalog.json')}: no such file`])
  })
})

describe('a configuration in the environment', () => {
  it('is JSON that begins with a brace, with paths from the working directory and no siblings', async () => {
    write('catalog.json', minimal)
    const loaded = await loadConfigFiles(`\n ${minimal}`, { cwd: folder })
    expect(problems(loaded)).toEqual([])
    expect(loaded.files).toEqual([])
    expect(loaded.ok && loaded.snapshot.storage.path).toBe(join(folder, '.signalbox', 'state.sqlite'))
  })

  it('names the variable in syntax errors', async () => {
    expect(problems(await loadConfigFiles('{ "a" }'))[0]).toMatch(
      /^SIGNALBOX_CONFIG: line 1, column 7: colon expected$/,
    )
  })
})

describe('on Bun and Deno', () => {
  const bin = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url))
  // In the project, because Deno looks for the packages from the script upwards.
  const script = `import { loadConfigFiles } from './config-files.ts'
const loaded = await loadConfigFiles(process.argv[2])
console.log(JSON.stringify(loaded.ok ? { revision: loaded.snapshot.revision } : loaded.problems))`

  it.each([
    ['bun', ['run']],
    ['deno', ['run', '--no-prompt', '--allow-read', '--allow-env', '--allow-sys']],
  ])('%s refuses and accepts the same files', async (runtime, flags) => {
    const path = write('signalbox.json', minimal)
    const probe = fileURLToPath(new URL(`../../node-adapter/.probe-${runtime}-${process.pid}.ts`, import.meta.url))
    writeFileSync(probe, script)
    const run = (): unknown =>
      JSON.parse(execFileSync(join(bin, runtime), [...flags, probe, path], { encoding: 'utf8' }))
    try {
      const here = await loadConfigFiles(path)
      expect(run()).toEqual({ revision: here.ok && here.snapshot.revision })
      chmodSync(path, 0o644)
      expect(run()).toMatchObject([{ message: 'has mode 0644, which lets others in' }])
      chmodSync(path, 0o600)
      symlinkSync(write('elsewhere.json', '{}'), join(folder, 'secrets.json'))
      expect(run()).toMatchObject([{ message: 'is a symbolic link' }])
    } finally {
      rmSync(probe)
    }
    expect(readFileSync(path, 'utf8')).toBe(minimal)
  })
})

import { spawn } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileEditor } from '../../node-adapter/config-editor.ts'
import { lockLimits, withFileLock } from '../../node-adapter/file-lock.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import type { ConfigChange } from '../../src/operations/operation.ts'
import { compiledFolder } from '../support/compiled-folder.ts'
import { root } from './cli-harness.ts'

const node = join(root, 'node_modules', '.bin', 'node')
const folders: string[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sb-edit-'))
  folders.push(folder)
})

afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true })
})

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const text = `{
  // What we have.
  "providers": { "mock": { "type": "mock" } },
  "storage": { "kind": "memory" }, // forgets
}
`

const addGroq: ConfigChange[] = [
  { path: ['credentials', 'groq'], value: { type: 'api_key', source: 'env', env: 'GROQ_API_KEY' }, existing: 'refuse' },
  {
    path: ['providers', 'groq'],
    value: { type: 'groq', accounts: [{ id: 'main', credential: 'groq' }] },
    existing: 'refuse',
  },
]

async function fails(path: string, changes: readonly ConfigChange[]) {
  const before = readFileSync(path, 'utf8')
  const result = await createFileEditor(path).apply(changes)
  if (result.ok) throw new Error('it was written')
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(readdirSync(folder).filter((name) => name.includes('.edit-') || name.endsWith('.lock'))).toEqual([])
  return result.error
}

describe('an edit of a configuration file', () => {
  it('keeps its comments and its mode, leaves nothing beside it, and is read back', async () => {
    const path = file('s.jsonc', text, 0o600)
    const result = await createFileEditor(path).apply(addGroq)
    expect(result).toMatchObject({
      ok: true,
      value: {
        changed: [
          ['credentials', 'groq'],
          ['providers', 'groq'],
        ],
      },
    })
    const written = readFileSync(path, 'utf8')
    expect(written).toContain('// What we have.')
    expect(written).toContain('// forgets')
    expect(parseConfig(written)).toMatchObject({ value: { providers: { groq: { type: 'groq' }, mock: {} } } })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['s.jsonc'])
  })

  it('goes into catalog.json where that holds the section, and the rest into the file itself', async () => {
    const path = file('s.jsonc', '{ "storage": { "kind": "memory" } }')
    file('catalog.json', '{\n  "providers": { "mock": { "type": "mock" } }\n}\n')
    expect((await createFileEditor(path).apply(addGroq)).ok).toBe(true)
    expect(readFileSync(path, 'utf8')).toContain('GROQ_API_KEY')
    expect(readFileSync(path, 'utf8')).not.toContain('providers')
    expect(readFileSync(join(folder, 'catalog.json'), 'utf8')).toContain('"groq"')
  })

  it('changes the file behind a link, and leaves the link', async () => {
    file('real.jsonc', text)
    const link = join(folder, 's.jsonc')
    symlinkSync(join(folder, 'real.jsonc'), link)
    expect((await createFileEditor(link).apply(addGroq)).ok).toBe(true)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(folder, 'real.jsonc'), 'utf8')).toContain('groq')
  })

  it('tried dry compiles and writes nothing', async () => {
    const path = file('s.jsonc', text)
    const result = await createFileEditor(path).apply(addGroq, { dryRun: true })
    expect(result).toMatchObject({
      ok: true,
      value: {
        changed: [
          ['credentials', 'groq'],
          ['providers', 'groq'],
        ],
      },
    })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('removes what a killed writer left', async () => {
    const path = file('s.jsonc', text)
    file('.s.jsonc.edit-0123456789ab.tmp', 'half')
    file('s.jsonc.lock', '999999999 dead')
    expect((await createFileEditor(path).apply(addGroq)).ok).toBe(true)
    expect(readdirSync(folder)).toEqual(['s.jsonc'])
  })
})

describe('an edit that is refused', () => {
  it('would not compile: every problem is told, and nothing is written', async () => {
    const error = await fails(file('s.jsonc', text), [
      { path: ['providers', 'a'], value: { type: 'openai_compatible' } },
      { path: ['routes', 'r'], value: { targets: [{ provider: 'nobody', model: 'm' }] } },
    ])
    expect(error.code).toBe('invalid_value')
    expect(error.message).toContain('providers.a.base_url')
    expect(error.message).toContain('nobody')
  })

  it('names a provider that is there already', async () => {
    const error = await fails(file('s.jsonc', text), [{ path: ['providers', 'mock'], value: {}, existing: 'refuse' }])
    expect(error.code).toBe('conflict')
    expect(error.message).toBe('providers.mock is there already')
  })

  it('is of a file that others may read', async () => {
    const error = await fails(file('s.jsonc', text, 0o644), addGroq)
    expect(error.message).toContain('chmod 600')
  })

  it('is of a file whose owner wants no changes', async () => {
    const error = await fails(file('s.jsonc', text, 0o400), addGroq)
    expect(error.code).toBe('invalid_request')
    expect(error.message).toContain('read-only')
  })

  it('is of text that is no JSON', async () => {
    const error = await fails(file('s.jsonc', '{ "providers": '), addGroq)
    expect(error.code).toBe('invalid_value')
    expect(error.message).toContain('line 1')
  })

  it('is of a file that comes with the program, and says what to do', async () => {
    const bundled = fileURLToPath(new URL('../../configs/quickstart.jsonc', import.meta.url))
    const before = readFileSync(bundled, 'utf8')
    const result = await createFileEditor(bundled).apply(addGroq)
    expect(result.ok ? '' : result.error.message).toContain('signalbox init')
    expect(readFileSync(bundled, 'utf8')).toBe(before)
  })

  it('is of a variable', async () => {
    const editor = createFileEditor('{ "providers": {} }')
    const result = await editor.apply(addGroq)
    expect(result).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
  })

  it('comes while somebody else edits, and waits for its turn', async () => {
    const path = file('s.jsonc', text)
    const lock = file('s.jsonc.lock', `${process.ppid} somebody`)
    const waiting = createFileEditor(path).apply(addGroq)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(readFileSync(path, 'utf8')).toBe(text)
    rmSync(lock)
    expect((await waiting).ok).toBe(true)
  })

  it('comes while somebody else edits who does not stop, and names that process', async () => {
    const path = file('s.jsonc', text)
    file('s.jsonc.lock', `${process.ppid} somebody`)
    const waiting = withFileLock(path, async () => 'done', 60)
    await expect(waiting).rejects.toThrow(`process ${process.ppid}`)
    expect(lockLimits.patience).toBeLessThan(30_000)
  })

  it('does not wait for a lock that is too old to be true', async () => {
    const path = file('s.jsonc', text)
    const lock = file('s.jsonc.lock', `${process.ppid} somebody`)
    const long = new Date(Date.now() - lockLimits.oldest - 1000)
    utimesSync(lock, long, long)
    expect(await withFileLock(path, async () => 'done', 0)).toBe('done')
  })
})

// One process that edits as often as it can, each time another value.
const writer = `
  import { createFileEditor } from ${JSON.stringify(join(root, 'node-adapter/config-editor.ts'))}
  const editor = createFileEditor(process.argv[1])
  const name = process.argv[2]
  const rounds = Number(process.argv[3])
  for (let at = 0; at < rounds; at++) {
    const result = await editor.apply([
      { path: ['models', name + '-' + at], value: { display_name: 'x'.repeat(2000) }, existing: 'refuse' },
    ])
    if (!result.ok) { process.stderr.write(result.error.message + '\\n'); process.exitCode = 1 }
  }
`

function start(path: string, name: string, rounds: number, before = '') {
  const child = spawn(node, ['--input-type=module', '-e', `${before}\n${writer}`, path, name, String(rounds)], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder, NODE_COMPILE_CACHE: compiledFolder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { exited, errors: () => errors }
}

function modelsIn(path: string): string[] {
  const parsed = parseConfig(readFileSync(path, 'utf8'))
  if (!parsed.ok) throw new Error(`half a file: ${JSON.stringify(parsed.problems)}`)
  const { models = {} } = parsed.value as { models?: Record<string, unknown> }
  return Object.keys(models)
}

describe('several processes', () => {
  it('that edit at the same time lose nothing of each other', async () => {
    const path = file('s.jsonc', text)
    const writers = ['a', 'b', 'c'].map((name) => start(path, name, 12))
    const codes = await Promise.all(writers.map(({ exited }) => exited))
    expect(writers.map(({ errors }) => errors()).join('')).toBe('')
    expect(codes).toEqual([0, 0, 0])
    expect(modelsIn(path)).toHaveLength(36)
    expect(readdirSync(folder)).toEqual(['s.jsonc'])
  })

  it('that are killed at any step leave the old file or the new one, and keep nobody out', async () => {
    const outcomes: string[] = []
    for (let step = 1; outcomes.at(-1) !== 'ended'; step++) {
      const path = join(mkdtempSync(join(folder, 'kill-')), 's.jsonc')
      writeFileSync(path, text, { mode: 0o600 })
      const { exited, errors } = start(path, 'm', 1, killAt(step))
      const code = await exited
      expect(errors()).toBe('')
      const found = modelsIn(path)
      outcomes.push(code === 0 ? 'ended' : `killed ${found.length === 0 ? 'old' : 'new'}`)
      expect((await createFileEditor(path).apply(addGroq)).ok).toBe(true)
      expect(modelsIn(path)).toEqual(found)
      expect(readdirSync(dirname(path))).toEqual(['s.jsonc'])
    }
    // Lock, draft, half of the text, sync: old. From the rename on: new.
    expect(outcomes.slice(0, -1).join()).toMatch(/^killed old(?:,killed old){4,}(?:,killed new)+$/)
  }, 120_000)
})

/** Code that kills its own process, as kill -9 does, at the n-th call that changes the disk; of a write, half is done. */
function killAt(step: number): string {
  return `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    let left = ${step}
    const die = () => { process.kill(process.pid, 'SIGKILL'); for (;;); }
    const real = { ...fs }
    const changes = (args) => (Number(args[1]) & (fs.constants.O_CREAT | fs.constants.O_TRUNC)) !== 0
    for (const name of ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'rmSync', 'linkSync', 'writeFileSync'])
      fs[name] = (...args) => {
        if (name === 'openSync' && !changes(args)) return real[name](...args)
        if (--left > 0) return real[name](...args)
        if (name === 'writeSync') real.writeSync(args[0], String(args[1]).slice(0, Math.ceil(args[1].length / 2)))
        else if (name === 'writeFileSync') real.writeFileSync(args[0], String(args[1]).slice(0, Math.ceil(args[1].length / 2)))
        else real[name](...args)
        die()
      }
    syncBuiltinESMExports()
  `
}

// Which configuration a command goes by where none is named, and that it is never one of the folder it happens to run in.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { choiceText, chooseConfig, userConfigPath } from '../../node-adapter/default-config.ts'
import { processRuntimes, sample } from '../support/full-run.ts'
import { createBench, root, runtimes, type Bench, type RuntimeUnderTest } from './cli-harness.ts'

const quickstart = join(root, 'configs/quickstart.jsonc')

describe('the choice', () => {
  let home: string
  let own: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'sb-choice-'))
    own = join(home, '.config/signalbox/signalbox.jsonc')
    mkdirSync(join(home, '.config/signalbox'), { recursive: true })
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('is the flag, else the variable, else the file of the user, else the quickstart', () => {
    const env = { HOME: home, SIGNALBOX_CONFIG: '/named.jsonc' }
    expect(chooseConfig('/flag.jsonc', env)).toEqual({ source: '/flag.jsonc', origin: 'flag' })
    expect(chooseConfig(undefined, env)).toEqual({ source: '/named.jsonc', origin: 'variable' })
    expect(chooseConfig(undefined, { HOME: home })).toEqual({ source: quickstart, origin: 'quickstart' })
    writeFileSync(own, '{}')
    expect(chooseConfig(undefined, { HOME: home })).toEqual({ source: own, origin: 'home' })
    expect(chooseConfig(undefined, { HOME: home, SIGNALBOX_CONFIG: '  ' })).toMatchObject({ origin: 'home' })
  })

  it('is the file of the user also where it leads nowhere, so that no other one is taken instead', () => {
    symlinkSync(join(home, 'gone.jsonc'), own)
    expect(chooseConfig(undefined, { HOME: home })).toMatchObject({ source: own, origin: 'home' })
  })

  it.each<[string, Record<string, string>, string | undefined]>([
    ['XDG_CONFIG_HOME', { HOME: '/h', XDG_CONFIG_HOME: '/x' }, '/x/signalbox/signalbox.jsonc'],
    ['the home', { HOME: '/h' }, '/h/.config/signalbox/signalbox.jsonc'],
    [
      'the home, where XDG_CONFIG_HOME is empty',
      { HOME: '/h', XDG_CONFIG_HOME: '' },
      '/h/.config/signalbox/signalbox.jsonc',
    ],
    [
      'the home, where XDG_CONFIG_HOME is relative',
      { HOME: '/h', XDG_CONFIG_HOME: 'x' },
      '/h/.config/signalbox/signalbox.jsonc',
    ],
    ['nowhere, where the home is relative', { HOME: '.' }, undefined],
  ])('looks in %s', (_name, env, path) => {
    expect(userConfigPath(env)).toBe(path)
  })

  it('is told in one line, without the configuration itself', () => {
    expect(choiceText({ source: '{"keys":[]}', origin: 'variable' })).toBe(
      'configuration: the value of SIGNALBOX_CONFIG',
    )
    expect(choiceText({ source: '/a.jsonc', origin: 'flag' })).toBe('configuration: /a.jsonc (named by --config)')
  })
})

// What a repository can bring along: each of these would send a key to its author.
const hostile = {
  config_version: 1,
  providers: { openai: { type: 'openai', base_url: 'https://collector.example/v1' } },
  routes: { anything: { match: { model: '*' }, targets: [{ provider: 'openai', model: '*' }] } },
  storage: { kind: 'memory' },
}
const names = [
  'signalbox.jsonc',
  'signalbox.json',
  'config.jsonc',
  'configs/quickstart.jsonc',
  'signalbox/signalbox.jsonc',
  '.config/signalbox/signalbox.jsonc',
  '.signalbox/signalbox.jsonc',
]

describe('a folder with configurations of somebody else', () => {
  let bench: Bench
  let folder: string
  beforeAll(() => {
    bench = createBench()
    folder = join(bench.home, 'cloned')
    for (const name of names) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), JSON.stringify(hostile), { mode: 0o600 })
    }
    writeFileSync(join(folder, 'catalog.json'), JSON.stringify({ providers: hostile.providers }), { mode: 0o600 })
  })
  afterAll(() => bench.dispose())

  const onRuntimes = processRuntimes<RuntimeUnderTest>('the choice of a configuration', ['node', 'bun', 'deno'])

  it.each(onRuntimes)('decides nothing on %s', async (runtime) => {
    const options = { cwd: folder, runtime, env: { XDG_CONFIG_HOME: '.' } }
    const { envelope } = await bench.json(['providers', 'list'], options)
    expect(envelope).toMatchObject({ ok: true, data: [{ id: 'mock' }] })
    // Refused for its address alone, so that it ends by itself and says what it read.
    const { code, stderr } = await bench.run(['serve', '--host', '0.0.0.0'], options)
    expect([code, stderr.split('\n')[0]]).toEqual([
      78,
      `configuration: ${quickstart} (the quickstart; \`signalbox init\` writes one of your own)`,
    ])
  })

  it.each(sample(['.env', '.env.production.local'], 1))(
    'has no say through a %s that the runtime reads',
    async (name) => {
      const other = join(bench.home, `env${name}`)
      mkdirSync(other)
      writeFileSync(join(other, name), `NODE_ENV=production\nSIGNALBOX_CONFIG=${JSON.stringify(hostile)}\n`)
      for (const runtime of sample(['node', 'deno'] as const, 1)) {
        const { envelope } = await bench.json(['providers', 'list'], { cwd: other, runtime })
        expect(envelope).toMatchObject({ ok: true, data: [{ id: 'mock' }] })
      }
      const refused = await bench.json(['providers', 'list'], { cwd: other, runtime: 'bun' })
      expect([refused.code, refused.envelope.ok ? '' : refused.envelope.error.code]).toEqual([78, 'env_file_refused'])
      const [bun, ...rest] = runtimes.bun
      const env = { PATH: '/usr/bin:/bin', HOME: bench.home }
      const { stdout } = spawnSync(bun, ['--no-env-file', ...rest, 'providers', 'list'], {
        cwd: other,
        env,
        encoding: 'utf8',
      })
      expect(stdout).toMatch(/^mock /m)
    },
  )

  it('does not come before the file of the user, which every command goes by from `init` on', async () => {
    const own = join(bench.home, '.config/signalbox/signalbox.jsonc')
    const { stdout } = await bench.run(['init'], { cwd: folder })
    expect(stdout).toContain('  signalbox serve\n')
    const listed = await bench.run(['routes', 'list'], { cwd: folder })
    expect(listed.stderr).toBe(`routes list in process on ${own}\n`)
    const refused = await bench.run(['serve', '--host', '0.0.0.0'], { cwd: folder })
    expect(refused.stderr).toContain(`configuration: ${own} (yours)\n`)
    const checked = await bench.run(['doctor'], { cwd: folder })
    expect(checked.stdout).toContain(`${own} is valid`)
  })
})

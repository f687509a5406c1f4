import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compiledFolder } from '../support/compiled-folder.ts'
import { createBench, root, runtimes, type Bench } from './cli-harness.ts'

const document = {
  providers: { mock: { type: 'mock' } },
  routes: {
    fast: { targets: [{ provider: 'mock', model: 'echo' }] },
  },
  storage: { kind: 'sqlite', path: 'state.sqlite' },
}

let bench: Bench
let config: string

beforeAll(() => {
  bench = createBench()
  config = bench.file('gateway.jsonc', document)
})

afterAll(() => bench.dispose())

describe('what people read', () => {
  it('is a table with aligned columns and no colour in a pipe', async () => {
    const { stdout } = await bench.run(['routes', 'list', '--config', config])
    const [header = '', first = ''] = stdout.split('\n')
    expect(header).toMatch(/^name\s+match\s+strategy\s+targets$/)
    expect(first.indexOf('mock/echo')).toBe(header.indexOf('targets'))
    expect(stdout).not.toContain('\u001b')
  })

  // `script` gives the command a terminal of its own.
  const onTerminal = (env: Record<string, string>) =>
    spawnSync('script', ['-qec', `${runtimes.node.join(' ')} routes list --config ${config}`, '/dev/null'], {
      env: { PATH: '/usr/bin:/bin', HOME: bench.home, NODE_COMPILE_CACHE: compiledFolder, TERM: 'xterm', ...env },
      encoding: 'utf8',
    }).stdout

  it.runIf(spawnSync('script', ['--version']).status === 0)('is coloured on a terminal, unless NO_COLOR is set', () => {
    expect(onTerminal({})).toContain('\u001b[1mname')
    expect(onTerminal({ NO_COLOR: '1' })).not.toContain('\u001b[1m')
    expect(onTerminal({ TERM: 'dumb' })).not.toContain('\u001b[1m')
  })

  it('holds no control character that came from outside', async () => {
    const evil = bench.file('evil.jsonc', {
      ...document,
      routes: { 'a\u001b[31m\u202eb': { targets: [{ provider: 'mock', model: 'x' }] } },
    })
    const { code, stdout, stderr } = await bench.run(['routes', 'list', '--config', evil])
    expect(stdout + stderr).not.toMatch(/[\u001b\u202e]/)
    if (code === 0) expect(stdout).toContain('a\\u001b[31m\\u202eb')
  })

  it('a schema is printed as it is, to be saved', async () => {
    const { stdout } = await bench.run(['config', 'schema'])
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { routes: {} } })
  })

  it('ends quietly when the reader has seen enough', () => {
    const command = `${runtimes.node.join(' ')} config schema | head -c 10 > /dev/null; echo \${PIPESTATUS[0]}`
    const { stdout, stderr } = spawnSync('bash', ['-c', command], {
      env: { PATH: '/usr/bin:/bin', HOME: bench.home, NODE_COMPILE_CACHE: compiledFolder },
      encoding: 'utf8',
    })
    expect(stdout.trim()).toBe('0')
    expect(stderr).toBe('')
  })
})

describe('help and version', () => {
  it('lists every verb on stdout and exits 0', async () => {
    for (const args of [['help'], ['--help'], ['-h']]) {
      const { code, stdout } = await bench.run(args)
      expect(code).toBe(0)
      for (const verb of ['status', 'routes list', 'trace show', 'serve', 'mcp']) expect(stdout).toContain(verb)
    }
  })

  it('without a verb is wrong usage, with the list on stderr', async () => {
    const { code, stdout, stderr } = await bench.run([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('routes list')
  })

  it.each([
    [['help', 'trace', 'list']],
    [['help', 'trace-list']],
    [['trace', 'list', '--help']],
    [['trace', 'list', '-h']],
  ])('%j shows the flags of the verb', async (args) => {
    const { code, stdout } = await bench.run(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/--limit N\s+.*default 50/)
    expect(stdout).toContain('signalbox trace list')
  })

  it('is one envelope with --json', async () => {
    expect((await bench.json(['help', 'trace', 'list'])).envelope).toMatchObject({
      ok: true,
      command: 'help',
      data: {
        verb: 'trace list',
        flags: expect.arrayContaining([expect.objectContaining({ flag: '--limit', default: 50 })]),
      },
    })
    expect((await bench.json(['help'])).envelope).toMatchObject({ data: { verbs: expect.any(Array) } })
  })

  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect((await bench.run(['version'])).stdout).toBe(`signalbox ${version}\n`)
    expect((await bench.json(['version'])).envelope).toMatchObject({ ok: true, data: { version, runtime: 'node' } })
  })

  it("the package's bin is the same command line", () => {
    const { stdout, status } = spawnSync(
      join(root, 'node_modules/.bin/node'),
      [join(root, 'node-adapter/bin.js'), 'version'],
      { encoding: 'utf8' },
    )
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^signalbox \d/) })
  })
})

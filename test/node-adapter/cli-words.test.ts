// What a person at the terminal is told: in flags they can type, in the order in which it happened, and what to do next.
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inFlagWords } from '../../node-adapter/cli/flag-words.ts'
import { compiledFolder } from '../support/compiled-folder.ts'
import { processRuntimes } from '../support/full-run.ts'
import { createBench, exitOf, runtimes, type Bench, type RuntimeUnderTest } from './cli-harness.ts'

const document = { providers: { mock: { type: 'mock' } }, storage: { kind: 'sqlite', path: 'state.sqlite' } }

let bench: Bench
beforeAll(() => void (bench = createBench()))
afterAll(() => bench.dispose())

describe('a message of an operation', () => {
  const flag = (field: string) => ({
    field,
    name: field.replaceAll('_', '-'),
    kind: 'text' as const,
    description: '',
    choices: [],
    preset: undefined,
    required: false,
  })
  const command = { flags: ['preset', 'base_url', 'model', 'local'].map(flag), positional: ['preset'] }

  it.each([
    ['base_url: required', '--base-url: required'],
    ['preset: required; base_url: not a URL', '<preset>: required; --base-url: not a URL'],
    ['base_url stands beside `local`', '--base-url stands beside --local'],
    ['the model: too long for a model', 'the model: too long for a model'],
    // Members of the configuration, and what somebody typed, stay what they are.
    ['providers.acme.base_url: not https', 'providers.acme.base_url: not https'],
    ['no model "base_url"', 'no model "base_url"'],
    ['/srv/base_url/x cannot be read', '/srv/base_url/x cannot be read'],
  ])('%j is told as %j', (said, told) => {
    expect(inFlagWords(said, command)).toBe(told)
  })

  it.each<[string[], string]>([
    [['openai_compatible', '--api-key-env', 'K'], '--base-url: required'],
    [['openai_compatible', '--base-url', 'http://10.0.0.1/v1', '--api-key-env', 'K'], 'say --local'],
    [['openai', '--no-key', '--api-key-env', 'K'], '--no-key: stands beside --api-key-env'],
    [['openai', '--route', 'r'], '--route: needs a --model'],
    [['opnai'], 'no preset "opnai", did you mean "openai"?'],
  ])('provider add %j speaks of flags, and of members with --json', async (args, told) => {
    const config = bench.file('words.jsonc', document)
    const { code, stderr } = await bench.run(['provider', 'add', ...args, '--config', config])
    expect(code).toBe(2)
    expect(stderr).toContain(told)
    expect(stderr).not.toMatch(/base_url|api_key_env|no_key/)
    const { envelope } = await bench.json(['provider', 'add', ...args, '--config', config])
    expect(JSON.stringify(envelope)).not.toMatch(/--(?!force)/)
  })

  it('about something that is there already names the flags that help', async () => {
    const config = bench.file('twice.jsonc', document)
    await bench.run(['provider', 'add', 'openai', '--config', config])
    const { stderr } = await bench.run(['provider', 'add', 'openai', '--config', config])
    expect(stderr).toContain('providers.openai is there already; --force replaces it, --id takes another name')
  })
})

describe('serve --json', () => {
  it('is one envelope that says where it listens', async () => {
    const config = bench.file('serve.jsonc', document)
    const child = bench.start(['serve', '--config', config, '--port', '0', '--json'])
    const line = await new Promise<string>((resolve) =>
      child.stdout?.once('data', (data: Buffer) => resolve(String(data))),
    )
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(JSON.parse(line)).toMatchObject({ ok: true, command: 'serve', data: { url, pid: child.pid, config } })
    const over = exitOf(child)
    child.kill('SIGTERM')
    expect(await over).toBe(0)
  })

  it.each<[string, string[], number, string, RegExp]>([
    ['a file that is not there', ['--config', '/nowhere/x.jsonc'], 78, 'config_refused', /no such file/],
    ['an address without keys', ['--host', '0.0.0.0'], 78, 'config_refused', /refusing to listen/],
  ])('is one envelope that says why %s is refused', async (_name, args, exit, code, message) => {
    const { code: exited, envelope } = await bench.json(['serve', ...args])
    expect(exited).toBe(exit)
    expect(envelope).toMatchObject({
      ok: false,
      command: 'serve',
      error: { code, message: expect.stringMatching(message) },
    })
  })

  it('names the file that `config validate` has to be asked for', async () => {
    const { stderr } = await bench.run(['serve', '--config', '/nowhere/x.jsonc'])
    expect(stderr).toContain('`signalbox config validate /nowhere/x.jsonc` shows the same')
  })
})

describe.each(processRuntimes<RuntimeUnderTest>('notes', ['node', 'bun', 'deno']))('notes on %s', (runtime) => {
  it('stand before what follows them where both streams are one', () => {
    const config = bench.file('order.jsonc', document)
    const flags = `providers list --config ${config}`
    const { stdout } = spawnSync('bash', ['-c', `${runtimes[runtime].join(' ')} ${flags} 2>&1`], {
      cwd: bench.home,
      env: { PATH: '/usr/bin:/bin', HOME: bench.home, NODE_COMPILE_CACHE: compiledFolder },
      encoding: 'utf8',
    })
    expect(stdout.split('\n')[0]).toBe(`providers list in process on ${config}`)
    expect(stdout.split('\n')[1]).toMatch(/^id\s+type/)
  })
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onlyInFull } from '../support/full-run.ts'
import { createBench, exitOf, type Bench } from './cli-harness.ts'

const canary = 'sk-canary-91bc04d2e55f4a6f'

const document = {
  providers: { mock: { type: 'mock' }, claude: { type: 'anthropic', api_key: canary } },
  routes: {
    fast: { targets: [{ provider: 'mock', model: 'echo' }] },
    glob: { match: { model: 'claude-*' }, targets: [{ provider: 'claude', model: '*' }] },
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

describe('a verb', () => {
  it.each([
    ['in words', ['routes', 'list']],
    ['with dashes', ['routes-list']],
  ])('may be written %s', async (_how, words) => {
    const { code, envelope } = await bench.json([...words, '--config', config])
    expect(code).toBe(0)
    expect(envelope).toMatchObject({ ok: true, command: 'routes list', schema_version: '1', count: 2 })
  })

  it('may follow its flags', async () => {
    const args = ['--json', '--config', config, 'routes', 'show', 'fast']
    const { code, stdout } = await bench.run(args, { alone: true })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { name: 'fast' } })
  })

  it('takes flags that its schema names, in their own types', async () => {
    const args = ['route', 'preview', '--model', 'fast', '--stream', '--input-tokens', '12', '--config', config]
    const { envelope } = await bench.json(args)
    expect(envelope).toMatchObject({ data: { route: 'fast', facts: { stream: true, input_tokens: 12, tools: false } } })
  })

  it.each([
    ['as JSON', (body: string) => [body], ''],
    [
      'from a file',
      () => [`@${bench.file('body.json', { model: 'fast', messages: [{ role: 'user', content: 'x' }] })}`],
      '',
    ],
    ['from standard input', () => ['-'], '{"model":"fast","messages":[{"role":"user","content":"x"}]}'],
  ])('takes an object %s', async (_how, value, input) => {
    const args = ['route', 'preview', '--body', ...value('{"model":"fast","messages":[{"role":"user","content":"x"}]}')]
    const { code, envelope } = await bench.json([...args, '--config', config], { input, alone: true })
    expect(code).toBe(0)
    expect(envelope).toMatchObject({ ok: true, data: { route: 'fast' } })
  })
})

describe('wrong usage', () => {
  it.each([
    ['a verb that there is not, with the nearest one', ['routes', 'lst'], 'unknown_verb', /did you mean "routes list"/],
    ['a single word that is near a verb', ['statsu'], 'unknown_verb', /did you mean "status"/],
    ['half a verb, with what may follow', ['routes'], 'unknown_verb', /routes list, routes show/],
    ['no verb', [], 'missing_verb', /help/],
    [
      'a flag that there is not, with the nearest one',
      ['trace', 'list', '--limt', '5'],
      'unknown_flag',
      /did you mean --limit/,
    ],
    ['a flag of another verb', ['routes', 'list', '--limit', '5'], 'unknown_flag', /--limit/],
    [
      'a value that is out of range',
      ['trace', 'list', '--limit', '1001'],
      'invalid_flag',
      /--limit: expected 1000 or less/,
    ],
    ['a value that is no number', ['trace', 'list', '--limit', 'many'], 'invalid_flag', /--limit: expected a number/],
    [
      'a value that is none of the choices',
      ['trace', 'list', '--outcome', 'succeded'],
      'invalid_flag',
      /did you mean "succeeded"/,
    ],
    ['an argument too many', ['routes', 'show', 'a', 'b'], 'unexpected_argument', /"b"/],
    ['an argument that is missing', ['routes', 'show'], 'invalid_flag', /^<name>: required.*<name>/],
    ['the same thing twice', ['routes', 'show', 'a', '--name', 'b'], 'conflicting_flags', /--name/],
    [
      'two places at once',
      ['routes', 'list', '--url', 'http://127.0.0.1:1', '--config', 'x'],
      'conflicting_flags',
      /--url/,
    ],
    ['an address that is none', ['status', '--url', 'localhost:8787'], 'invalid_flag', /http/],
    ['JSON that is none', ['route', 'preview', '--body', '{'], 'invalid_flag', /not JSON/],
    ['a switch with a value', ['route', 'preview', 'x', '--stream=yes'], 'invalid_flag', /stream/],
    ['a port that is none', ['serve', '--port', '99999'], 'invalid_flag', /--port/],
  ] as const)('(%s) exits 2 and says so', async (_what, args, code, message) => {
    const { code: exit, envelope } = await bench.json(args)
    expect(exit).toBe(2)
    expect(envelope).toMatchObject({ ok: false, schema_version: '1', error: { code } })
    expect(envelope.ok ? '' : envelope.error.message).toMatch(message)
  })

  it('goes to stderr where nobody asked for JSON', async () => {
    const { code, stdout, stderr } = await bench.run(['routes', 'lst'], { alone: true })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('error unknown_verb: unknown verb "routes lst"')
  })
})

describe('a failure', () => {
  it('of what is not there exits 1', async () => {
    const { code, envelope } = await bench.json(['routes', 'show', 'fats', '--config', config])
    expect(code).toBe(1)
    expect(envelope).toMatchObject({ ok: false, command: 'routes show', error: { code: 'not_found', param: 'name' } })
  })

  it('of a verb that needs a gateway where none runs exits 1', async () => {
    const { code, envelope } = await bench.json(['status'])
    expect(code).toBe(1)
    expect(envelope).toMatchObject({ ok: false, error: { code: 'gateway_unavailable' } })
  })

  it('of an address where nobody listens exits 1', async () => {
    const { code, envelope } = await bench.json(['routes', 'list', '--url', 'http://127.0.0.1:9'])
    expect(code).toBe(1)
    expect(envelope).toMatchObject({ ok: false, error: { code: 'gateway_unavailable' } })
  })

  it('of a configuration exits 78 with everything that is wrong', async () => {
    const wrong = bench.file('wrong.jsonc', {
      providerz: {},
      routes: { a: { targets: [{ provider: 'x', model: 'y' }] } },
    })
    const { code, envelope } = await bench.json(['routes', 'list', '--config', wrong], { alone: true })
    expect(code).toBe(78)
    const message = envelope.ok ? '' : envelope.error.message
    expect(message).toMatch(/providerz/)
    expect(message).toMatch(/routes\.a\.targets\[0\]\.provider/)
  })

  it.each([
    ['that others can read', 0o644],
    ['that others can write', 0o620],
  ])('of a configuration %s exits 78 with the command that helps', async (_what, mode) => {
    const open = bench.file(`open-${mode}.jsonc`, document, mode)
    const { code, stderr } = await bench.run(['routes', 'list', '--config', open])
    expect(code).toBe(78)
    expect(stderr).toContain(`mode 0${mode.toString(8)}`)
    expect(stderr).toContain(`chmod 600 ${open}`)
  })

  it('of a store that others can read exits 78', async () => {
    bench.file('open-store.sqlite', '', 0o644)
    const path = bench.file('open-store.jsonc', { ...document, storage: { kind: 'sqlite', path: 'open-store.sqlite' } })
    const { code, envelope } = await bench.json(['trace', 'list', '--config', path])
    expect(code).toBe(78)
    expect(envelope).toMatchObject({ ok: false, error: { code: 'store_refused' } })
  })

  it('of a store that is none exits 1', async () => {
    bench.file('broken.sqlite', 'this is no database, and long enough to be looked at '.repeat(20))
    const path = bench.file('broken.jsonc', { ...document, storage: { kind: 'sqlite', path: 'broken.sqlite' } })
    const { code, envelope } = await bench.json(['trace', 'list', '--config', path], { alone: true })
    expect(code).toBe(1)
    expect(envelope).toMatchObject({ ok: false, error: { code: 'store_unavailable' } })
  })
})

describe('in process', () => {
  it('the place is named on stderr, and not with --json', async () => {
    const plain = await bench.run(['routes', 'list', '--config', config])
    expect(plain.stderr).toContain(`in process on ${config}`)
    expect((await bench.run(['routes', 'list', '--config', config, '--json'])).stderr).toBe('')
  })

  it('a verb that reads no records opens no store', async () => {
    await bench.run(['routes', 'list', '--config', config])
    expect(existsSync(join(bench.home, 'state.sqlite'))).toBe(false)
    await bench.run(['trace', 'list', '--config', config])
    expect(existsSync(join(bench.home, 'state.sqlite'))).toBe(true)
  })

  it('SIGNALBOX_CONFIG names the configuration, or is it', async () => {
    const named = await bench.json(['routes', 'list'], { env: { SIGNALBOX_CONFIG: config } })
    expect(named.envelope).toMatchObject({ ok: true, count: 2 })
    const inline = JSON.stringify({ ...document, routes: {}, storage: { kind: 'memory' } })
    expect((await bench.json(['routes', 'list'], { env: { SIGNALBOX_CONFIG: inline } })).envelope).toMatchObject({
      count: 0,
    })
  })

  it('without any configuration the bundled one is used', async () => {
    const { code, envelope } = await bench.json(['routes', 'show', 'echo'])
    expect(code).toBe(0)
    expect(envelope).toMatchObject({ ok: true, data: { name: 'echo' } })
  })

  it('records that only a gateway has are not shown as none', async () => {
    const path = bench.file('memory.jsonc', { ...document, storage: { kind: 'memory' } })
    const { envelope } = await bench.json(['trace', 'list', '--config', path])
    expect(envelope).toMatchObject({ ok: true, data: [], warnings: [expect.stringContaining('memory')] })
  })

  it('a secret in the configuration is never printed', async () => {
    for (const args of [
      ['config', 'show'],
      ['providers', 'list'],
      ['routes', 'list'],
      ['config', 'validate'],
    ]) {
      const { code, stdout, stderr } = await bench.run([...args, '--config', config])
      expect(code).toBe(0)
      expect(stdout + stderr).not.toContain(canary)
    }
  })
})

describe('config validate', () => {
  it('exits 0 for a good file, warnings included', async () => {
    const { code, stdout } = await bench.run(['config', 'validate', config])
    expect(code).toBe(0)
    expect(stdout).toMatch(/warning: .*api_key/)
    expect(stdout).toMatch(/^valid, revision [0-9a-f]{16}$/m)
  })

  it('exits 78 for a bad one, with one envelope that says all of it', async () => {
    const bad = bench.file('bad.jsonc', '{ "serverr": {} }')
    const { code, envelope } = await bench.json(['config', 'validate', bad])
    expect(code).toBe(78)
    expect(envelope).toMatchObject({
      ok: true,
      data: { valid: false, problems: [{ path: 'serverr', hint: 'did you mean "server"?' }] },
    })
  })

  it('looks at the permissions and at the files beside it', async () => {
    const open = bench.file('loose.jsonc', document, 0o664)
    expect((await bench.json(['config', 'validate', open])).envelope).toMatchObject({
      data: { valid: false, problems: [{ source: open, message: expect.stringContaining('0664') }] },
    })
  })

  it('reads standard input', async () => {
    const { code, envelope } = await bench.json(['config', 'validate', '-'], { input: '{"routez":{}}' })
    expect(code).toBe(78)
    expect(envelope).toMatchObject({ data: { problems: [{ path: 'routez' }] } })
  })

  it('names a file that is not there', async () => {
    const { code, stdout } = await bench.run(['config', 'validate', 'nowhere.jsonc'])
    expect(code).toBe(78)
    expect(stdout).toContain('no such file')
  })
})

describe('an interrupt', () => {
  it('exits 130 with an envelope', async () => {
    const child = bench.start(['config', 'validate', '-', '--json'])
    let stdout = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    // More than lies between the two: once all of it is written, the command is reading, and waits for the rest.
    const much = `{${' '.repeat(2 * 1024 * 1024)}`
    await new Promise((resolve) => child.stdin?.write(much, resolve))
    child.kill('SIGINT')
    expect(await exitOf(child)).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'interrupted' } })
  })
})

describe.runIf(onlyInFull('verbs on Bun and Deno')).each(['bun', 'deno'] as const)('on %s', (runtime) => {
  it('the same verbs give the same answers', async () => {
    expect((await bench.json(['version'], { runtime })).envelope).toMatchObject({ data: { runtime } })
    for (const args of [
      ['routes', 'list'],
      ['route', 'preview', 'fast'],
      ['trace', 'list'],
      ['config', 'show'],
    ]) {
      const there = await bench.json([...args, '--config', config], { runtime })
      expect(there).toEqual(await bench.json([...args, '--config', config]))
      expect(there.code).toBe(0)
    }
  })

  it('failures have the same exit codes', async () => {
    expect((await bench.run(['routes', 'lst'], { runtime })).code).toBe(2)
    expect((await bench.run(['status'], { runtime })).code).toBe(1)
    const open = bench.file(`open-${runtime}.jsonc`, document, 0o644)
    expect((await bench.run(['routes', 'list', '--config', open], { runtime })).code).toBe(78)
  })
})

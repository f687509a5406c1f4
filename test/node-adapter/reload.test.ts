// A running gateway and the files of its configuration, edited the ways in which people and programs edit files: real
// processes of all three runtimes, real signals.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reloadTimes } from '../../node-adapter/config-reload.ts'
import { compiledFolder } from '../support/compiled-folder.ts'
import { processRuntimes, sample } from '../support/full-run.ts'
import { createBench, exitOf, runtimes, type Bench, type Gateway, type RuntimeUnderTest } from './cli-harness.ts'

const gatewayKey = 'gateway-key-of-24-characters-x'
const adminKey = 'admin-key-of-24-characters-xyz'

interface Routes {
  readonly [name: string]: unknown
}

function configOf(routes: readonly string[], extra: object = {}): Record<string, unknown> {
  return {
    keys: [
      { id: 'ci', env: 'CI_KEY', role: 'client' },
      { id: 'ops', env: 'OPS_KEY', role: 'admin' },
    ],
    providers: { mock: { type: 'mock' } },
    routes: Object.fromEntries(
      routes.map((name) => [name, { targets: [{ provider: 'mock', model: 'echo' }] }]),
    ) satisfies Routes,
    storage: { kind: 'memory' },
    ...extra,
  }
}

interface Running {
  readonly gateway: Gateway
  readonly config: string
  stderr(): string
  write(document: unknown): void
  ask(model: string, key?: string): Promise<number>
  admin(verb: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>
}

async function start(
  bench: Bench,
  name: string,
  runtime: RuntimeUnderTest,
  args: readonly string[] = [],
): Promise<Running> {
  mkdirSync(join(bench.home, name))
  const config = bench.file(join(name, 'gateway.jsonc'), configOf(['first']))
  const gateway = await bench.serve(['--config', config, '--port', '0', ...args], {
    runtime,
    env: { CI_KEY: gatewayKey, OPS_KEY: adminKey, SIGNALBOX_STATE_DIR: join(bench.home, name, 'state') },
  })
  let stderr = ''
  gateway.child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const post = (path: string, key: string, body: object) =>
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    })
  return {
    gateway,
    config,
    stderr: () => stderr,
    write: (document) => writeFileSync(config, typeof document === 'string' ? document : JSON.stringify(document)),
    async ask(model, key = gatewayKey) {
      const response = await post('/v1/chat/completions', key, { model, messages: [{ role: 'user', content: 'x' }] })
      await response.arrayBuffer()
      return response.status
    },
    async admin(verb) {
      const response = await post(`/admin/v1/${verb}`, adminKey, {})
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
  }
}

/** Resolves once the model is served; says how many milliseconds that took. */
async function serves(running: Running, model: string, wanted = 200): Promise<number> {
  const began = performance.now()
  for (;;) {
    if ((await running.ask(model)) === wanted) return performance.now() - began
    if (performance.now() - began > 6000) throw new Error(`${model} is not ${wanted}:\n${running.stderr()}`)
    await pause(30)
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** How files are written by editors and programs. */
const editors: Readonly<Record<string, (path: string, text: string) => Promise<void> | void>> = {
  'written in place': (path, text) => writeFileSync(path, text),
  'replaced by a renamed file': (path, text) => {
    writeFileSync(`${path}~new`, text, { mode: 0o600 })
    renameSync(`${path}~new`, path)
  },
  'moved away and written anew (vim with a backup)': (path, text) => {
    renameSync(path, `${path}~`)
    writeFileSync(path, text, { mode: 0o600 })
    unlinkSync(`${path}~`)
  },
  'truncated, and written in two steps with a pause': async (path, text) => {
    const descriptor = openSync(path, 'r+')
    ftruncateSync(descriptor, 0)
    writeSync(descriptor, text.slice(0, 40), 0)
    await pause(400)
    writeSync(descriptor, text.slice(40), 40)
    closeSync(descriptor)
  },
  'taken away for a moment': async (path, text) => {
    unlinkSync(path)
    await pause(300)
    writeFileSync(path, text, { mode: 0o600 })
  },
  'exchanged behind a link (a mounted volume)': (path, text) => {
    const target = `${path}.${Math.random()}`
    writeFileSync(target, text, { mode: 0o600 })
    symlinkSync(target, `${path}~link`)
    renameSync(`${path}~link`, path)
  },
}

const watchers = processRuntimes<RuntimeUnderTest>('watching files', ['node', 'bun', 'deno'])

describe.each(watchers)('a running gateway on %s', (runtime) => {
  let bench: Bench
  let running: Running
  beforeAll(async () => {
    bench = createBench()
    running = await start(bench, 'main', runtime)
  }, 30_000)
  afterAll(() => bench.dispose())

  it.each(sample(Object.keys(editors), 4))(
    'goes by a file that was %s, with one reload and nothing refused',
    async (name) => {
      const route = `r${Object.keys(editors).indexOf(name)}`
      const before = running.stderr().length
      await editors[name]?.(running.config, JSON.stringify(configOf([route])))
      await serves(running, route)
      await pause(250)
      const said = running.stderr().slice(before)
      expect(said).not.toContain('config_rejected')
      expect(said.match(/config_loaded/g)).toHaveLength(1)
    },
  )

  it('takes up a burst of edits as one', async () => {
    const before = running.stderr().length
    for (let at = 0; at < 12; at++) {
      running.write(configOf([`burst${at}`]))
      await pause(25)
    }
    await serves(running, 'burst11')
    await pause(250)
    const loads =
      running
        .stderr()
        .slice(before)
        .match(/config_loaded/g) ?? []
    // One, where the machine has nothing else to do.
    expect(loads.length).toBeLessThanOrEqual(3)
  })

  it('F-75: goes on by the old file where the new one is bad, says so once, and forgets it when it is good', async () => {
    running.write(configOf(['good']))
    await serves(running, 'good')
    const before = running.stderr().length
    running.write('{ "providers": ')
    while (!running.stderr().slice(before).includes('config_rejected')) await pause(50)
    expect(await running.ask('good')).toBe(200)
    const refused = await running.admin('gateway-reload')
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'invalid_configuration' } } })
    expect(JSON.stringify(refused.body)).toContain('gateway.jsonc: line 1')
    const rejected = { problems: expect.arrayContaining([expect.stringContaining('line 1')]) as unknown }
    const told = { config_rejected: true, source: 'file', name: running.config, rejected }
    expect((await running.admin('status')).body).toMatchObject({ data: { config: told } })
    expect((await running.admin('health')).body).toMatchObject({ data: { status: 'degraded' } })
    expect(JSON.stringify((await running.admin('doctor')).body)).toContain('a newer one was refused')
    await pause(1200)
    expect(
      running
        .stderr()
        .slice(before)
        .match(/config_rejected/g),
    ).toHaveLength(1)
    running.write(configOf(['good', 'again']))
    await serves(running, 'again')
    const status = await running.admin('status')
    expect(status.body).toMatchObject({ data: { config: { config_rejected: false, rejected: null } } })
  })

  it('F-76: stops a gateway key that was revoked within a second', async () => {
    running.write(configOf(['keyed']))
    await serves(running, 'keyed')
    const [ci, ops] = configOf([])['keys'] as [object, object]
    running.write(configOf(['keyed'], { keys: [{ ...ci, revoked: true }, ops] }))
    expect(await serves(running, 'keyed', 401)).toBeLessThan(1000)
    running.write(configOf(['keyed']))
    await serves(running, 'keyed')
  })

  it('looks again when it is told to by SIGHUP and by `gateway reload`, where it does not watch', async () => {
    const quiet = await start(bench, 'quiet', runtime, ['--no-watch'])
    quiet.write(configOf(['second']))
    await pause(1500)
    expect(await quiet.ask('second')).toBe(404)
    quiet.gateway.child.kill('SIGHUP')
    await serves(quiet, 'second')
    quiet.write(configOf(['third'], { server: { port: 99 } }))
    const env = { SIGNALBOX_STATE_DIR: join(bench.home, 'quiet', 'state') }
    const { code, envelope } = await bench.json(['gateway', 'reload'], { env, runtime })
    expect(code).toBe(0)
    expect(envelope).toMatchObject({
      ok: true,
      command: 'gateway reload',
      data: { changed: ['routes.second', 'routes.third'], warnings: [], needs_restart: ['server.port'] },
    })
    expect(await quiet.ask('third')).toBe(200)
    await quiet.gateway.stop()
  })
})

// Each has a gateway of its own, and waits for its looks.
describe.concurrent('the files beside the configuration', () => {
  let bench: Bench
  beforeAll(() => void (bench = createBench()))
  afterAll(() => bench.dispose())

  const startIn = (name: string): Promise<Running> => start(bench, name, 'node')

  it('are followed: a section in catalog.json, values in secrets.json; a moment without them is no change', async () => {
    const running = await startIn('siblings')
    const catalog = join(running.config, '..', 'catalog.json')
    const { routes: _, ...rest } = configOf([])
    const inCatalog = JSON.stringify({ routes: configOf(['cat'])['routes'] })
    writeFileSync(catalog, inCatalog, { mode: 0o600 })
    running.write(rest)
    await serves(running, 'cat')
    const before = running.stderr().length
    // Deleted and written again, as some tools do: nobody is to be told meanwhile that the route is gone.
    rmSync(catalog)
    // For less than the time after which its absence would count.
    for (const gone = performance.now(); performance.now() - gone < reloadTimes.doubt / 2; await pause(100))
      expect(await running.ask('cat')).toBe(200)
    writeFileSync(catalog, inCatalog, { mode: 0o600 })
    await pause(600)
    expect(await running.ask('cat')).toBe(200)
    expect(running.stderr().slice(before)).not.toMatch(/config_loaded|config_rejected/)
    const secrets = join(running.config, '..', 'secrets.json')
    const other = 'another-key-of-24-characters-x'
    writeFileSync(secrets, JSON.stringify({ api_key_overrides: { CI_KEY: other } }), { mode: 0o600 })
    const began = performance.now()
    while ((await running.ask('cat', other)) !== 200 && performance.now() - began < 5000) await pause(30)
    expect(await running.ask('cat')).toBe(401)
    expect(running.stderr()).not.toContain(other)
    // For good this time.
    rmSync(secrets)
    await serves(running, 'cat')
  })

  it('are refused where others may read them, with what to do about it, and taken up once they are not', async () => {
    const running = await startIn('open')
    chmodSync(running.config, 0o644)
    while (!running.stderr().includes('config_rejected')) await pause(50)
    expect(running.stderr()).toMatch(/has mode 0644.*chmod 600/)
    running.write(configOf(['mended']))
    chmodSync(running.config, 0o600)
    await serves(running, 'mended')
  })

  it('F-75: are refused where one is larger than a file may be', async () => {
    const running = await startIn('large')
    running.write(`{${' '.repeat(8 * 1024 * 1024)}}`)
    const refused = await running.admin('gateway-reload')
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'invalid_configuration' } } })
    expect(JSON.stringify(refused.body)).toContain('is larger than 8388608 bytes')
    expect(await running.ask('first')).toBe(200)
  })

  it('are refused where a gateway would not start with them: a key that has no value', async () => {
    const running = await startIn('unset')
    running.write(configOf(['x'], { keys: [{ id: 'n', env: 'NOT_SET_KEY', role: 'client' }] }))
    const { status, body } = await running.admin('gateway-reload')
    expect([status, JSON.stringify(body)]).toEqual([422, expect.stringContaining('NOT_SET_KEY is not set')])
    expect(await running.ask('first')).toBe(200)
  })

  it('are not watched any more once the configuration says so', async () => {
    const running = await startIn('unwatched')
    running.write(configOf(['off'], { server: { watch: false } }))
    await serves(running, 'off')
    running.write(configOf(['later']))
    await pause(1500)
    expect(await running.ask('later')).toBe(404)
    await running.admin('gateway-reload')
    expect(await running.ask('later')).toBe(200)
    // And are again.
    running.write(configOf(['last']))
    await serves(running, 'last')
  })

  it('are followed where a link leads elsewhere, also into a folder that nobody watches', async () => {
    const running = await startIn('linked')
    const elsewhere = join(bench.home, 'elsewhere')
    mkdirSync(elsewhere)
    const target = join(elsewhere, 'target')
    writeFileSync(target, JSON.stringify(configOf(['behind'])), { mode: 0o600 })
    rmSync(running.config)
    symlinkSync(target, running.config)
    await serves(running, 'behind')
    writeFileSync(target, JSON.stringify(configOf(['later'])))
    await serves(running, 'later')
  })

  it('change how much is logged', async () => {
    const running = await startIn('logs')
    running.write(configOf(['quiet'], { observability: { log_level: 'error' } }))
    await serves(running, 'quiet')
    const before = running.stderr().length
    running.write(configOf(['silent'], { observability: { log_level: 'error' } }))
    await serves(running, 'silent')
    expect(running.stderr().slice(before)).not.toContain('config_loaded')
  })
})

const python = spawnSync('python3', ['-c', 'import pty']).status === 0
if (!python) console.log('python3 with pty is not here: a terminal that is closed is not tested')

it.runIf(python)(
  'stops when its terminal is closed, and reloads when the same signal comes from somebody',
  async () => {
    const bench = createBench()
    const config = bench.file('terminal.jsonc', { providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } })
    const script = `
import os, pty, signal, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
said = b''
def until(word):
    global said
    while word not in said: said += os.read(terminal, 4096)
until(b'listening')
open(${JSON.stringify(config)}, 'a').write('// more')
os.kill(pid, signal.SIGHUP)
until(b'config_loaded')
print('reloaded', b'"reason":"signal"' in said)
os.close(terminal)
print('ended with', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`
    const args = ['-c', script, ...runtimes.node, 'serve', '--config', config, '--port', '0', '--no-watch']
    const { stdout, stderr } = spawnSync('python3', args, {
      env: { PATH: process.env['PATH'], HOME: bench.home, NODE_COMPILE_CACHE: compiledFolder },
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect([stdout, stderr]).toEqual(['reloaded True\nended with 0\n', ''])
    await bench.dispose()
  },
  30_000,
)

it('F-71: a command that is killed in the middle of an edit leaves the old file or the new one, and the gateway goes by it', async () => {
  const bench = createBench()
  const running = await start(bench, 'killed', 'node')
  const before = running.stderr().length
  // Around the moment at which the command writes.
  for (const delay of sample([250, 350, 450, 550, 700], 3)) {
    const child = bench.start(['provider', 'add', 'groq', '--id', `p${delay}`, '--config', running.config])
    await pause(delay)
    child.kill('SIGKILL')
    await exitOf(child)
    expect(JSON.parse(readFileSync(running.config, 'utf8'))).toHaveProperty('providers.mock')
  }
  await pause(400)
  const { body } = await running.admin('gateway-reload')
  const known = Object.keys((JSON.parse(readFileSync(running.config, 'utf8')) as { providers: object }).providers)
  expect(body).toMatchObject({ ok: true, data: { changed: [] } })
  const listed = await running.admin('providers-list')
  expect((listed.body['data'] as { id: string }[]).map(({ id }) => id).toSorted()).toEqual(known.toSorted())
  expect(running.stderr().slice(before)).not.toContain('config_rejected')
  await bench.dispose()
}, 60_000)

it('an edit by a command is in use when the command is over, wherever it was made', async () => {
  const bench = createBench()
  const config = bench.file("it's mine.jsonc", { providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } })
  const gateway = await bench.serve(['--config', config, '--port', '0', '--no-watch'])
  const through = await bench.run(['provider', 'add', 'openai'])
  expect(through.stdout).toContain(`openai (openai) was written to file ${config}, and the running gateway goes by it`)
  expect(through.stdout).toContain('put OPENAI_API_KEY into secrets.json')
  const beside = await bench.json(['provider', 'add', 'mistral', '--config', config])
  expect(beside.envelope).toMatchObject({ data: { live: `the gateway on ${gateway.url}` } })
  const listed = await bench.json(['providers', 'list'])
  expect(JSON.stringify(listed.envelope)).toMatch(/openai.*mistral|mistral.*openai/)
  expect(readFileSync(config, 'utf8')).toContain('mistral')
  await gateway.stop()
  const after = await bench.json(['provider', 'add', 'xai', '--config', config])
  expect(after.envelope).toMatchObject({
    data: { live: null, next: [expect.stringContaining('export XAI_API_KEY'), expect.anything()] },
  })
  await bench.dispose()
}, 60_000)

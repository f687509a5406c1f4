// Starting and stopping as a user sees it: real processes of all three runtimes, real signals.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processRuntimes } from '../support/full-run.ts'
import { runUntilExit, startGatewayProcess } from '../support/gateway-process.ts'
import { chatChunk, startUpstream, stream, type Upstream } from '../support/upstream.ts'

const base = { config_version: 1, providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } }
const keyed = { ...base, keys: [{ id: 'a', env: 'SIGNALBOX_KEY_A', role: 'client' }] }

const refusals: readonly [string, object, string[], Record<string, string>, string][] = [
  ['an address that others can reach, without keys', base, ['--host', '0.0.0.0'], {}, 'refusing to listen on 0.0.0.0'],
  ['a key without a value', keyed, [], {}, 'SIGNALBOX_KEY_A is not set'],
  ['a key that is too short', keyed, [], { SIGNALBOX_KEY_A: 'short' }, 'shorter than 24'],
  ['a configuration with a mistake', { ...base, rutes: {} }, [], {}, 'routes'],
]

describe.each(processRuntimes('starting and stopping', ['node', 'bun', 'deno']))('the gateway on %s', (runtime) => {
  let upstream: Upstream
  beforeAll(async () => {
    upstream = await startUpstream()
  })
  afterAll(() => upstream.close())

  it.each(refusals)('refuses %s with exit code 78', async (_name, config, args, env, said) => {
    const { code, stderr } = await runUntilExit(runtime, { config, args, env })
    expect(code).toBe(78)
    expect(stderr).toContain(said)
  })

  it('F-84 · lets a stream finish after SIGTERM, takes no new work, and exits 0', async () => {
    const pieces = [
      chatChunk({ role: 'assistant', content: 'a' }),
      chatChunk({ content: 'b' }),
      chatChunk({}, 'stop'),
      'data: [DONE]\n\n',
    ]
    upstream.on('slow', stream(pieces, 'close', 250))
    const local = { allow_private: true, allow_http: true, auth_scheme: { kind: 'none' } }
    const gateway = await startGatewayProcess(runtime, {
      throughNpm: true,
      config: {
        ...base,
        providers: {
          up: { type: 'openai_compatible', base_url: `${upstream.url}/v1`, api_formats: ['openai_chat'], ...local },
        },
      },
    })
    const ask = (): Promise<Response> =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'up/slow', stream: true, messages: [{ role: 'user', content: 'x' }] }),
      })
    const response = await ask()
    gateway.signal('SIGTERM')
    const isOpen = (): Promise<boolean> =>
      fetch(`${gateway.url}/v1/models`).then(
        (listed) => listed.ok,
        () => false,
      )
    while (await isOpen()) await new Promise((resolve) => setTimeout(resolve, 20))
    const late = await ask().then(
      (refused) => refused.status,
      () => 'refused',
    )
    expect([503, 'refused']).toContain(late)
    expect(await response.text()).toBe(pieces.join(''))
    expect(await gateway.exited).toBe(0)
    expect(gateway.stderr()).toContain(
      'stopping: 1 request under way has up to 30 s, a second signal ends it at once\n',
    )
    await gateway.stop()
  })

  it('keeps traces over a restart in an owner-only file, also after kill -9', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-state-'))
    chmodSync(folder, 0o700)
    const path = join(folder, 'state.sqlite')
    const config = { ...base, storage: { kind: 'sqlite', path } }
    const first = await startGatewayProcess(runtime, { config })
    const asked = await fetch(`${first.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mock/echo', messages: [{ role: 'user', content: 'canary-77aa' }] }),
    })
    const id = asked.headers.get('x-signalbox-request-id')
    // Rows are written off the hot path; a kill before that may lose them, and says so in the README.
    await expect.poll(() => bytesOf(folder), { timeout: 10_000 }).toContain(id)
    first.signal('SIGKILL')
    await first.stop()
    expect(statSync(path).mode & 0o077).toBe(0)
    const second = await startGatewayProcess(runtime, { config, env: { SIGNALBOX_STATE_DIR: folder } })
    const { token } = runFileIn(folder)
    const shown = await fetch(`${second.url}/admin/v1/trace-show`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ request_id: id }),
    })
    expect(await shown.json()).toMatchObject({ ok: true, data: { request_id: id, outcome: 'succeeded' } })
    await second.stop()
    expect(bytesOf(folder)).not.toContain('canary-77aa')
    rmSync(folder, { recursive: true, force: true })
  })
})

it('says at the start which account has no key, and serves the others', async () => {
  const config = { ...base, providers: { ...base.providers, main: { type: 'openai' } } }
  const gateway = await startGatewayProcess('node', { config })
  expect(gateway.stderr()).toMatch(
    /^configuration: .*signalbox\.json \(named by --config\)\nwarning: account main\/default: the environment variable OPENAI_API_KEY is not set\n\{[^\n]*"event":"coordination"[^\n]*\}\n$/,
  )
  await gateway.stop()
})

it('does not take another server on its port for the Worker', async () => {
  const other = await startUpstream()
  const { port } = new URL(other.url)
  const { code, stderr } = await runUntilExit('workerd', { config: base, args: ['--port', port] })
  expect([code, stderr]).toEqual([1, expect.stringContaining(`port ${port} on 127.0.0.1 is taken`)])
  await other.close()
})

it('refuses a configuration that others can read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-open-'))
  const path = join(folder, 'open.json')
  writeFileSync(path, JSON.stringify(base))
  chmodSync(path, 0o644)
  const { code, stderr } = await runUntilExit('node', { config: base, args: ['--config', path] })
  expect(code).toBe(78)
  expect(stderr).toMatch(/0?644[\s\S]*chmod 600/)
  rmSync(folder, { recursive: true, force: true })
})

/** Everything in the files of the database. */
function bytesOf(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.startsWith('state.sqlite'))
  return files.map((name) => readFileSync(join(folder, name), 'latin1')).join('')
}

/** The newest run file below a state folder. */
function runFileIn(folder: string): { readonly token: string } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
  const newest = files.map((name) => join(folder, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]
  if (newest === undefined) throw new Error('no run file')
  expect(statSync(newest).mode & 0o077).toBe(0)
  return JSON.parse(readFileSync(newest, 'utf8')) as { token: string }
}

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBench, type Bench, type Gateway } from './cli-harness.ts'

const operatorKey = 'operator-key-of-at-least-24-characters'
const clientKey = 'client-key-of-at-least-24-characters-x'

const document = {
  providers: { mock: { type: 'mock' } },
  routes: { fast: { targets: [{ provider: 'mock', model: 'echo' }] } },
  storage: { kind: 'memory' },
}

let bench: Bench
let openConfig: string
let keyedConfig: string
let open: Gateway
let keyed: Gateway

const keyedEnv = { SIGNALBOX_KEY_OPS: operatorKey, SIGNALBOX_KEY_WEB: clientKey, SIGNALBOX_STATE_DIR: '' }

beforeAll(async () => {
  bench = createBench()
  openConfig = bench.file('open.jsonc', document)
  keyedConfig = bench.file('keyed.jsonc', {
    ...document,
    routes: { ...document.routes, second: document.routes.fast },
    keys: [
      { id: 'ops', env: 'SIGNALBOX_KEY_OPS', role: 'operator' },
      { id: 'web', env: 'SIGNALBOX_KEY_WEB', role: 'client' },
    ],
  })
  open = await bench.serve(['--config', openConfig, '--port', '0'])
  keyed = await bench.serve(['--config', keyedConfig, '--port', '0'], { env: keyedEnv })
  await chat(open.url)
})

afterAll(() => bench.dispose())

async function chat(url: string, key?: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'hello' }] }),
  })
}

function portOf(gateway: Gateway): string {
  return new URL(gateway.url).port
}

describe('a running gateway', () => {
  it('leaves an owner-only file with a token that is its own', () => {
    const folder = join(bench.home, '.local/state/signalbox/run')
    const files = readdirSync(folder)
    expect(files).toHaveLength(2)
    const runs = files.map((name) => {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
      return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>
    })
    expect(new Set(runs.map((run) => run['token'])).size).toBe(2)
    expect(runs.map((run) => run['url'])).toEqual(expect.arrayContaining([open.url, keyed.url]))
    expect(runs.map((run) => run['config'])).toEqual(expect.arrayContaining([openConfig, keyedConfig]))
  })

  it('is operated without a key being typed, the newest one where there are several', async () => {
    const { code, envelope } = await bench.json(['status'])
    expect(code).toBe(0)
    expect(envelope).toMatchObject({
      ok: true,
      command: 'status',
      data: { url: keyed.url, runtime: 'node', store: { kind: 'memory', ok: true }, in_flight: 0 },
    })
  })

  it('is named on stderr where nobody asked for JSON', async () => {
    const { stderr } = await bench.run(['routes', 'list'])
    expect(stderr).toContain(`routes list on ${keyed.url} (pid ${keyed.child.pid})`)
    expect((await bench.run(['routes', 'list', '--json'])).stderr).toBe('')
  })

  it.each([
    ['its port', () => ['--port', portOf(open)]],
    ['its address', () => ['--url', open.url]],
    ['its configuration', () => ['--config', openConfig]],
  ])('is picked by %s', async (_how, flags) => {
    const { envelope } = await bench.json(['status', ...flags()])
    expect(envelope).toMatchObject({ ok: true, data: { url: open.url } })
  })

  it('is not asked where a verb was given a configuration to work on', async () => {
    const { stderr, code } = await bench.run(['routes', 'list', '--config', openConfig])
    expect(code).toBe(0)
    expect(stderr).toContain('in process')
  })

  it('has the traces of what it served', async () => {
    await expect
      .poll(async () => (await bench.json(['trace', 'list', '--port', portOf(open)])).envelope, { timeout: 20_000 })
      .toMatchObject({ ok: true, count: 1, data: [{ route: 'fast', outcome: 'succeeded', status: 200 }] })
    const listed = (await bench.json(['trace', 'list', '--port', portOf(open)])).envelope
    const id = listed.ok ? (listed.data as readonly { readonly request_id: string }[])[0]?.request_id : undefined
    const { envelope } = await bench.json(['trace', 'show', id ?? '', '--port', portOf(open)])
    expect(envelope).toMatchObject({
      ok: true,
      data: { request_id: id, decision: { selected: { target: 'mock/echo' } } },
    })
  })

  it('answers what is not there as the same verb in process does', async () => {
    const there = await bench.json(['routes', 'show', 'slow', '--port', portOf(open)])
    const here = await bench.json(['routes', 'show', 'slow', '--config', openConfig])
    expect(there).toEqual(here)
    expect(there).toMatchObject({ code: 1, envelope: { error: { code: 'not_found', param: 'name' } } })
  })

  it('validates a text that it is given', async () => {
    const { code, envelope } = await bench.json(['config', 'validate', openConfig, '--url', open.url])
    expect(code).toBe(0)
    expect(envelope).toMatchObject({ ok: true, data: { valid: true } })
  })
})

describe('a remote gateway', () => {
  const away = { SIGNALBOX_STATE_DIR: '/nonexistent/state' }

  it('is asked with the key from the environment', async () => {
    const env = { ...away, SIGNALBOX_ADMIN_KEY: operatorKey }
    const { code, envelope } = await bench.json(['routes', 'list', '--url', keyed.url], { env })
    expect(code).toBe(0)
    expect(envelope).toMatchObject({ ok: true, count: 2 })
  })

  it.each([
    ['without a key', {}, 'invalid_api_key'],
    [
      'with a key that it does not know',
      { SIGNALBOX_ADMIN_KEY: 'not-a-key-of-this-gateway-at-all' },
      'invalid_api_key',
    ],
    ['with a key that may only chat', { SIGNALBOX_ADMIN_KEY: clientKey }, 'insufficient_tier'],
  ])('refuses a command %s', async (_how, env, code) => {
    const result = await bench.json(['routes', 'list', '--url', keyed.url], { env: { ...away, ...env } })
    expect(result.code).toBe(1)
    expect(result.envelope).toMatchObject({ ok: false, error: { code } })
  })

  it('never sees a token that was written for another one', async () => {
    const seen: (string | undefined)[] = []
    const stranger = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const address = stranger.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const { code, envelope } = await bench.json(['routes', 'list', '--url', url])
    stranger.close()
    expect(seen).toEqual([undefined])
    expect(code).toBe(1)
    expect(envelope).toMatchObject({ ok: false, error: { code: 'gateway_bad_answer' } })
  })

  it('is not followed when it sends the command elsewhere', async () => {
    const stranger = createServer((_request, response) => {
      response.writeHead(307, { location: `${keyed.url}/admin/v1/routes-list` }).end()
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const address = stranger.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const { envelope } = await bench.json(['routes', 'list', '--url', url], {
      env: { ...away, SIGNALBOX_ADMIN_KEY: operatorKey },
    })
    stranger.close()
    expect(envelope).toMatchObject({ ok: false, error: { code: 'gateway_bad_answer' } })
  })
})

describe('the admin paths of an open gateway', () => {
  it('need the token all the same', async () => {
    const response = await fetch(`${open.url}/admin/v1/status`, { method: 'POST' })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { code: 'insufficient_tier' } })
    expect((await chat(open.url)).status).toBe(200)
  })

  it('do not let the token chat', async () => {
    const folder = join(bench.home, '.local/state/signalbox/run')
    const [token] = readdirSync(folder)
      .map(
        (name) =>
          JSON.parse(readFileSync(join(folder, name), 'utf8')) as { readonly url: string; readonly token: string },
      )
      .filter((run) => run.url === open.url)
      .map((run) => run.token)
    expect((await chat(open.url, token)).status).toBe(403)
  })
})

describe('a gateway that has ended', () => {
  it('by a signal leaves no file', async () => {
    const gateway = await bench.serve(['--config', openConfig, '--port', '0'])
    const file = `${gateway.child.pid}-${portOf(gateway)}.json`
    const path = join(bench.home, '.local/state/signalbox/run', file)
    expect(existsSync(path)).toBe(true)
    await gateway.stop()
    expect(existsSync(path)).toBe(false)
  })

  it('by force is not mistaken for a running one', async () => {
    const gateway = await bench.serve(['--config', openConfig, '--port', '0'])
    const port = portOf(gateway)
    const over = new Promise((resolve) => gateway.child.once('exit', resolve))
    gateway.child.kill('SIGKILL')
    await over
    const { code, envelope } = await bench.json(['status', '--port', port])
    expect(code).toBe(1)
    expect(envelope).toMatchObject({ ok: false, error: { code: 'gateway_unavailable' } })
    expect((await bench.json(['status'])).envelope).toMatchObject({ ok: true, data: { url: keyed.url } })
  })
})

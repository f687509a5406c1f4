// No secret leaves: a real gateway with a canary in every slot is driven through success and every kind of failure, and then
// everything that came out of it is searched: answers, logs, command line, MCP, traces, the pages of its database.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '../../src/operations/index.ts'
import { pathName } from '../../src/operations/operation.ts'
import { sample } from '../support/full-run.ts'
import { createBench, type Bench, type Gateway } from '../node-adapter/cli-harness.ts'
import { canary, createSinks, type Canary, type Sinks } from './forms.ts'
import { echoes, startEchoProvider, type EchoProvider } from './provider.ts'
import { slotsAt, type Slot } from './slots.ts'

let bench: Bench
let provider: EchoProvider
let gateway: Gateway
let slots: readonly Slot[]
let sinks: Sinks
let canaries: readonly Canary[]
let env: Record<string, string>
let config: string

const gatewayKey = canary('gateway-key', '+/=')
const adminKey = canary('admin-key', '+/=')
const prompt = canary('prompt')
const kek = { slot: 'kek', value: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64') }
const pepper = canary('pepper')

beforeAll(async () => {
  bench = createBench()
  provider = await startEchoProvider()
  sinks = createSinks()
  slots = slotsAt(provider, bench.home)
  canaries = [gatewayKey, adminKey, prompt, kek, pepper, ...slots.flatMap((slot) => slot.canaries)]
  env = Object.assign(
    {
      GATEWAY_KEY: gatewayKey.value,
      ADMIN_KEY: adminKey.value,
      SIGNALBOX_KEK: `one:${kek.value}`,
      SIGNALBOX_PEPPER: pepper.value,
    },
    // What is not listed must throw here, not be dropped.
    { NODE_ENV: 'test' },
    ...slots.map((slot) => slot.env ?? {}),
  )
  for (const [name, text] of slots.flatMap((slot) => Object.entries(slot.files ?? {}))) bench.file(name, text)
  config = bench.file('gateway.json', document())
  gateway = await bench.serve(['--config', config, '--port', '0', '--log-level', 'debug'], { env })
  collect('log', gateway.child.stderr)
  collect('log', gateway.child.stdout)
  await setVaultEntries()
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await bench?.dispose()
  await provider?.close()
})

function document(): object {
  const closed = { type: 'openai_compatible', api_formats: ['openai_chat'], allow_private: true, allow_http: true }
  const accounts = [{ id: 'main', credential: 'bearer' }]
  return {
    keys: [
      { id: 'web', env: 'GATEWAY_KEY', roles: ['client'] },
      { id: 'ops', env: 'ADMIN_KEY', roles: ['admin'] },
    ],
    mcp: { tiers: ['read', 'mutation', 'privileged'] },
    // Every way to fail is tried on each provider.
    policy: { breaker: { enabled: false } },
    credentials: Object.fromEntries(slots.flatMap(({ name, credential }) => (credential ? [[name, credential]] : []))),
    providers: {
      ...Object.fromEntries(slots.flatMap(({ name, provider: made }) => (made ? [[name, made]] : []))),
      // Nobody listens there.
      refused: { ...closed, base_url: 'http://127.0.0.1:9/v1', accounts },
      // Somebody listens, but not for TLS.
      tls: { ...closed, base_url: `${provider.url.replace('http:', 'https:')}/v1`, accounts },
      nowhere: { ...closed, base_url: 'http://nowhere.invalid/v1', accounts },
    },
    egress: slots.flatMap(({ egress }) => (egress ? [egress] : [])),
    client_profiles: [{ id: 'codex', kind: 'codex' }],
    storage: { kind: 'sqlite', path: 'canary.sqlite' },
    server: { timeouts: { connect_ms: 2000 } },
  }
}

function collect(sink: string, stream: NodeJS.ReadableStream | null): void {
  stream?.on('data', (chunk: Buffer) => sinks.add(sink, chunk))
}

async function setVaultEntries(): Promise<void> {
  for (const [name, value] of slots.flatMap((slot) => Object.entries(slot.vault ?? {}))) {
    const { code, stdout, stderr } = await bench.run(['vault', 'set', name, '--url', gateway.url], {
      env: { SIGNALBOX_ADMIN_KEY: adminKey.value },
      input: value,
    })
    sinks.add('cli:vault set', stdout + stderr)
    expect([code, stderr.includes('error')]).toEqual([0, false])
  }
}

/** Sends, and keeps everything that came back. */
async function send(path: string, init: RequestInit & { readonly json?: unknown }, sink: string): Promise<number> {
  const { json, ...rest } = init
  const body = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }
  try {
    const response = await fetch(gateway.url + path, { ...body, ...rest, signal: AbortSignal.timeout(20_000) })
    sinks.add(`${sink}:headers`, [...response.headers].map((pair) => pair.join(': ')).join('\n'))
    sinks.add(`${sink}:body`, await response.text().catch((error: unknown) => String(error)))
    return response.status
  } catch (error) {
    sinks.add(`${sink}:error`, String(error))
    return 0
  }
}

const asClient = { authorization: `Bearer ${gatewayKey.value}`, 'content-type': 'application/json' }
const asAdmin = { authorization: `Bearer ${adminKey.value}`, 'content-type': 'application/json' }

/** How many requests `ask` makes. */
const asked = 9

/** A request to one provider in each wire, plain and streamed: once as bytes, else translated. One after the other. */
async function ask(target: string, echo: string): Promise<void> {
  const model = `${target}/do-${echo}.`
  const messages = [{ role: 'user', content: prompt.value }]
  const contents = [{ role: 'user', parts: [{ text: prompt.value }] }]
  const sink = `answer:${model}`
  for (const stream of [false, true]) {
    const action = stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
    const requests: readonly (readonly [string, object])[] = [
      ['/v1/chat/completions', { model, messages, stream }],
      ['/v1/messages', { model, max_tokens: 9, messages, stream }],
      ['/v1/responses', { model, input: prompt.value, stream }],
      [`/v1beta/models/${model}:${action}`, { contents }],
      // Google's other framing: one JSON array.
      ...(stream ? [[`/v1beta/models/${model}:streamGenerateContent`, { contents }] as const] : []),
    ]
    for (const [path, json] of requests) {
      await send(path, { headers: asClient, json }, sink)
      // A failure locks the account, and a locked account is not asked.
      await send(
        '/admin/v1/accounts-reset',
        { headers: asAdmin, json: { provider: target } },
        'operation:accounts reset',
      )
    }
  }
}

let looked = 0

// Each thing is searched once: by the test that it came from, or by the next one where it came later.
function leaks(): unknown {
  const since = looked
  looked = sinks.mark()
  return sinks.leaks(canaries, (sink, slot) => slot === 'prompt' && isOwnWords(sink), since)
}

/** What signs is not sent. */
const signing: ReadonlySet<string> = new Set(['aws-secret', 'google-key'])

// A client may be told its own words again, as an answer to them: the translation of a body that it asked for.
function isOwnWords(sink: string): boolean {
  return sink.startsWith('operation:translate') || sink.startsWith('mcp:translate') || sink.startsWith('cli:translate')
}

describe('no secret leaves', () => {
  it.each(sample(['bearer', 'header', 'query', 'gemini', 'responses', 'aws'], 2))(
    'in answers, whatever a provider does with the key that it got as %s',
    async (target) => {
      provider.played()
      for (const echo of echoes) await ask(target, echo)
      expect(leaks()).toEqual([])
      // What was never asked leaks nothing.
      const played = provider.played()
      expect(echoes.filter((echo) => (played.get(echo) ?? 0) < asked)).toEqual([])
    },
    120_000,
  )

  it('in answers, whatever a credential is made of', async () => {
    for (const slot of slots)
      for (const echo of ['ok', '400-raw', '401-raw', 'sse-error-middle']) await ask(slot.name, echo)
    expect(leaks()).toEqual([])
    // A row whose secret never arrived would show nothing.
    const missing = slots
      .flatMap((slot) => slot.canaries)
      .filter(({ slot, value }) => !signing.has(slot) && !provider.seen.has(value))
    expect(missing.map(({ slot }) => slot)).toEqual([])
  }, 120_000)

  it('where nobody answers: refused connections, no TLS, names that do not exist', async () => {
    for (const target of ['refused', 'tls', 'nowhere', 'proxied', 'no-such-provider']) await ask(target, 'ok')
    expect(leaks()).toEqual([])
  }, 60_000)

  it('when the caller is refused, or puts a key where none belongs', async () => {
    const key = encodeURIComponent(gatewayKey.value)
    const json = { model: gatewayKey.value, messages: [] }
    await send(
      `/v1beta/models/x:generateContent?key=${key}`,
      { json: {}, headers: { 'content-type': 'application/json' } },
      'refusal',
    )
    await send(`/v1/models?key=${key}`, {}, 'refusal')
    await send('/v1/chat/completions', { headers: { ...asClient, 'x-api-key': adminKey.value }, json: {} }, 'refusal')
    await send('/admin/v1/status', { headers: asClient, json: {} }, 'refusal')
    await send(
      '/v1/chat/completions',
      { headers: { ...asClient, 'x-signalbox-client-profile': adminKey.value }, json: { ...json, model: 'bearer/x' } },
      'refusal',
    )
    await send('/v1/models', { headers: asClient }, 'models')
    await send('/v1/client-profiles', { headers: asClient }, 'client-profiles')
    await send('/health', {}, 'health')
    expect(leaks()).toEqual([])
  })

  it('in the answers of operations, over HTTP, over MCP and on the command line', async () => {
    const inputs = await operationInputs()
    for (const operation of operations) {
      const [name, json] = [operation.verb, inputs[operation.verb] ?? {}]
      await send(`/admin/v1/${pathName(operation)}`, { headers: asAdmin, json }, `operation:${name}`)
      const call = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: name.replaceAll(/[ -]/g, '_'), arguments: json },
      }
      const headers = {
        ...asAdmin,
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-06-18',
      }
      await send('/mcp', { headers, json: call }, `mcp:${name}`)
    }
    expect(leaks()).toEqual([])
  }, 120_000)

  it('on the command line, as text and as JSON, on the configuration and on the gateway', async () => {
    const verbs = [
      'config show',
      'config validate',
      'providers list',
      'credentials list',
      'credentials check',
      'doctor',
      'trace list',
      'client-profiles',
      'vault list',
    ]
    const places = [
      ['--config', config],
      ['--url', gateway.url, '--json'],
    ]
    await Promise.all(
      places.map(async (flags) => {
        for (const verb of verbs) {
          const { stdout, stderr } = await bench.run([...verb.split(' '), ...flags], {
            env: { ...env, SIGNALBOX_ADMIN_KEY: adminKey.value },
          })
          sinks.add(`cli:${verb}`, stdout + stderr)
        }
      }),
    )
    expect(leaks()).toEqual([])
  }, 180_000)

  it('in the arguments or the title of the process', () => {
    sinks.add('process', readFileSync(`/proc/${gateway.child.pid}/cmdline`))
    sinks.add('process', readFileSync(`/proc/${gateway.child.pid}/comm`))
    expect(leaks()).toEqual([])
  })

  it('in the pages of the database, while it is written and after it is closed', async () => {
    addDatabase()
    expect(leaks()).toEqual([])
    const token = runToken()
    await gateway.stop()
    addDatabase()
    expect(leaks()).toEqual([])
    // The token of the command line is made anew at each start: it is a canary that made itself.
    expect(sinks.leaks([{ slot: 'run-token', value: token }])).toEqual([])
  }, 60_000)

  it('in any other file that the gateway left behind', () => {
    const own = new Set(slots.flatMap((slot) => Object.keys(slot.files ?? {})))
    for (const path of filesBelow(bench.home))
      if (path !== config && !own.has(path.slice(bench.home.length + 1)) && !path.includes('/compiled/'))
        sinks.add(`file:${path}`, readFileSync(path))
    expect(leaks()).toEqual([])
  })

  it('and the sinks were not empty', () => {
    for (const [kind, size] of Object.entries(sinks.sizes())) expect([kind, size > 100]).toEqual([kind, true])
    expect(Object.keys(sinks.sizes()).sort()).toEqual(
      [
        'answer',
        'cli',
        'client-profiles',
        'database',
        'file',
        'health',
        'log',
        'mcp',
        'models',
        'operation',
        'process',
        'refusal',
      ].sort(),
    )
  })
})

async function operationInputs(): Promise<Readonly<Record<string, object>>> {
  const response = await fetch(`${gateway.url}/admin/v1/trace-list`, {
    method: 'POST',
    headers: asAdmin,
    body: '{"limit":1}',
  })
  const listed = (await response.json()) as { data: { request_id: string }[] }
  const body = { model: 'bearer/x', messages: [{ role: 'user', content: prompt.value }] }
  return {
    'trace show': { request_id: listed.data[0]?.request_id ?? '' },
    'trace list': { limit: 100 },
    'route preview': { model: 'bearer/x', dialect: 'openai-chat', body },
    'routes show': { name: 'nothing' },
    translate: { from: 'openai-chat', to: 'anthropic-messages', model: 'm', body },
    'config validate': {
      document: JSON.stringify({ providers: { a: { type: 'openai', api_key: adminKey.value, bse_url: 1 } } }),
    },
    'provider show': { id: 'inline' },
    'provider models': { id: 'inline' },
    'provider sync-models': { id: 'inline' },
    'provider test': { id: 'inline', model: 'do-401-raw.' },
    'provider certify': { id: 'query', model: 'do-400-raw.' },
    'provider add': { preset: 'openai', id: 'added', api_key_env: adminKey.value },
    'vault set': { name: 'other', value: canaries.find(({ slot }) => slot === 'vault-entry')?.value },
    'vault rm': { name: 'other' },
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

function addDatabase(): void {
  const files = filesBelow(bench.home).filter((path) => path.includes('canary.sqlite'))
  expect(files.length).toBeGreaterThan(0)
  for (const path of files) sinks.add(`database:${path}`, readFileSync(path))
}

function runToken(): string {
  const file = filesBelow(bench.home).find((path) => path.includes('/run/'))
  return (JSON.parse(readFileSync(file ?? '', 'utf8')) as { token: string }).token
}

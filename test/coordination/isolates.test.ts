// Whole gateways in two isolates of workerd, bundled as they are deployed, with one Durable Object between them: one limit,
// one breaker, whatever isolate a request comes to.
import { createServer, type Server } from 'node:http'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CoordinationServer } from '../../src/coordination/messages.ts'
import { rounds } from '../support/full-run.ts'
import { listen } from '../support/loopback.ts'
import { bundleWorker } from '../support/worker-bundle.ts'

const clientKeys = { acme: 'client-key-of-tenant-acme-000001', initech: 'client-key-of-tenant-initech-0002' }
const limit = 30

/** A provider that counts how many it works for at once. */
interface SlowProvider {
  readonly url: string
  peak: number
  inFlight: number
  calls: number
  delayMs: number
  status: number
  /** Begins a stream and never ends it. */
  streams: boolean
  close(): Promise<void>
}

let bundle: string
let provider: SlowProvider
let miniflare: Miniflare | undefined

beforeAll(async () => {
  bundle = bundleWorker()
  provider = await startProvider()
}, 120_000)
afterEach(async () => {
  await miniflare?.dispose()
  miniflare = undefined
})
afterAll(async () => {
  await provider?.close()
})

async function startProvider(): Promise<SlowProvider> {
  const server: Server = createServer((request, response) => {
    request.resume()
    state.calls++
    state.inFlight++
    state.peak = Math.max(state.peak, state.inFlight)
    response.on('close', () => state.inFlight--)
    if (state.streams) {
      const delta = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
      const choices = [{ index: 0, delta: { role: 'assistant', content: 'well' }, finish_reason: null }]
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return void response.write(`data: ${JSON.stringify({ ...delta, choices })}\n\n`)
    }
    setTimeout(() => {
      const isWell = state.status === 200
      response.writeHead(state.status, { 'content-type': 'application/json' }).end(
        JSON.stringify(
          isWell
            ? {
                id: 'c',
                object: 'chat.completion',
                created: 1,
                model: 'm',
                choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'well' } }],
              }
            : { error: { message: 'down', type: 'server_error' } },
        ),
      )
    }, state.delayMs)
  })
  const { url, close } = await listen(server)
  const state: SlowProvider = { url, close, peak: 0, inFlight: 0, calls: 0, delayMs: 100, status: 200, streams: false }
  return state
}

function configWith(more: object): string {
  return JSON.stringify({
    config_version: 1,
    keys: [
      { id: 'a', env: 'KEY_A', role: 'client', tenant: 'acme' },
      { id: 'b', env: 'KEY_B', role: 'client', tenant: 'initech' },
    ],
    tenants: [{ id: 'acme' }, { id: 'initech' }],
    providers: {
      slow: {
        type: 'openai_compatible',
        base_url: `${provider.url}/v1`,
        api_formats: ['openai_chat'],
        auth_scheme: { kind: 'none' },
        allow_private: true,
        allow_http: true,
      },
    },
    routes: {
      chat: {
        targets: [{ name: 'slow', provider: 'slow', model: 'm', max_retries: 0 }],
        breaker: { failure_threshold: 3, reset_timeout_ms: 60_000 },
      },
    },
    storage: { kind: 'memory' },
    ...more,
  })
}

async function startIsolates(config: string): Promise<Miniflare> {
  Object.assign(provider, { peak: 0, calls: 0, delayMs: 100, status: 200, streams: false })
  const worker = (name: string) => ({
    name,
    modules: [{ type: 'ESModule' as const, path: 'index.js', contents: bundle }],
    compatibilityDate: '2026-10-01',
    compatibilityFlags: ['enable_request_signal'],
    durableObjects: { COORDINATOR: { className: 'Coordinator', scriptName: 'one', useSQLite: true } },
    bindings: { KEY_A: clientKeys.acme, KEY_B: clientKeys.initech, SIGNALBOX_CONFIG: config },
  })
  miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [worker('one'), worker('two')] }))
  await miniflare.ready
  return miniflare
}

type Tenant = keyof typeof clientKeys

async function ask(at: Miniflare, isolate: 'one' | 'two', tenant: Tenant = 'acme'): Promise<[number, string]> {
  const worker = await at.getWorker(isolate)
  const response = await worker.fetch('http://127.0.0.1/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${clientKeys[tenant]}` },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'hi' }] }),
  })
  const body = (await response.json()) as { error?: { code?: string } }
  return [response.status, body.error?.code ?? '']
}

async function objectOf(at: Miniflare, name: string): Promise<CoordinationServer> {
  const namespace = await at.getDurableObjectNamespace('COORDINATOR', 'one')
  return namespace.get(namespace.idFromName(name)) as unknown as CoordinationServer
}

async function slotsOf(at: Miniflare, name: string): Promise<number> {
  const view = await (await objectOf(at, name)).view()
  return Number(new Map(view.slots).get('global') ?? 0)
}

/** How often each answer was given. */
function tally(answers: readonly [number, string][]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [status, code] of answers)
    counts[`${status} ${code}`.trim()] = (counts[`${status} ${code}`.trim()] ?? 0) + 1
  return counts
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000
  while (!(await isTrue()) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('two isolates with one Durable Object', () => {
  it(`of 200 requests at once never more than ${limit} are at the provider, and none is left over`, async () => {
    const gateways = await startIsolates(configWith({ server: { limits: { max_concurrency: limit } } }))
    await Promise.all([ask(gateways, 'one'), ask(gateways, 'two')])
    provider.delayMs = 300
    provider.peak = 0
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => ask(gateways, index % 2 === 0 ? 'one' : 'two')),
    )
    const counts = tally(answers)
    expect(Object.keys(counts).filter((answer) => !['200', '503 overloaded'].includes(answer))).toEqual([])
    expect(counts['200']).toBeGreaterThanOrEqual(limit)
    expect(provider.peak).toBeLessThanOrEqual(limit)
    // Both isolates together come to the limit, so it is one.
    expect(provider.peak).toBeGreaterThan(limit / 2)
    await until(async () => (await slotsOf(gateways, 'root')) === 0)
    expect(await slotsOf(gateways, 'root')).toBe(0)
  }, 60_000)

  it('a client that leaves in the middle of a stream gives its slot back', async () => {
    const gateways = await startIsolates(
      configWith({ server: { heartbeat_ms: 300, limits: { max_concurrency: limit } } }),
    )
    const url = await gateways.ready
    provider.streams = true
    const leaving = new AbortController()
    const response = await fetch(new URL('/v1/chat/completions', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${clientKeys.acme}` },
      body: JSON.stringify({ model: 'chat', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
      signal: leaving.signal,
    })
    await response.body?.getReader().read()
    expect(await slotsOf(gateways, 'root')).toBe(1)
    leaving.abort()
    await until(async () => (await slotsOf(gateways, 'root')) === 0)
    expect(await slotsOf(gateways, 'root')).toBe(0)
    await until(() => Promise.resolve(provider.inFlight === 0))
    expect(provider.inFlight).toBe(0)
  }, 60_000)

  it('failures in one isolate open the breaker for the other one, until it is closed for both', async () => {
    const gateways = await startIsolates(configWith({}))
    provider.status = 500
    provider.delayMs = 1
    for (let tries = 0; tries < 3; tries++) expect((await ask(gateways, 'one'))[0]).toBeGreaterThanOrEqual(500)
    // What a request found out is told behind its answer.
    await until(async () => {
      const { known } = await (await objectOf(gateways, 'root')).view()
      return [...known.breakers].some(([, breaker]) => breaker.isOpen)
    })
    const calls = provider.calls
    expect(await ask(gateways, 'two')).toEqual([503, 'no_eligible_target'])
    expect(provider.calls).toBe(calls)
    provider.status = 200
    expect(await (await objectOf(gateways, 'root')).resetBreaker('chat', 'slow')).toBe(true)
    expect([(await ask(gateways, 'two'))[0], (await ask(gateways, 'one'))[0]]).toEqual([200, 200])
  }, 60_000)

  it('objects of tenants lease a shared limit, pass it never, and starve nobody', async () => {
    const shared = { server: { limits: { max_concurrency: limit } } }
    const gateways = await startIsolates(configWith({ ...shared, coordination: { objects: 'per_tenant', slice: 4 } }))
    await Promise.all([ask(gateways, 'one', 'acme'), ask(gateways, 'two', 'initech')])
    provider.delayMs = 300
    provider.peak = 0
    const answers = await Promise.all(
      Array.from({ length: rounds(160, 80) }, (_, index) =>
        ask(gateways, index % 2 === 0 ? 'one' : 'two', index % 4 < 2 ? 'acme' : 'initech'),
      ),
    )
    const counts = tally(answers)
    expect(Object.keys(counts).filter((answer) => !['200', '503 overloaded'].includes(answer))).toEqual([])
    expect(provider.peak).toBeLessThanOrEqual(limit)
    expect(provider.peak).toBeGreaterThan(limit / 2)
    const left = async (): Promise<number> =>
      (await slotsOf(gateways, 'tenant:acme')) + (await slotsOf(gateways, 'tenant:initech'))
    await until(async () => (await left()) === 0)
    expect(await left()).toBe(0)
    // One tenant alone may have all of it, also what the other one leased and does not use.
    provider.peak = 0
    const alone = await Promise.all(Array.from({ length: limit }, () => ask(gateways, 'one', 'acme')))
    expect(tally(alone)['200']).toBe(limit)
    expect(provider.peak).toBeLessThanOrEqual(limit)
  }, 60_000)

  it('a configuration that asks for an object where none is bound is not served', async () => {
    const config = configWith({ coordination: { backend: 'store' } })
    const gateways = await startIsolates(config)
    expect(await ask(gateways, 'one')).toEqual([503, 'not_configured'])
  }, 60_000)
})

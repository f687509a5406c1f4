// One run of the whole gateway against a seed: a random configuration, clients that ask and leave, providers that fail in
// every way, reloads and jumps of the wall clock, all in virtual time. What has to hold is in `oracle.ts`.
import { createApp, type App } from '../../src/app.ts'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { CoordinationView, Coordinator } from '../../src/coordination/coordinator.ts'
import { createMemoryCoordinator } from '../../src/coordination/memory.ts'
import type { Fetch, TraceRow } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { chatProvider, plainStatus } from '../support/app.ts'
import { seededRandom } from '../support/chunkings.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'
import { createOracle, type Oracle } from './oracle.ts'
import { createSimulatedUpstream, type SimulatedUpstream } from './simulated-upstream.ts'

/** A fault of the gateway itself, planted to see it found. */
export interface Mutant {
  readonly coordinator?: (real: Coordinator) => Coordinator
  readonly fetch?: (real: Fetch) => Fetch
  readonly trace?: (write: (row: TraceRow) => void) => (row: TraceRow) => void
}

/** What a configuration allows one request to do. */
export interface Rules {
  readonly maxAttempts: number
  readonly maxRetries: number
  readonly accounts: number
  readonly totalMs: number
  readonly maxConcurrency: number | null
  readonly streamFailure: 'error' | 'continue' | 'restart_if_prefix_matches'
  readonly lockMaxMs: number
  readonly hasBreaker: boolean
}

/** One client and what it got. */
export interface ClientRecord {
  readonly canary: string
  readonly streamed: boolean
  readonly dialect: 'openai-chat' | 'anthropic-messages'
  readonly rules: Rules
  leftAt: number | null
  status: number | null
  retryAfter: string | null
  requestId: string | null
  text: string
  isOver: boolean
}

const horizonMs = 40_000
const stepMs = 50

interface Generated {
  readonly document: object
  readonly rules: Rules
}

interface World {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly upstream: SimulatedUpstream
  readonly app: App
  readonly clients: ClientRecord[]
  current(): Generated
}

/** Runs one seed. Returns what was violated, as lines; empty where all is well. */
export async function simulate(seed: number, mutant: Mutant = {}): Promise<readonly string[]> {
  const random = seededRandom(seed)
  const clock = createVirtualClock()
  const upstream = createSimulatedUpstream(clock, random, 0.2 + random() * 0.6)
  const providers = 1 + Math.floor(random() * 4)
  let generated = configOf(providers, random)
  let snapshot = compiled(generated.document)
  const real = createMemoryCoordinator(clock, { next: random, id: () => 'unused' })
  const coordinator = mutant.coordinator?.(real) ?? real
  const traces: TraceRow[] = []
  const oracle: Oracle = createOracle({ clock, view: () => real.view() as CoordinationView, upstream, traces })
  const fetch: Fetch = (request) => {
    const asked = new TextDecoder().decode(request.body)
    const client = world.clients.find(({ canary }) => asked.includes(canary))
    oracle.called(new URL(request.url).hostname.split('.')[0] ?? '', client)
    return upstream.fetch(request)
  }
  const write = (row: TraceRow): void => void traces.push(row)
  let ids = 0
  const app = createApp({
    ports: {
      clock,
      random: { next: random, id: () => `${String(ids++).padStart(15, '0')}simulated` },
      fetch: mutant.fetch?.(fetch) ?? fetch,
      egress: { dnsPinning: true, proxies: true },
      machine: undefined,
      defer: () => {},
      log: {
        debug() {},
        info() {},
        warn() {},
        error: (event, fields) => oracle.complain(`${event} ${JSON.stringify(fields)}`),
      },
      secrets: { get: (name) => `sk-${name.toLowerCase()}-0123456789abcdef` },
      stores: createMemoryStores(),
      traces: { write: mutant.trace?.(write) ?? write },
    },
    snapshot: () => snapshot,
    surface: 'loopback',
    boundHost: '127.0.0.1',
    adminToken: undefined,
    unknownFields: 'throw',
    coordinator,
    status: () => plainStatus(clock),
  })
  const world: World = { clock, random, upstream, app, clients: [], current: () => generated }
  // Some come one by one, others all at once.
  const spanMs = random() < 0.4 ? 1000 : 20_000
  for (let count = 1 + Math.floor(random() * 40); count > 0; count--)
    clock.after(random() * spanMs, () => void visit(world))
  for (let count = Math.floor(random() * 4); count > 0; count--)
    clock.after(random() * 25_000, () => {
      generated = configOf(providers, random)
      snapshot = compiled(generated.document)
    })
  for (let count = Math.floor(random() * 3); count > 0; count--)
    clock.after(random() * 25_000, () => clock.jump((random() - 0.5) * 7_200_000))

  for (let at = 0; at < horizonMs && oracle.violations().length === 0; at += stepMs) {
    await clock.advance(stepMs)
    oracle.step(world.clients)
    // Nobody waits for anything any more.
    if (clock.pending() === 0) break
  }
  oracle.quiescent(world.clients, app.inFlight())
  if (oracle.violations().length === 0) await live(world, oracle)
  return oracle.violations()
}

/** Faults off for five minutes: whoever asks then is served, and what served them is trusted again. */
async function live(world: World, oracle: Oracle): Promise<void> {
  world.upstream.heal()
  await world.clock.advance(300_000)
  for (let count = 0; count < 4; count++) {
    const client = visit(world, false)
    await world.clock.advance(3000)
    await client
  }
  oracle.step(world.clients)
  oracle.alive(world.clients.slice(-4))
}

async function visit(world: World, mayLeave = true): Promise<void> {
  const { clock, random, app, clients } = world
  const client: ClientRecord = {
    canary: `canary-${clients.length}-`,
    streamed: random() < 0.7,
    dialect: random() < 0.7 ? 'openai-chat' : 'anthropic-messages',
    rules: world.current().rules,
    leftAt: null,
    status: null,
    retryAfter: null,
    requestId: null,
    text: '',
    isOver: false,
  }
  clients.push(client)
  const leave = new AbortController()
  const body: { reader?: ReadableStreamDefaultReader<Uint8Array> | undefined } = {}
  if (mayLeave && random() < 0.25)
    clock.after(random() * 3000, () => {
      if (client.isOver) return
      client.leftAt = clock.mono()
      leave.abort()
      void body.reader?.cancel().catch(() => {})
    })
  const response = await app.fetch(requestOf(client, leave.signal))
  client.status = response.status
  client.retryAfter = response.headers.get('retry-after')
  client.requestId = response.headers.get('x-signalbox-request-id')
  const reader = response.body?.getReader()
  body.reader = reader
  if (client.leftAt !== null) await reader?.cancel()
  const decoder = new TextDecoder()
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
    client.text += decoder.decode(read.value, { stream: true })
  client.isOver = true
}

function requestOf({ canary, streamed, dialect }: ClientRecord, signal: AbortSignal): Request {
  const chat = dialect === 'openai-chat'
  const messages = [{ role: 'user', content: canary }]
  const body = { model: 'all', messages, stream: streamed, ...(!chat && { max_tokens: 50 }) }
  return new Request(`http://127.0.0.1${chat ? '/v1/chat/completions' : '/v1/messages'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
}

function configOf(providers: number, random: () => number): Generated {
  const pick = <T>(...items: readonly [T, ...T[]]): T => items[Math.floor(random() * items.length)] ?? items[0]
  const accounts = 1 + Math.floor(random() * 3)
  const rules: Omit<Rules, 'hasBreaker'> = {
    maxAttempts: 1 + Math.floor(random() * 4),
    maxRetries: pick(0, 0, 1, 2),
    accounts,
    totalMs: pick(4000, 8000, 15_000),
    maxConcurrency: pick(null, 3, 10, 100),
    lockMaxMs: pick(5000, 60_000, 240_000),
    streamFailure: pick('error', 'error', 'error', 'continue', 'restart_if_prefix_matches'),
  }
  const names = Array.from({ length: providers }, (_, index) => `p${index}`)
  const accountIds = Array.from({ length: accounts }, (_, index) => `a${index}`)
  const document = {
    config_version: 1,
    server: {
      limits: { max_concurrency: rules.maxConcurrency },
      timeouts: { connect_ms: 500, headers_ms: 1000, first_content_ms: 2000, idle_ms: 2000, total_ms: rules.totalMs },
    },
    credentials: Object.fromEntries(
      accountIds.map((id) => [id, { type: 'api_key', source: 'env', env: id.toUpperCase() }]),
    ),
    providers: Object.fromEntries(
      names.map((name) => [
        name,
        chatProvider(name, {
          accounts: accountIds.map((id) => ({ id, credential: id })),
          selection: pick('fill_first', 'round_robin'),
          capabilities: { assistant_prefill: random() < 0.5 },
        }),
      ]),
    ),
    routes: {
      all: {
        strategy: pick('priority', 'priority', 'round_robin', 'weighted', 'least_connections', 'fastest'),
        targets: names.map((name, index) => ({
          name,
          provider: name,
          model: 'm',
          priority: index,
          weight: pick(1, 10),
        })),
        fallback: { max_attempts: rules.maxAttempts, enabled: random() < 0.95 },
        stream_failure: rules.streamFailure,
        malformed_event: pick('skip', 'fail'),
        breaker: {
          enabled: random() < 0.9,
          failure_threshold: pick(1, 2, 5),
          reset_timeout_ms: pick(500, 2000, 10_000),
          min_requests: pick(4, 10),
        },
      },
    },
    policy: { lock: { max_ms: rules.lockMaxMs }, retry: { max_retries: rules.maxRetries } },
    storage: { kind: 'memory' },
  }
  return { document, rules: { ...rules, hasBreaker: document.routes.all.breaker.enabled } }
}

function compiled(document: object) {
  const result = compileConfig({ document })
  if (!result.ok) throw new Error(result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return result.snapshot
}

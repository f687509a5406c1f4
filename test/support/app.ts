// The whole gateway in one process without network, disk or real time: every effect is in the test's hands.
import { createApp, type App } from '../../src/app.ts'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { Coordinator } from '../../src/coordination/coordinator.ts'
import type { Surface } from '../../src/http/authenticate.ts'
import type {
  ByteSource,
  Clock,
  Fetch,
  FetchRequest,
  FetchResponse,
  Machine,
  Random,
  Stores,
  TraceRow,
} from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

export interface TestApp {
  readonly app: App
  readonly clock: VirtualClock
  /** Trace rows, one per request that was let in. */
  readonly traces: TraceRow[]
  /** What left for a provider. */
  readonly sent: FetchRequest[]
  readonly logs: string[]
  /** Puts another configuration in the place of the one it runs with. */
  reload(config: object): void
  request(path: string, init?: RequestInit & { readonly json?: unknown }): Promise<Response>
}

export interface TestAppOptions {
  readonly config: object
  readonly upstream?: (request: FetchRequest) => Promise<FetchResponse> | FetchResponse
  readonly env?: Readonly<Record<string, string>>
  readonly surface?: Surface
  readonly adminToken?: string
  readonly machine?: Machine
  readonly stores?: Stores
  /** Who keeps count; by default this process alone. */
  readonly coordinator?: (clock: Clock, random: Random) => Coordinator
}

/** Builds a gateway on a compiled configuration. Throws with the problems where it does not compile. */
export function createTestApp(options: TestAppOptions): TestApp {
  let snapshot = compiledOf(options.config)
  const clock = createVirtualClock()
  const traces: TraceRow[] = []
  const sent: FetchRequest[] = []
  const logs: string[] = []
  let ids = 0
  const upstream = options.upstream
  const fetch: Fetch = async (request) => {
    sent.push(request)
    if (upstream === undefined) throw new Error('this test expects no call of a provider')
    return upstream(request)
  }
  const log = (event: string, fields: object = {}): void => void logs.push(JSON.stringify({ event, ...fields }))
  const random: Random = { next: () => 0.5, id: () => `${String(ids++).padStart(15, '0')}testtestt` }
  const app = createApp({
    ...(options.coordinator !== undefined && { coordinator: options.coordinator(clock, random) }),
    ports: {
      clock,
      random,
      fetch,
      egress: { dnsPinning: true, proxies: true },
      machine: options.machine,
      defer: () => {},
      log: { debug: log, info: log, warn: log, error: log },
      secrets: { get: (name) => options.env?.[name] },
      stores: options.stores ?? createMemoryStores(),
      traces: { write: (row) => void traces.push(row) },
    },
    snapshot: () => snapshot,
    surface: options.surface ?? 'loopback',
    boundHost: '127.0.0.1',
    adminToken: options.adminToken,
    unknownFields: 'throw',
    status: () => plainStatus(clock),
  })
  return {
    app,
    clock,
    traces,
    sent,
    logs,
    reload: (config) => void (snapshot = compiledOf(config)),
    async request(path, init = {}) {
      const { json, ...rest } = init
      const headers = new Headers(rest.headers)
      if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
      const body = json === undefined ? rest.body : JSON.stringify(json)
      const method = rest.method ?? (body === undefined ? 'GET' : 'POST')
      return app.fetch(
        new Request(`http://127.0.0.1${path}`, { ...rest, method, headers, ...(body !== undefined && { body }) }),
      )
    },
  }
}

/** The status of a gateway under test: nothing has happened yet. */
export function plainStatus(clock: Pick<Clock, 'now'>) {
  const traces = { queued: 0, dropped: 0, failed: 0 }
  return { version: 'test', runtime: 'node', startedAt: clock.now(), url: null, pid: null, traces }
}

/** A provider of a Chat wire of its own name, which nobody but the test's upstream answers. */
export function chatProvider(name: string, more: object = {}): object {
  return {
    type: 'openai_compatible',
    base_url: `https://${name}.example.com/v1`,
    api_formats: ['openai_chat'],
    ...more,
  }
}

function compiledOf(document: object): Snapshot {
  const compiled = compileConfig({ document })
  if (!compiled.ok)
    throw new Error(compiled.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
  return compiled.snapshot
}

const encoder = new TextEncoder()

/** A provider's JSON answer. */
export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): FetchResponse {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return { status, headers: new Headers({ 'content-type': 'application/json', ...headers }), body: pieces([text]) }
}

/** A provider's stream of the given pieces; then it ends, breaks, or waits for ever. */
export function streamAnswer(
  texts: readonly string[],
  end: 'close' | 'break' | 'hang' = 'close',
): FetchResponse & { readonly source: TestSource } {
  const source = pieces(texts, end)
  return { status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }), body: source, source }
}

/** A pulled body that tells what was done to it. */
export interface TestSource extends ByteSource {
  reads(): number
  cancelled(): boolean
}

/** A body of these pieces. */
export function pieces(texts: readonly (string | Uint8Array)[], end: 'close' | 'break' | 'hang' = 'close'): TestSource {
  let next = 0
  let cancelled = false
  let release: (() => void) | undefined
  return {
    reads: () => next,
    cancelled: () => cancelled,
    async read() {
      if (cancelled) return undefined
      const text = texts[next++]
      if (text !== undefined) return typeof text === 'string' ? encoder.encode(text) : text
      if (end === 'break') throw new Error('socket hang up')
      if (end === 'hang') await new Promise<void>((resolve) => (release = resolve))
      return undefined
    },
    async cancel() {
      cancelled = true
      release?.()
    },
  }
}

// The Worker: bindings become ports, and the same app answers. Nothing here outlives an isolate but plain data.
import manifest from '../../../package.json' with { type: 'json' }
import { createApp, type App } from '../../app.ts'
import { compileConfig } from '../../catalog/compile.ts'
import { parseConfig } from '../../catalog/parse-config.ts'
import { problemText } from '../../catalog/problem.ts'
import type { Snapshot } from '../../catalog/snapshot.ts'
import type { Clock, Log, LogFields, Random, Stores, TraceRow } from '../../ports/index.ts'
import { createKvStores } from '../../store/kv.ts'
import { createMemoryStores } from '../../store/memory.ts'
import { migrate } from '../../store/sql/migrate.ts'
import { createSqlStores } from '../../store/sql-stores.ts'
import { createNativeFetch } from '../native-fetch.ts'
import { d1Executor } from './d1.ts'
import { kvNamespace } from './kv.ts'

/** What wrangler.toml binds, and the secrets that the configuration names. */
export interface Env {
  /** The configuration itself, as JSON text. */
  readonly SIGNALBOX_CONFIG?: string
  readonly DB?: D1Database
  readonly KV?: KVNamespace
  readonly [name: string]: unknown
}

/** How long a configuration from storage is served before it is asked for again. */
const refreshMs = 5000

const clock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 0x7fffffff))
    return () => clearTimeout(timer)
  },
}

const random: Random = {
  next: () => Math.random(),
  id: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24),
}

const log: Log = { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') }

function line(level: 'info' | 'warn' | 'error') {
  return (event: string, fields: LogFields = {}): void =>
    // oxlint-disable-next-line no-console -- a Worker's log is its console
    console[level](JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields }))
}

/** One isolate's gateway: built at its first request, kept while its configuration stays the same. */
interface Home {
  readonly app: App
  readonly stores: Stores
  snapshot: Snapshot
  source: string
  checkedAt: number
}

let home: Home | undefined

async function homeOf(env: Env): Promise<Home | undefined> {
  if (home !== undefined && clock.now() - home.checkedAt < refreshMs) return home
  const stores = home?.stores ?? (await openStores(env))
  const source = env.SIGNALBOX_CONFIG ?? (await stores.config.load())?.document
  if (source === undefined) return undefined
  if (home !== undefined && home.source === source) {
    home.checkedAt = clock.now()
    return home
  }
  const snapshot = compile(source)
  // A configuration that does not compile never replaces one that does.
  if (snapshot === undefined) return home
  if (home === undefined) home = build(env, stores, snapshot, source)
  else Object.assign(home, { snapshot, source, checkedAt: clock.now() })
  return home
}

function compile(source: string): Snapshot | undefined {
  const parsed = parseConfig(source)
  const compiled = parsed.ok ? compileConfig({ document: parsed.value }) : parsed
  if (compiled.ok) return compiled.snapshot
  log.error('config_rejected', { problems: compiled.problems.map(problemText).join('; ').slice(0, 2000) })
  return undefined
}

async function openStores(env: Env): Promise<Stores> {
  if (env.DB !== undefined) {
    const sql = d1Executor(env.DB)
    await migrate(sql)
    return createSqlStores(sql)
  }
  if (env.KV !== undefined) return { ...createKvStores(kvNamespace(env.KV)), coordination: undefined }
  return createMemoryStores()
}

function build(env: Env, stores: Stores, snapshot: Snapshot, source: string): Home {
  const startedAt = clock.now()
  const made: Home = {
    stores,
    snapshot,
    source,
    checkedAt: startedAt,
    app: createApp({
      ports: {
        clock,
        random,
        fetch: createNativeFetch(),
        egress: { dnsPinning: false, proxies: false },
        machine: undefined,
        defer: () => {},
        log,
        secrets: { get: (name) => (typeof env[name] === 'string' ? env[name] : undefined) },
        stores,
        // Every request brings its own: see `fetch` below.
        traces: { write: () => {} },
      },
      snapshot: () => made.snapshot,
      surface: 'edge',
      boundHost: null,
      adminToken: undefined,
      status: () => ({
        version: manifest.version,
        runtime: 'workerd',
        startedAt,
        url: null,
        pid: null,
        traces: { queued: 0, dropped: 0, failed: 0 },
      }),
    }),
  }
  return made
}

function notConfigured(request: Request): Response {
  const { pathname } = new URL(request.url)
  if (pathname === '/health' || pathname === '/healthz') return Response.json({ status: 'ok', ok: true })
  const message = 'the gateway has no configuration: set SIGNALBOX_CONFIG, or publish one to its store'
  const error = { message, type: 'server_error', param: null, code: 'not_configured' }
  return Response.json({ error }, { status: 503, headers: { 'retry-after': '5' } })
}

export default {
  async fetch(request, env, context) {
    const current = await homeOf(env)
    if (current === undefined) return notConfigured(request)
    const write = (row: TraceRow): void =>
      context.waitUntil(
        current.stores.ledger.appendTraces([row]).catch((cause: unknown) => {
          log.error('trace_not_written', { reason: cause instanceof Error ? cause.name : 'unknown' })
        }),
      )
    return current.app.fetch(request, { traces: { write } })
  },
} satisfies ExportedHandler<Env>

// The Worker: bindings become ports, and the same app answers. Nothing here outlives an isolate but plain data.
import { waitUntil } from 'cloudflare:workers'
import manifest from '../../../package.json' with { type: 'json' }
import { createApp, type App } from '../../app.ts'
import { compileConfig } from '../../catalog/compile.ts'
import { parseConfig } from '../../catalog/parse-config.ts'
import { problemText } from '../../catalog/problem.ts'
import type { Snapshot } from '../../catalog/snapshot.ts'
import type { Clock, EgressAbilities, Log, LogFields, Random, Stores, TraceRow } from '../../ports/index.ts'
import { createScrubber, guardLog } from '../../redaction/index.ts'
import { createStoreEditor, readOnlyEditor } from '../../operations/store-editor.ts'
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

/** The runtime resolves names and connects by itself, so hosts are screened by their text alone. */
const egress: EgressAbilities = { dnsPinning: false, proxies: false }

const random: Random = {
  next: () => Math.random(),
  id: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24),
}

// Before there is an app only what looks like a key is taken out; the app knows its secrets.
const log: Log = guardLog(
  { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') },
  createScrubber(() => []),
)

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
  const compiled = parsed.ok ? compileConfig({ document: parsed.value, abilities: egress }) : parsed
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
  log.info('way_out', { runtime: 'workerd', status: 'dns_pinning: unsupported, proxies: unsupported' })
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
        egress,
        machine: undefined,
        // What has to be finished although its client left: a refreshed token that is on its way to the store.
        defer: (work) => waitUntil(work.catch(() => {})),
        log,
        secrets: { get: (name) => (typeof env[name] === 'string' ? env[name] : undefined) },
        stores,
        // Every request brings its own: see `fetch` below.
        traces: { write: () => {} },
      },
      // Asked for already while the app is built.
      snapshot: () => home?.snapshot ?? snapshot,
      surface: 'edge',
      boundHost: null,
      adminToken: undefined,
      editor:
        env.SIGNALBOX_CONFIG === undefined
          ? createStoreEditor(stores.config, clock)
          : readOnlyEditor(
              'variable SIGNALBOX_CONFIG',
              'the configuration came from a variable: change it where it is set',
            ),
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

// The Worker: bindings become ports, and the same app answers. Nothing here outlives an isolate but plain data.
import { waitUntil } from 'cloudflare:workers'
import manifest from '../../../package.json' with { type: 'json' }
import { createApp, type App } from '../../app.ts'
import type { Coordinator as CoordinatorPort } from '../../coordination/coordinator.ts'
import type { Defer, EgressAbilities, Log, LogFields, Random, Stores, TraceRow } from '../../ports/index.ts'
import { createScrubber, guardLog } from '../../redaction/index.ts'
import { createStoreEditor, readOnlyEditor } from '../../operations/store-editor.ts'
import { createKvStores } from '../../store/kv.ts'
import { createMemoryStores } from '../../store/memory.ts'
import { migrate } from '../../store/sql/migrate.ts'
import { createSqlStores } from '../../store/sql-stores.ts'
import { createNativeFetch } from '../native-fetch.ts'
import { isolateClock as clock } from './clock.ts'
import { chooseCoordinator, type CoordinationBindings } from './coordination.ts'
import { d1Executor } from './d1.ts'
import { firstConfig, refreshTimes, type IsolateConfig } from './isolate-config.ts'
import { kvNamespace } from './kv.ts'

/** What wrangler.toml binds, and the secrets that the configuration names. */
export interface Env {
  /** The configuration itself, as JSON text. */
  readonly SIGNALBOX_CONFIG?: string
  readonly DB?: D1Database
  readonly KV?: KVNamespace
  /** Where isolates agree; see docs/coordination.md. */
  readonly COORDINATOR?: CoordinationBindings['COORDINATOR']
  readonly [name: string]: unknown
}

/** The runtime resolves names and connects by itself, so hosts are screened by their text alone. */
const egress: EgressAbilities = { dnsPinning: false, proxies: false }

const random: Random = {
  next: () => Math.random(),
  id: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24),
}

// What has to be finished although its client left: a refreshed token that is on its way to the store.
const defer: Defer = (work) => waitUntil(work.catch(() => {}))

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

/** One isolate's gateway: built at its first request and kept, whatever its configuration becomes. */
interface Home {
  readonly app: App
  readonly stores: Stores
  readonly config: IsolateConfig
}

let home: Home | undefined
let opened: Stores | undefined
// Without a configuration the store is not asked by every request.
let emptyAt = Number.NEGATIVE_INFINITY
/** What the configuration asks for and is not to be had here. */
let refusal: string | undefined

async function homeOf(env: Env): Promise<Home | undefined> {
  if (home === undefined && clock.mono() - emptyAt < refreshTimes.stale) return undefined
  opened ??= await openStores(env)
  const config = await firstConfig(env.SIGNALBOX_CONFIG, { store: opened.config, abilities: egress, clock, defer, log })
  // Another first request may have been quicker.
  const coordinator = config && chooseCoordinator(env, config.live.current(), { clock, random, defer, log })
  if (coordinator !== undefined && 'problem' in coordinator) {
    refusal = coordinator.problem
    log.error('config_rejected', { problems: coordinator.problem })
  }
  if (config === undefined || coordinator === undefined || 'problem' in coordinator) emptyAt = clock.mono()
  else home ??= build(env, opened, config, coordinator)
  return home
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

function build(env: Env, stores: Stores, config: IsolateConfig, coordinator: CoordinatorPort): Home {
  const startedAt = clock.now()
  log.info('way_out', { runtime: 'workerd', status: 'dns_pinning: unsupported, proxies: unsupported' })
  const made: Home = {
    stores,
    config,
    app: createApp({
      ports: {
        clock,
        random,
        fetch: createNativeFetch(),
        egress,
        machine: undefined,
        defer,
        log,
        secrets: { get: (name) => (typeof env[name] === 'string' ? env[name] : undefined) },
        stores,
        // Every request brings its own: see `fetch` below.
        traces: { write: () => {} },
      },
      snapshot: config.live.current,
      coordinator,
      surface: 'edge',
      boundHost: null,
      adminToken: undefined,
      editor:
        env.SIGNALBOX_CONFIG === undefined
          ? createStoreEditor(stores.config, clock, config.reload)
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
        storeKind: env.DB !== undefined ? 'd1' : env.KV !== undefined ? 'kv' : 'memory',
        traces: { queued: 0, dropped: 0, failed: 0 },
        config: config.live.status(),
      }),
      reload: config.reload,
    }),
  }
  return made
}

function notConfigured(request: Request): Response {
  const { pathname } = new URL(request.url)
  if (pathname === '/health' || pathname === '/healthz') return Response.json({ status: 'ok', ok: true })
  const message = refusal ?? 'the gateway has no configuration: set SIGNALBOX_CONFIG, or publish one to its store'
  const error = { message, type: 'server_error', param: null, code: 'not_configured' }
  return Response.json({ error }, { status: 503, headers: { 'retry-after': '5' } })
}

export { Coordinator } from './coordinator.ts'

export default {
  async fetch(request, env, context) {
    const current = home ?? (await homeOf(env))
    if (current === undefined) return notConfigured(request)
    if (env.SIGNALBOX_CONFIG !== undefined) current.config.variable(env.SIGNALBOX_CONFIG)
    const refreshed = current.config.refresh()
    if (refreshed !== undefined) await refreshed
    const write = (row: TraceRow): void =>
      context.waitUntil(
        current.stores.ledger.appendTraces([row]).catch((cause: unknown) => {
          log.error('trace_not_written', { reason: cause instanceof Error ? cause.name : 'unknown' })
        }),
      )
    return current.app.fetch(request, { traces: { write } })
  },
} satisfies ExportedHandler<Env>

// A running gateway on this machine: configuration, stores, ports, app and listener put together, and taken apart again.
import { createApp, type App } from '../src/app.ts'
import type { Snapshot } from '../src/catalog/snapshot.ts'
import type { Surface } from '../src/http/authenticate.ts'
import type { Outcome } from '../src/ir/error.ts'
import type { LiveConfig } from '../src/operations/live-config.ts'
import type { ConfigReload } from '../src/operations/operation.ts'
import type { EgressAbilities, Log, Ports, Secrets } from '../src/ports/index.ts'
import { createTraceWriter } from '../src/store/write-behind.ts'
import { createDefer, systemClock, systemRandom } from './clock.ts'
import { createFileEditor } from './config-editor.ts'
import { createCoordinator } from './coordination.ts'
import type { ReloadReason } from './config-reload.ts'
import { createMachine } from './machine/index.ts'
import { loadRuntime } from './runtime.ts'
import { runtimeName } from './runtime-name.ts'
import { openStores } from './stores.ts'
import { startRetention } from './retention.ts'
import { reportUnopened } from './vault/start-report.ts'
import { version } from './version.ts'

export interface GatewayOptions {
  /** What it begins with; stays in use where nothing else is said. */
  readonly snapshot: Snapshot
  /** The configuration as it is now, where it may change. */
  readonly live?: Pick<LiveConfig, 'current' | 'status'>
  readonly reload?: (reason: ReloadReason) => Promise<Outcome<ConfigReload>>
  readonly secrets: Secrets
  readonly host: string
  readonly port: number
  readonly log: Log
  /** What the run file gives to the command line of this machine. */
  readonly adminToken: string
  /** The path of the configuration, or its text; absent where nobody may edit it. */
  readonly source?: string
}

export interface Gateway {
  readonly url: string
  /** Requests that are being served, streams to their end. */
  inFlight(): number
  /** Refuses new work, waits for what is under way, ends what is left with an error event, writes what is queued. */
  stop(drainMs: number): Promise<void>
}

const lastWordsMs = 1000

/** Starts listening. Throws where the stores cannot be opened or the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { snapshot, log, host, live, reload } = options
  const current = live === undefined ? () => snapshot : live.current
  const opened = await openStores(snapshot.storage)
  const runtime = await loadRuntime()
  const deferred = createDefer()
  const traces = createTraceWriter({ store: opened.stores.ledger, clock: systemClock, log, batch: 500 })
  const startedAt = systemClock.now()
  await reportUnopened({ secrets: options.secrets, stores: opened.stores, clock: systemClock, log })
  const stopPruning = startRetention({
    ledger: opened.stores.ledger,
    clock: systemClock,
    log,
    retentionMs: () => current().observability.retentionMs,
  })
  let url: string | null = null
  const ports: Ports = {
    clock: systemClock,
    random: systemRandom,
    fetch: runtime.fetch,
    egress: runtime.egress,
    machine: createMachine(),
    defer: deferred.defer,
    log,
    secrets: options.secrets,
    stores: opened.stores,
    traces,
  }
  const app: App = createApp({
    ports,
    coordinator: createCoordinator(snapshot.coordination, snapshot.storage, opened.agreement, ports),
    snapshot: current,
    surface: surfaceOf(host),
    boundHost: host,
    adminToken: options.adminToken,
    ...(options.source !== undefined && {
      editor: createFileEditor(options.source, reload && { name: 'the running gateway', reload: () => reload('edit') }),
    }),
    ...(reload !== undefined && { reload: () => reload('operation') }),
    status: () => ({
      version,
      runtime: runtimeName(),
      startedAt,
      url,
      pid: process.pid,
      traces: traces.stats(),
      ...(live !== undefined && { config: live.status() }),
    }),
  })
  const { limits } = snapshot.server
  const listener = await runtime.listen({
    fetch: (request, scope) => app.fetch(request, scope),
    host,
    port: options.port,
    headerTimeoutMs: limits.headerTimeoutMs,
    maxHeaderBytes: limits.maxHeaderBytes,
    maxBodyBytes: limits.maxBodyBytes,
  })
  log.debug('way_out', { runtime: runtimeName(), status: abilityText(runtime.egress) })
  url = `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}`
  return {
    url,
    inFlight: () => app.inFlight(),
    async stop(drainMs) {
      // The core's timers keep no process alive, and some of them are still needed until everything is written.
      const awake = setInterval(() => {}, 1000)
      app.drain()
      listener.stopAccepting()
      await idle(app, drainMs)
      app.interrupt()
      // An answer is over once its last event is there to be taken; that event still has to reach its client.
      await listener.close(lastWordsMs)
      await deferred.settled()
      await traces.close()
      stopPruning()
      await opened.close()
      await runtime.close()
      clearInterval(awake)
    },
  }
}

function abilityText({ dnsPinning, proxies }: EgressAbilities): string {
  return `dns_pinning: ${dnsPinning ? 'supported' : 'unsupported'}, proxies: ${proxies ? 'supported' : 'unsupported'}`
}

/** Whether an address is reached from this machine only. */
export function surfaceOf(host: string): Surface {
  const name = host.toLowerCase()
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name) ? 'loopback' : 'network'
}

async function idle(app: App, patienceMs: number): Promise<void> {
  const deadline = systemClock.mono() + patienceMs
  while (app.inFlight() > 0 && systemClock.mono() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
}

// The whole gateway in this process on real sockets and the real clock, with its coordinator and its traces in the hands of
// the test: what a request leaves behind can be looked at from within.
import { systemClock, systemRandom } from '../../node-adapter/clock.ts'
import { loadRuntime } from '../../node-adapter/runtime.ts'
import { createApp } from '../../src/app.ts'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { CoordinationView } from '../../src/coordination/coordinator.ts'
import { createMemoryCoordinator } from '../../src/coordination/memory.ts'
import type { TraceRow } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { plainStatus } from '../support/app.ts'

export interface LiveGateway {
  readonly url: string
  readonly traces: readonly TraceRow[]
  /** Requests that reached it: of those that a client gives up some never leave it. */
  begun(): number
  inFlight(): number
  view(): CoordinationView
  stop(): Promise<void>
}

/** Starts it on a free port. Throws with the problems where the configuration does not compile. */
export async function startLiveGateway(config: object): Promise<LiveGateway> {
  const compiled = compileConfig({ document: config })
  if (!compiled.ok) throw new Error(compiled.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  const { snapshot } = compiled
  const runtime = await loadRuntime()
  const coordinator = createMemoryCoordinator(systemClock, systemRandom)
  const traces: TraceRow[] = []
  const quiet = (): void => {}
  const app = createApp({
    ports: {
      clock: systemClock,
      random: systemRandom,
      fetch: runtime.fetch,
      egress: runtime.egress,
      machine: undefined,
      defer: () => {},
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      secrets: { get: () => undefined },
      stores: createMemoryStores(),
      traces: { write: (row) => void traces.push(row) },
    },
    snapshot: () => snapshot,
    surface: 'loopback',
    boundHost: '127.0.0.1',
    adminToken: undefined,
    unknownFields: 'throw',
    coordinator,
    status: () => plainStatus(systemClock),
  })
  let begun = 0
  const listener = await runtime.listen({
    fetch(request) {
      begun++
      return app.fetch(request)
    },
    host: '127.0.0.1',
    port: 0,
    headerTimeoutMs: 10_000,
    maxHeaderBytes: 16_384,
    maxBodyBytes: 1_000_000,
  })
  return {
    url: `http://127.0.0.1:${listener.port}`,
    traces,
    begun: () => begun,
    inFlight: () => app.inFlight(),
    view: () => coordinator.view() as CoordinationView,
    async stop() {
      app.drain()
      app.interrupt()
      await listener.close(500)
      await runtime.close()
    },
  }
}

/** The error of each attempt of a trace, null where it was the answer. */
export function attemptsOf({
  detail,
}: TraceRow): readonly { readonly target: string; readonly error: string | null }[] {
  return (JSON.parse(detail) as { attempts: { target: string; error: string | null }[] }).attempts
}

// The gateway without its listener, for verbs that reach providers from the command line: same ports, same way out.
import { createApp } from '../../src/app.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { ConfigEditor, OperationContext } from '../../src/operations/operation.ts'
import type { Secrets, Stores } from '../../src/ports/index.ts'
import { createTraceWriter } from '../../src/store/write-behind.ts'
import { createDefer, systemClock, systemRandom } from '../clock.ts'
import { createLog } from '../log.ts'
import { createMachine } from '../machine/index.ts'
import { loadRuntime } from '../runtime.ts'
import { runtimeName } from '../runtime-name.ts'
import { version } from '../version.ts'

export interface UpstreamOptions {
  readonly snapshot: Snapshot
  readonly secrets: Secrets
  readonly stores: Stores
  readonly editor: ConfigEditor
}

/** Runs `work` with the providers in reach, and waits until its traces are written. */
export async function withUpstream<T>(
  { snapshot, secrets, stores, editor }: UpstreamOptions,
  work: (context: OperationContext) => Promise<T>,
): Promise<T> {
  // The core's timers keep no process alive, and a provider that is slow on purpose has nothing else.
  const awake = setInterval(() => {}, 1000)
  const runtime = await loadRuntime()
  const log = createLog('error', (line) => void process.stderr.write(line))
  const deferred = createDefer()
  const traces = createTraceWriter({ store: stores.ledger, clock: systemClock, log, batch: 500 })
  const startedAt = systemClock.now()
  const app = createApp({
    ports: {
      clock: systemClock,
      random: systemRandom,
      fetch: runtime.fetch,
      egress: runtime.egress,
      machine: createMachine(),
      defer: deferred.defer,
      log,
      secrets,
      stores,
      traces,
    },
    snapshot: () => snapshot,
    surface: 'loopback',
    boundHost: null,
    adminToken: undefined,
    editor,
    status: () => ({ version, runtime: runtimeName(), startedAt, url: null, pid: process.pid, traces: traces.stats() }),
  })
  try {
    return await work(app.operations())
  } finally {
    await deferred.settled()
    await traces.close()
    await runtime.close()
    clearInterval(awake)
  }
}

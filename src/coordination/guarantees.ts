// What each backend promises, in words for operators: said at start, in the health of the gateway and in docs/coordination.md.
import type { CoordinationSettings, StorageSettings } from '../catalog/snapshot.ts'
import type { Guarantee } from './coordinator.ts'
import { remoteLimits } from './remote-instance.ts'

const leaseText = `${remoteLimits.leaseMs / 1000} s`

/** By what keeps the promise. */
export const guarantees = {
  process: {
    backend: 'memory',
    scope: 'process',
    text: 'locks, breakers and concurrency limits hold within this process; a restart forgets them',
  },
  isolate: {
    backend: 'memory',
    scope: 'isolate',
    text: 'locks, breakers and concurrency limits hold within each isolate alone, and end with it: a limit is one for each isolate. Bind a Durable Object (COORDINATOR) or D1 to share them',
  },
  sqlite: {
    backend: 'sqlite',
    scope: 'store',
    text: `locks, breakers, probes and concurrency limits hold for all processes on the database file and survive restarts; slots of a process that died are free after ${leaseText}. Turns, speeds, loads, sessions and round robin are of each process`,
  },
  d1: {
    backend: 'd1',
    scope: 'store',
    text: `locks, breakers, probes and concurrency limits hold for all isolates on the database; slots of an isolate that died are free after ${leaseText}. Turns, speeds, loads, sessions and round robin are of each isolate`,
  },
  oneObject: {
    backend: 'durable_object',
    scope: 'all isolates',
    text: `locks, breakers, probes, concurrency limits, loads, turns and round robin hold for all isolates. Locks, breakers and slots survive a restart of the object; what it knows of speeds, loads, turns and sessions is forgotten when it rests. Slots of an isolate that died are free after ${leaseText}`,
  },
  tenantObjects: {
    backend: 'durable_object',
    scope: 'all isolates',
    text: `shared concurrency limits hold for all isolates and tenants, leased to the tenants in slices; everything else holds for all isolates of a tenant. Locks, breakers and slots survive a restart of an object. Slots of an isolate that died are free after ${leaseText}`,
  },
} as const satisfies Readonly<Record<string, Guarantee>>

/** What a place has to offer. */
export interface CoordinationPlace {
  readonly runtime: 'workerd' | 'node'
  /** A Durable Object is bound. */
  readonly hasObject: boolean
  /** A database that instances may share is open. */
  readonly hasStore: boolean
}

/**
 * How a configuration coordinates at a place, or what is wrong with what it asks for (a sentence for operators, with what
 * to do).
 */
export function chooseBackend(
  { backend, objects }: CoordinationSettings,
  storage: Pick<StorageSettings, 'kind'>,
  { runtime, hasObject, hasStore }: CoordinationPlace,
): Guarantee | { readonly problem: string } {
  const isWorker = runtime === 'workerd'
  const object = objects === 'one' ? guarantees.oneObject : guarantees.tenantObjects
  switch (backend) {
    case 'memory':
      return isWorker ? guarantees.isolate : guarantees.process
    case 'auto':
      if (!isWorker) return guarantees.process
      if (hasObject) return object
      return hasStore ? guarantees.d1 : guarantees.isolate
    case 'store':
      if (hasStore) return isWorker ? guarantees.d1 : guarantees.sqlite
      return {
        problem: isWorker
          ? 'coordination.backend "store" needs a D1 database bound as DB; bind one, or use "durable_object" or "memory"'
          : `coordination.backend "store" needs storage.kind "sqlite", not "${storage.kind}"; use "sqlite" or backend "memory"`,
      }
    case 'durable_object':
      if (isWorker && hasObject) return object
      return {
        problem: isWorker
          ? 'coordination.backend "durable_object" needs the class Coordinator bound as COORDINATOR in wrangler.toml; bind it, or use "store" or "memory"'
          : 'coordination.backend "durable_object" exists on Cloudflare Workers only; use "store" with sqlite, or "memory"',
      }
  }
}

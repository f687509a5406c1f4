// What each backend promises, in words for operators: said at start, in the health of the gateway and in docs/coordination.md.
import type { CoordinationSettings, StorageSettings } from '../catalog/snapshot.ts'
import type { Guarantee } from './coordinator.ts'

export const processGuarantee: Guarantee = {
  backend: 'memory',
  scope: 'process',
  text: 'locks, breakers and concurrency limits hold within this process; a restart forgets them',
}

export const isolateGuarantee: Guarantee = {
  backend: 'memory',
  scope: 'isolate',
  text: 'locks, breakers and concurrency limits hold within each isolate alone, and end with it: a limit is one for each isolate. Bind a Durable Object (COORDINATOR) or D1 to share them',
}

export const sqliteGuarantee: Guarantee = {
  backend: 'sqlite',
  scope: 'store',
  text: 'locks, breakers, probes and concurrency limits hold for all processes on the database file and survive restarts; slots of a process that died are free after 90 s. Turns, speeds, loads, sessions and round robin are of each process',
}

export const d1Guarantee: Guarantee = {
  backend: 'd1',
  scope: 'store',
  text: 'locks, breakers, probes and concurrency limits hold for all isolates on the database; slots of an isolate that died are free after 90 s. Turns, speeds, loads, sessions and round robin are of each isolate',
}

export const oneObjectGuarantee: Guarantee = {
  backend: 'durable_object',
  scope: 'all isolates',
  text: 'locks, breakers, probes, concurrency limits, loads, turns and round robin hold for all isolates. Locks, breakers and slots survive a restart of the object; what it knows of speeds, loads, turns and sessions is forgotten when it rests. Slots of an isolate that died are free after 90 s',
}

export const tenantObjectsGuarantee: Guarantee = {
  backend: 'durable_object',
  scope: 'all isolates',
  text: 'shared concurrency limits hold for all isolates and tenants, leased to the tenants in slices; everything else holds for all isolates of a tenant. Locks, breakers and slots survive a restart of an object. Slots of an isolate that died are free after 90 s',
}

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
  switch (backend) {
    case 'memory':
      return isWorker ? isolateGuarantee : processGuarantee
    case 'auto':
      if (!isWorker) return processGuarantee
      if (hasObject) return objects === 'one' ? oneObjectGuarantee : tenantObjectsGuarantee
      return hasStore ? d1Guarantee : isolateGuarantee
    case 'store':
      if (hasStore) return isWorker ? d1Guarantee : sqliteGuarantee
      return {
        problem: isWorker
          ? 'coordination.backend "store" needs a D1 database bound as DB; bind one, or use "durable_object" or "memory"'
          : `coordination.backend "store" needs storage.kind "sqlite", not "${storage.kind}"; use "sqlite" or backend "memory"`,
      }
    case 'durable_object':
      if (isWorker && hasObject) return objects === 'one' ? oneObjectGuarantee : tenantObjectsGuarantee
      return {
        problem: isWorker
          ? 'coordination.backend "durable_object" needs the class Coordinator bound as COORDINATOR in wrangler.toml; bind it, or use "store" or "memory"'
          : 'coordination.backend "durable_object" exists on Cloudflare Workers only; use "store" with sqlite, or "memory"',
      }
  }
}

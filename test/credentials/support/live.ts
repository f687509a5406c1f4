// A keeper with this machine's clock and the guarded transport of Node: sources are asked over real sockets.
import { setTimeout as pause } from 'node:timers/promises'
import { createUndiciFetch } from '../../../node-adapter/egress-undici.ts'
import { createMachine } from '../../../node-adapter/machine/index.ts'
import type { Snapshot } from '../../../src/catalog/snapshot.ts'
import { createCredentialKeeper, type CredentialKeeper, type Lease } from '../../../src/credentials/keeper.ts'
import { guardFetch } from '../../../src/egress/guard.ts'
import type { Outcome } from '../../../src/ir/error.ts'
import type { AccessRow, Clock, Stores } from '../../../src/ports/index.ts'
import { createMemoryStores } from '../../../src/store/memory.ts'
import { leaseFor } from './scene.ts'

export interface LiveScene {
  readonly keeper: CredentialKeeper
  readonly stores: Stores
  readonly logs: string[]
  lease(snapshot: Snapshot): Promise<Outcome<Lease>>
  /** Rows of the audit, oldest first, once `count` of them are written. */
  rows(count: number): Promise<readonly AccessRow[]>
  close(): Promise<void>
}

const clock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

export interface LiveOptions {
  readonly env: Readonly<Record<string, string>>
  readonly home?: string
  /** Makes waiting for a deadline short. */
  readonly hurry?: number
}

export function createLiveScene({ env, home, hurry = 1 }: LiveOptions): LiveScene {
  const transport = createUndiciFetch()
  const stores = createMemoryStores()
  const logs: string[] = []
  const log = (event: string, fields: object = {}): void => void logs.push(JSON.stringify({ event, ...fields }))
  const keeper = createCredentialKeeper({
    clock: { ...clock, after: (ms, call) => clock.after(ms / hurry, call) },
    random: { next: () => Math.random(), id: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24) },
    fetch: guardFetch(transport.fetch, { allowedHosts: () => [] }),
    log: { debug: log, info: log, warn: log, error: log },
    secrets: { get: (name) => env[name] },
    stores,
    machine: createMachine({ home: home ?? null }),
    defer: (work) => void work.catch(() => {}),
  })
  return {
    keeper,
    stores,
    logs,
    lease: async (snapshot) => keeper.lease(leaseFor(snapshot), snapshot),
    async rows(count) {
      for (let round = 0; round < 200 && keeper.audit().written < count; round++) await pause(5)
      return (await stores.ledger.accesses({ limit: 1000 })).toReversed()
    },
    close: () => transport.close(),
  }
}

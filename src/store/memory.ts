// The reference drivers: what every other driver has to agree with, and the stores of a single process without a disk.
// Everything is bounded, as a gateway on memory alone may run for months.
import type {
  AccessRow,
  ConfigStore,
  CoordinationStore,
  CounterResult,
  LedgerStore,
  StateRecord,
  StateStore,
  StoredConfig,
  TraceRow,
  VaultRecord,
  VaultStore,
} from '../ports/index.ts'
import { storedAccess } from './access-row.ts'
import { matchesQuery, newestFirst, storedId, storedTrace } from './trace-row.ts'

/** How much is kept before the oldest goes. */
export interface MemoryLimits {
  readonly traces: number
  readonly documents: number
  /** Characters of sealed state, all records together. */
  readonly stateLength: number
}

export interface MemoryStores {
  readonly config: ConfigStore
  readonly coordination: CoordinationStore
  readonly ledger: LedgerStore
  readonly state: StateStore
  readonly vault: VaultStore
}

const defaultLimits: MemoryLimits = { traces: 10_000, documents: 100, stateLength: 32 * 1024 * 1024 }
// Expired leases and counters are looked for once per this many steps.
const sweepEvery = 1000

/** The stores in memory. Nothing survives the process. */
export function createMemoryStores(limits: MemoryLimits = defaultLimits): MemoryStores {
  return {
    config: memoryConfig(limits.documents),
    coordination: memoryCoordination(),
    ledger: memoryLedger(limits.traces),
    state: memoryState(limits.stateLength),
    vault: memoryVault(),
  }
}

function memoryConfig(maxDocuments: number): ConfigStore {
  const documents: StoredConfig[] = []
  return {
    exclusive: true,
    load: () => Promise.resolve(documents[0]),
    revision: () => Promise.resolve(documents[0] && revisionOf(documents[0])),
    publish: (document, expected, now) => {
      const current = documents[0]?.revision ?? 0
      if (current !== expected) return Promise.resolve({ ok: false, current })
      documents.unshift({ revision: current + 1, document, publishedAt: now })
      documents.length = Math.min(documents.length, maxDocuments)
      return Promise.resolve({ ok: true, revision: current + 1 })
    },
    history: (limit) => Promise.resolve(documents.slice(0, Math.max(0, limit))),
  }
}

function revisionOf({ revision, publishedAt }: StoredConfig): Pick<StoredConfig, 'revision' | 'publishedAt'> {
  return { revision, publishedAt }
}

interface Expiring {
  readonly expiresAt: number
}

function sweep(entries: Map<string, Expiring>, now: number): void {
  for (const [name, entry] of entries) if (entry.expiresAt <= now) entries.delete(name)
}

function memoryCoordination(): CoordinationStore {
  const leases = new Map<string, Expiring & { readonly owner: string }>()
  const counters = new Map<string, Expiring & { readonly value: number }>()
  let steps = 0

  function step(now: number): void {
    steps += 1
    if (steps % sweepEvery !== 0) return
    sweep(leases, now)
    sweep(counters, now)
  }

  function alive(name: string, now: number): (Expiring & { readonly value: number }) | undefined {
    const counter = counters.get(name)
    return counter !== undefined && counter.expiresAt > now ? counter : undefined
  }

  function add(name: string, amount: number, limit: number | null, now: number, ttlMs: number): CounterResult {
    const counter = alive(name, now)
    const value = counter?.value ?? 0
    const sum = value + amount
    if (sum > (limit ?? Number.MAX_SAFE_INTEGER)) return { ok: false, value }
    counters.set(name, { value: sum, expiresAt: counter?.expiresAt ?? now + ttlMs })
    return { ok: true, value: sum }
  }

  return {
    acquire: (name, owner, now, ttlMs) => {
      step(now)
      const lease = leases.get(name)
      if (lease !== undefined && lease.owner !== owner && lease.expiresAt > now) return Promise.resolve(false)
      leases.set(name, { owner, expiresAt: now + ttlMs })
      return Promise.resolve(true)
    },
    release: (name, owner) => {
      if (leases.get(name)?.owner === owner) leases.delete(name)
      return Promise.resolve()
    },
    add: (name, amount, limit, now, ttlMs) => {
      step(now)
      return Promise.resolve(add(name, amount, limit, now, ttlMs))
    },
    peek: (name, now) => Promise.resolve(alive(name, now)?.value ?? 0),
  }
}

function memoryLedger(maxTraces: number): LedgerStore {
  // In order of arrival: the first entry is the one to go when the store is full.
  const rows = new Map<string, TraceRow>()
  const accesses: AccessRow[] = []
  return {
    appendTraces: (incoming) => {
      for (const source of incoming) {
        const row = storedTrace(source)
        if (!rows.has(row.requestId)) rows.set(row.requestId, row)
      }
      for (const requestId of rows.keys()) {
        if (rows.size <= maxTraces) break
        rows.delete(requestId)
      }
      return Promise.resolve()
    },
    trace: (requestId) => Promise.resolve(rows.get(storedId(requestId))),
    traces: (query) => {
      const found = [...rows.values()].filter((row) => matchesQuery(row, query)).sort(newestFirst)
      return Promise.resolve(found.slice(0, Math.max(0, query.limit)))
    },
    pruneTraces: (before, batch) => {
      const old = [...rows.values()].filter((row) => row.startedAt < before).sort(newestFirst)
      const doomed = old.slice(Math.max(0, old.length - batch))
      for (const row of doomed) rows.delete(row.requestId)
      return Promise.resolve(doomed.length)
    },
    check: () => Promise.resolve(),
    appendAccesses: (incoming) => {
      for (const row of incoming) accesses.push(storedAccess(row))
      accesses.splice(0, Math.max(0, accesses.length - maxTraces))
      return Promise.resolve()
    },
    accesses: ({ limit, credential }) => {
      const found = accesses.filter((row) => credential === undefined || row.credential === credential)
      // The sort is stable: of one millisecond, the later arrival comes first.
      const newest = found.toReversed().sort((left, right) => right.at - left.at)
      return Promise.resolve(newest.slice(0, Math.max(0, limit)))
    },
    pruneAccesses: (before, batch) => {
      const old = accesses.filter((row) => row.at < before).sort((left, right) => left.at - right.at)
      const doomed = new Set(old.slice(0, Math.max(0, batch)))
      const kept = accesses.filter((row) => !doomed.has(row))
      accesses.splice(0, accesses.length, ...kept)
      return Promise.resolve(doomed.size)
    },
  }
}

function memoryVault(): VaultStore {
  const records = new Map<string, VaultRecord>()
  return {
    exclusive: true,
    get: (name) => Promise.resolve(records.get(name)),
    list: () => Promise.resolve([...records.values()].sort((left, right) => (left.name < right.name ? -1 : 1))),
    put: ({ name, sealed, keyId }, expected, now) => {
      const present = records.get(name)
      const current = present?.version ?? 0
      if (expected !== null && expected !== current) return Promise.resolve({ ok: false, current })
      const version = current + 1
      records.set(name, { name, sealed, keyId, version, createdAt: present?.createdAt ?? now, updatedAt: now })
      return Promise.resolve({ ok: true, version })
    },
    remove: (name) => Promise.resolve(records.delete(name)),
  }
}

function memoryState(maxLength: number): StateStore {
  // In order of arrival, which is nearly that of expiry: the first entries are the ones to go.
  const records = new Map<string, StateRecord>()
  let length = 0

  function remove(key: string): void {
    length -= records.get(key)?.sealed.length ?? 0
    records.delete(key)
  }

  function expired(now: number, batch: number): string[] {
    const keys: string[] = []
    for (const record of records.values()) {
      if (keys.length >= batch) break
      if (record.expiresAt <= now) keys.push(record.key)
    }
    return keys
  }

  let puts = 0
  return {
    put: (incoming, now) => {
      puts += 1
      if (puts % sweepEvery === 0) expired(now, Infinity).forEach(remove)
      for (const record of incoming) {
        remove(record.key)
        records.set(record.key, record)
        length += record.sealed.length
      }
      for (const key of records.keys()) {
        if (length <= maxLength) break
        remove(key)
      }
      return Promise.resolve()
    },
    get: (keys, now) => {
      const found = keys.map((key) => records.get(key)).filter((record) => record !== undefined)
      return Promise.resolve(
        new Map(found.filter((record) => record.expiresAt > now).map(({ key, sealed }) => [key, sealed])),
      )
    },
    sweep: (now, batch) => {
      const doomed = expired(now, batch)
      doomed.forEach(remove)
      return Promise.resolve(doomed.length)
    },
    heads: (now) => {
      const counts = new Map<string, number>()
      for (const { sealed, expiresAt } of records.values()) {
        const head = sealed.slice(0, 16)
        if (expiresAt > now) counts.set(head, (counts.get(head) ?? 0) + 1)
      }
      return Promise.resolve(counts)
    },
  }
}

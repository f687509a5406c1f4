// The stores over a key-value service that is eventually consistent (Cloudflare KV).
// It has no compare-and-set, so there is no CoordinationStore here and there must not be a pretended one.
import type {
  ConfigStore,
  LedgerStore,
  StateStore,
  StoredConfig,
  TraceQuery,
  TraceRow,
  VaultStore,
} from '../ports/index.ts'
import { entriesUnder, fieldsOf, inverted, keyPage, keyPart, type KeyValue, type KeyValueEntry } from './key-value.ts'
import { kvAccesses } from './kv-accesses.ts'
import { kvVault } from './kv-vault.ts'
import { matchesQuery, storedText, storedTrace } from './trace-row.ts'

export type { KeyValue, KeyValueEntry } from './key-value.ts'

export interface KvOptions {
  /** Rows vanish by themselves after this time, which saves pruning; null keeps them. */
  readonly traceTtlMs: number | null
  /** The same for rows of the access audit; absent: 30 days. */
  readonly accessTtlMs?: number | null
}

const defaultAccessTtlMs = 30 * 24 * 60 * 60 * 1000

export interface KvStores {
  readonly config: ConfigStore
  readonly coordination: undefined
  readonly ledger: LedgerStore
  readonly state: StateStore
  readonly vault: VaultStore
}

/** The stores that KV can serve honestly. A configuration that needs the other has to be refused by whoever reads it. */
export function createKvStores(kv: KeyValue, options: KvOptions = { traceTtlMs: null }): KvStores {
  const accesses = kvAccesses(kv, options.accessTtlMs === undefined ? defaultAccessTtlMs : options.accessTtlMs)
  return {
    config: kvConfig(kv),
    coordination: undefined,
    ledger: { ...kvLedger(kv, options), ...accesses },
    state: kvState(kv),
    vault: kvVault(kv),
  }
}

const currentConfig = 'config/current'
const configRevisions = 'config/revision/'
const tracePrefix = 'trace/'
const traceIds = 'trace-id/'
const statePrefix = 'state/'

// A removed row takes two of the 1,000 operations that an invocation has.
const maxPruned = 400
// Reads for one request; the rest of the invocation's operations is for others.
const maxRead = 500

function storedConfig(value: unknown): StoredConfig | undefined {
  const fields = fieldsOf(value)
  const revision = fields?.['revision']
  const document = fields?.['document']
  const publishedAt = fields?.['publishedAt']
  if (typeof revision !== 'number' || typeof document !== 'string' || typeof publishedAt !== 'number') return undefined
  return { revision, document, publishedAt }
}

function kvConfig(kv: KeyValue): ConfigStore {
  const load = async (): Promise<StoredConfig | undefined> => storedConfig(await kv.get(currentConfig))

  return {
    exclusive: false,
    load,
    // A list would tell it without the document, and costs more than the document does.
    revision: async () => {
      const stored = await load()
      return stored && { revision: stored.revision, publishedAt: stored.publishedAt }
    },
    // `expected` only lifts the revision: this replica may not have seen the document the caller built on, and
    // refusing on a stale read would lock out the honest operator without stopping a race.
    publish: async (document, expected, now) => {
      const revision = Math.max((await load())?.revision ?? 0, expected) + 1
      const config: StoredConfig = { revision, document, publishedAt: now }
      await kv.put(configRevisions + inverted(revision), config, {})
      await kv.put(currentConfig, config, {})
      return { ok: true, revision }
    },
    history: async (limit) => {
      if (limit <= 0) return []
      const { entries } = await kv.list({ prefix: configRevisions, limit: Math.min(limit, keyPage) })
      const documents = await Promise.all(entries.map(async ({ key }) => storedConfig(await kv.get(key))))
      return documents.filter((document) => document !== undefined)
    },
  }
}

/** The filter fields, for listing without reading values; empty where they would be too long. */
function noteOf(row: TraceRow): string {
  const note = JSON.stringify([row.route, row.provider, row.outcome])
  return note.length <= 300 ? note : ''
}

/** False where a note already shows that its row cannot match. */
function noteMayMatch(note: string, query: TraceQuery): boolean {
  if (note === '') return true
  // Compared as text, as the note was made: the parts a query asks for have to be in it.
  return [query.route, query.provider, query.outcome].every(
    (part) => part === undefined || note.includes(JSON.stringify(storedText(part))),
  )
}

type TraceLedger = Omit<LedgerStore, 'appendAccesses' | 'accesses' | 'pruneAccesses'>

function kvLedger(kv: KeyValue, { traceTtlMs }: KvOptions): TraceLedger {
  const ttl = traceTtlMs === null ? {} : { ttlMs: traceTtlMs }

  async function append(source: TraceRow): Promise<void> {
    const row = storedTrace(source)
    const idKey = traceIds + keyPart(row.requestId)
    if ((await kv.get(idKey)) !== undefined) return
    const key = `${tracePrefix}${inverted(row.startedAt)}/${keyPart(row.requestId)}`
    // The row first: a stop in between leaves a row that is listed, and the retry writes the same key again.
    await kv.put(key, row, { ...ttl, note: noteOf(row) })
    await kv.put(idKey, key, ttl)
  }

  async function read(key: string): Promise<TraceRow | undefined> {
    const fields = fieldsOf(await kv.get(key))
    return fields === undefined ? undefined : storedTrace(fields)
  }

  /** Keys that started before `before`, newest first. KV cannot start a list at a key, so newer ones are walked over. */
  async function* keysBefore(before: number | undefined): AsyncGenerator<KeyValueEntry> {
    // '0' sorts right after '/', so this lies behind every key of that very millisecond and before the next older one.
    const after = before === undefined ? '' : `${tracePrefix}${inverted(before)}0`
    for await (const entry of entriesUnder(kv, tracePrefix)) if (entry.key > after) yield entry
  }

  async function traces(query: TraceQuery): Promise<readonly TraceRow[]> {
    const found: TraceRow[] = []
    if (query.limit <= 0) return found
    let candidates: string[] = []
    async function take(): Promise<void> {
      const rows = await Promise.all(candidates.map(read))
      candidates = []
      for (const row of rows) if (row !== undefined && matchesQuery(row, query)) found.push(row)
    }
    for await (const { key, note } of keysBefore(query.before)) {
      if (!noteMayMatch(note, query)) continue
      candidates.push(key)
      // Values are read in parallel, and never more of them than are still wanted.
      if (found.length + candidates.length >= query.limit) await take()
      if (found.length >= query.limit) return found
    }
    await take()
    return found
  }

  async function pruneTraces(before: number, batch: number): Promise<number> {
    const doomed: string[] = []
    for await (const { key } of keysBefore(before)) {
      doomed.push(key)
      // The oldest come last, so only the end of the walk is kept.
      if (doomed.length > Math.min(batch, maxPruned)) doomed.shift()
    }
    for (const key of doomed) {
      await kv.delete(traceIds + key.slice(key.lastIndexOf('/') + 1))
      await kv.delete(key)
    }
    return doomed.length
  }

  return {
    appendTraces: async (rows) => {
      for (const row of rows) await append(row)
    },
    trace: async (requestId) => {
      const key = await kv.get(traceIds + keyPart(requestId))
      return typeof key === 'string' ? read(key) : undefined
    },
    traces,
    pruneTraces,
    check: async () => {
      await kv.get(currentConfig)
    },
  }
}

/** One key each, so that two answers never write to one key: KV takes one write a second there. */
function kvState(kv: KeyValue): StateStore {
  async function read(key: string, now: number): Promise<readonly [string, string] | undefined> {
    const fields = fieldsOf(await kv.get(statePrefix + key))
    const sealed = fields?.['sealed']
    const expiresAt = fields?.['expiresAt']
    // KV keeps a value for a minute at least and forgets it when it likes, so the end is checked here.
    return typeof sealed === 'string' && typeof expiresAt === 'number' && expiresAt > now ? [key, sealed] : undefined
  }

  return {
    put: async (records, now) => {
      await Promise.all(
        records.map(({ key, sealed, expiresAt }) =>
          kv.put(statePrefix + key, { sealed, expiresAt }, { ttlMs: Math.max(1, expiresAt - now) }),
        ),
      )
    },
    get: async (keys, now) => {
      const found = await Promise.all(keys.slice(0, maxRead).map((key) => read(key, now)))
      return new Map(found.filter((entry) => entry !== undefined))
    },
    sweep: () => Promise.resolve(0),
  }
}

// The stores over SQL: which statement answers which call. The SQL itself is in sql/queries.ts.
import type {
  ConfigStore,
  CoordinationStore,
  CounterResult,
  LedgerStore,
  PublishResult,
  StateStore,
  StoredConfig,
  VaultRecord,
  VaultStore,
} from '../ports/index.ts'
import { storedAccess } from './access-row.ts'
import type { SqlExecutor, SqlRow } from './sql/executor.ts'
import * as queries from './sql/queries.ts'
import { storedTrace } from './trace-row.ts'

export interface SqlStores {
  readonly config: ConfigStore
  readonly coordination: CoordinationStore
  readonly ledger: LedgerStore
  readonly state: StateStore
  readonly vault: VaultStore
}

// What has expired is removed once per this many steps; the first time early, as a Worker isolate may not live long.
const sweepEvery = 500
const firstSweep = 50
const sweepBatch = 1000
const boundEvery = 50

/** How much is kept of what nobody prunes. */
export interface SqlLimits {
  /** Rows of the access audit, give or take those of 50 appends. */
  readonly accesses: number
}

/** The stores over one migrated database (see `migrate`). */
export function createSqlStores(sql: SqlExecutor, limits: SqlLimits = { accesses: 200_000 }): SqlStores {
  return {
    config: sqlConfig(sql),
    coordination: sqlCoordination(sql),
    ledger: sqlLedger(sql, limits),
    state: sqlState(sql),
    vault: sqlVault(sql),
  }
}

/** A column that holds a number in every row we wrote; anything else means that the database was tampered with. */
function numberOf(row: SqlRow | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value !== 'number') throw new TypeError(`the database gave no number for ${column}`)
  return value
}

function sqlConfig(sql: SqlExecutor): ConfigStore {
  async function history(limit: number): Promise<readonly StoredConfig[]> {
    const rows = await sql.all(queries.configHistory, [Math.max(0, limit)])
    return rows.map((row) => ({
      revision: numberOf(row, 'revision'),
      document: String(row['document']),
      publishedAt: numberOf(row, 'publishedAt'),
    }))
  }

  async function publish(document: string, expected: number, now: number): Promise<PublishResult> {
    const { changes } = await sql.run(queries.publishConfig, [document, expected, now])
    if (changes === 1) return { ok: true, revision: expected + 1 }
    const rows = await sql.all(queries.currentRevision, [])
    return { ok: false, current: numberOf(rows[0], 'revision') }
  }

  return {
    exclusive: true,
    load: async () => (await history(1))[0],
    async revision() {
      const [row] = await sql.all(queries.newestRevision, [])
      return row && { revision: numberOf(row, 'revision'), publishedAt: numberOf(row, 'publishedAt') }
    },
    publish,
    history,
  }
}

function sqlCoordination(sql: SqlExecutor): CoordinationStore {
  let steps = sweepEvery - firstSweep

  async function sweep(now: number): Promise<void> {
    steps += 1
    if (steps % sweepEvery !== 0) return
    // The caller has its answer already; housekeeping that fails is tried again later.
    await sql
      .batch([
        { sql: queries.sweepCounters, params: [now] },
        { sql: queries.sweepLeases, params: [now] },
      ])
      .catch(() => [])
  }

  async function peek(name: string, now: number): Promise<number> {
    const rows = await sql.all(queries.readCounter, [name, now])
    return rows.length === 0 ? 0 : numberOf(rows[0], 'value')
  }

  async function add(
    name: string,
    amount: number,
    limit: number | null,
    now: number,
    ttlMs: number,
  ): Promise<CounterResult> {
    // Without a limit the sum still has to stay an integer that JavaScript can hold.
    const most = limit ?? Number.MAX_SAFE_INTEGER
    const rows = await sql.all(queries.addToCounter, [name, amount, most, now, now + ttlMs])
    const result = rows.length === 0 ? { ok: false, value: await peek(name, now) } : added(rows)
    await sweep(now)
    return result
  }

  function added(rows: readonly SqlRow[]): CounterResult {
    return { ok: true, value: numberOf(rows[0], 'value') }
  }

  return {
    acquire: async (name, owner, now, ttlMs) => {
      const rows = await sql.all(queries.acquireLease, [name, owner, now, now + ttlMs])
      await sweep(now)
      return rows.length === 1
    },
    release: async (name, owner) => {
      await sql.run(queries.releaseLease, [name, owner])
    },
    add,
    peek,
  }
}

function sqlLedger(sql: SqlExecutor, limits: SqlLimits): LedgerStore {
  let appends = 0
  return {
    appendTraces: async (rows) => {
      const statements = queries.appendStatements(rows, sql.bulk)
      if (statements.length > 0) await sql.batch(statements)
    },
    trace: async (requestId) => {
      const { sql: text, params } = queries.oneTrace(requestId)
      const row = (await sql.all(text, params))[0]
      return row === undefined ? undefined : storedTrace(row)
    },
    traces: async (query) => {
      const { sql: text, params } = queries.listTraces(query)
      return (await sql.all(text, params)).map((row) => storedTrace(row))
    },
    pruneTraces: async (before, batch) => {
      const { changes } = await sql.run(queries.pruneTraces, [before, Math.max(0, batch)])
      return changes
    },
    check: async () => {
      await sql.all(queries.checkTraces, [])
    },
    appendAccesses: async (rows) => {
      if (rows.length === 0) return
      const values = rows.map((source) => {
        const row = storedAccess(source)
        return [row.at, row.credential, row.source, row.reason, row.outcome, row.durationMs]
      })
      await sql.run(queries.appendAccesses, [JSON.stringify(values)])
      appends += 1
      // The rows are there already; housekeeping that fails is tried again later.
      if (appends % boundEvery === 0) await sql.run(queries.boundAccesses, [limits.accesses]).catch(() => {})
    },
    accesses: async ({ limit, credential }) => {
      const most = Math.max(0, limit)
      const rows =
        credential === undefined
          ? await sql.all(queries.listAccesses, [most])
          : await sql.all(queries.listAccessesOf, [most, credential])
      return rows.map((row) => storedAccess(row))
    },
    pruneAccesses: async (before, batch) => {
      return (await sql.run(queries.pruneAccesses, [before, Math.max(0, batch)])).changes
    },
  }
}

function sqlVault(sql: SqlExecutor): VaultStore {
  async function get(name: string): Promise<VaultRecord | undefined> {
    const [row] = await sql.all(queries.getVault, [name])
    return row === undefined ? undefined : vaultRecordOf(row)
  }

  return {
    exclusive: true,
    get,
    list: async () => (await sql.all(queries.listVault, [])).map(vaultRecordOf),
    put: async ({ name, sealed, keyId }, expected, now) => {
      const [row] = await sql.all(queries.putVault, [name, sealed, keyId, expected ?? -1, now])
      if (row !== undefined) return { ok: true, version: numberOf(row, 'version') }
      return { ok: false, current: (await get(name))?.version ?? 0 }
    },
    remove: async (name) => (await sql.run(queries.removeVault, [name])).changes > 0,
  }
}

function vaultRecordOf(row: SqlRow): VaultRecord {
  return {
    name: String(row['name']),
    sealed: String(row['sealed']),
    keyId: String(row['keyId']),
    version: numberOf(row, 'version'),
    createdAt: numberOf(row, 'createdAt'),
    updatedAt: numberOf(row, 'updatedAt'),
  }
}

function sqlState(sql: SqlExecutor): StateStore {
  let steps = sweepEvery - firstSweep

  async function sweep(now: number, batch: number): Promise<number> {
    return (await sql.run(queries.sweepState, [now, Math.max(0, batch)])).changes
  }

  return {
    put: async (records, now) => {
      if (records.length === 0) return
      await sql.batch(
        records.map(({ key, sealed, expiresAt }) => ({ sql: queries.putState, params: [key, sealed, expiresAt] })),
      )
      steps += 1
      // The record is there already; housekeeping that fails is tried again later.
      if (steps % sweepEvery === 0) await sweep(now, sweepBatch).catch(() => 0)
    },
    get: async (keys, now) => {
      if (keys.length === 0) return new Map()
      const rows = await sql.all(queries.getState, [JSON.stringify(keys), now])
      return new Map(rows.map((row) => [String(row['key']), String(row['sealed'])]))
    },
    sweep,
    heads: async (now) => {
      const rows = await sql.all(queries.stateHeads, [now])
      return new Map(rows.map((row) => [String(row['head']), numberOf(row, 'count')]))
    },
  }
}

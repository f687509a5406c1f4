// Every SQL text of Signalbox and what each returns. Constants only: values are bound, never written into the text.
// One dialect for D1, node:sqlite and bun:sqlite: no BEGIN, no PRAGMA, at most a handful of parameters.
import type { TraceQuery, TraceRow } from '../../ports/index.ts'
import { storedId, storedText, storedTrace, traceFields } from '../trace-row.ts'
import type { SqlExecutor, SqlStatement, SqlValue } from './executor.ts'

// Every amount that is stored again is cast: D1 binds numbers as REAL.

/** Params: document, expected revision, now. Changes one row, or none where somebody published in between. */
export const publishConfig = `
INSERT INTO config_documents (revision, document, published_at)
SELECT CAST(?2 AS INTEGER) + 1, ?1, CAST(?3 AS INTEGER)
WHERE (SELECT COALESCE(MAX(revision), 0) FROM config_documents) = ?2`

export const currentRevision = 'SELECT COALESCE(MAX(revision), 0) AS revision FROM config_documents'

export const newestRevision = `
SELECT revision, published_at AS publishedAt FROM config_documents ORDER BY revision DESC LIMIT 1`

/** Params: limit. */
export const configHistory = `
SELECT revision, document, published_at AS publishedAt FROM config_documents ORDER BY revision DESC LIMIT ?1`

/** Params: name, owner, now, expiry. Returns a row where `owner` holds the lease afterwards. */
export const acquireLease = `
INSERT INTO leases (name, owner, expires_at) VALUES (?1, ?2, CAST(?4 AS INTEGER))
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
WHERE leases.owner = excluded.owner OR leases.expires_at <= ?3
RETURNING name`

/** Params: name, owner. */
export const releaseLease = 'DELETE FROM leases WHERE name = ?1 AND owner = ?2'

/**
 * Params: name, amount, limit, now, expiry. Returns the new value, or no row where it would pass the limit.
 * The SELECT finds the live counter (an expired one counts as absent), adds, and gives up above the limit; the
 * statement takes the write lock before it reads, so nobody adds in between. A running counter keeps its expiry.
 */
export const addToCounter = `
INSERT INTO counters (name, value, expires_at)
SELECT ?1, COALESCE(live.value, 0) + CAST(?2 AS INTEGER), COALESCE(live.expires_at, CAST(?5 AS INTEGER))
FROM (SELECT 1) LEFT JOIN counters AS live ON live.name = ?1 AND live.expires_at > ?4
WHERE COALESCE(live.value, 0) + ?2 <= ?3
ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
RETURNING value`

/** Params: name, now. */
export const readCounter = 'SELECT value FROM counters WHERE name = ?1 AND expires_at > ?2'

/** Params: now. An expired row means the same as an absent one, so removing it changes nothing. Bounded, to stay short. */
export const sweepCounters = `
DELETE FROM counters WHERE name IN (SELECT name FROM counters WHERE expires_at <= ?1 LIMIT 1000)`
export const sweepLeases = `
DELETE FROM leases WHERE name IN (SELECT name FROM leases WHERE expires_at <= ?1 LIMIT 1000)`

/** Params: key, sealed text, expiry. The later record takes the place of the earlier. */
export const putState = `
INSERT INTO reasoning_state (key, sealed, expires_at) VALUES (?1, ?2, CAST(?3 AS INTEGER))
ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`

/** Params: the keys as a JSON list (a statement may have 100 parameters on D1), now. */
export const getState = `
SELECT key, sealed FROM reasoning_state WHERE key IN (SELECT value FROM json_each(?1)) AND expires_at > ?2`

/** Params: now, at most. */
export const sweepState = `
DELETE FROM reasoning_state WHERE key IN (
  SELECT key FROM reasoning_state WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
)`

/** Params: now. Bounded, as each row is read for it; the index gives those that have been there longest. */
export const stateHeads = `
SELECT substr(sealed, 1, 16) AS head, COUNT(*) AS count FROM (
  SELECT sealed FROM reasoning_state WHERE expires_at > ?1 ORDER BY expires_at LIMIT 10000
) GROUP BY head`

const vaultColumns = 'name, sealed, key_id AS keyId, version, created_at AS createdAt, updated_at AS updatedAt'

/** Params: name. */
export const getVault = `SELECT ${vaultColumns} FROM vault WHERE name = ?1`
export const listVault = `SELECT ${vaultColumns} FROM vault ORDER BY name`

/**
 * Params: name, sealed, key id, expected version (0: not there; -1: any), now. Returns the new version, or no row where
 * somebody changed it in between.
 */
export const putVault = `
INSERT INTO vault (name, sealed, key_id, version, created_at, updated_at)
SELECT ?1, ?2, ?3, 1, CAST(?5 AS INTEGER), CAST(?5 AS INTEGER)
WHERE ?4 = -1 OR (SELECT COALESCE(MAX(version), 0) FROM vault WHERE name = ?1) = ?4
ON CONFLICT (name) DO UPDATE SET
  sealed = excluded.sealed, key_id = excluded.key_id, version = vault.version + 1, updated_at = excluded.updated_at
RETURNING version`

/** Params: name. */
export const removeVault = 'DELETE FROM vault WHERE name = ?1'

/** Params: rows as a JSON list of lists. */
export const appendAccesses = `
INSERT INTO credential_accesses (at, credential, source, reason, outcome, duration_ms)
SELECT CAST(value->>0 AS INTEGER), value->>1, value->>2, value->>3, value->>4, CAST(value->>5 AS INTEGER)
FROM json_each(?1) WHERE true`

const accessColumns = 'at, credential, source, reason, outcome, duration_ms AS durationMs'

/** Params: at most. */
export const listAccesses = `SELECT ${accessColumns} FROM credential_accesses ORDER BY at DESC, id DESC LIMIT ?1`
/** Params: at most, credential. */
export const listAccessesOf = `
SELECT ${accessColumns} FROM credential_accesses WHERE credential = ?2 ORDER BY at DESC, id DESC LIMIT ?1`

/** Params: before, at most. Removes the oldest first. */
export const pruneAccesses = `
DELETE FROM credential_accesses WHERE id IN (
  SELECT id FROM credential_accesses WHERE at < ?1 ORDER BY at, id LIMIT ?2
)`

/** Params: how many rows stay. Ids only grow, so the oldest are below the newest by as many. */
export const boundAccesses = `
DELETE FROM credential_accesses WHERE id <= (SELECT MAX(id) FROM credential_accesses) - ?1`

const columns = traceFields.map(columnName)

function columnName(field: keyof TraceRow): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const insertInto = `INSERT INTO traces (${columns.join(', ')})`
const unlessThere = 'ON CONFLICT (request_id) DO NOTHING'
const insertTrace = `${insertInto} VALUES (${columns.map(() => '?').join(', ')}) ${unlessThere}`
const insertTraces = `
${insertInto} SELECT ${columns.map((_, index) => `value->>${index}`).join(', ')} FROM json_each(?1) WHERE true
${unlessThere}`

const selectTraces = `SELECT ${columns.map((column, index) => `${column} AS ${traceFields[index]}`).join(', ')} FROM traces`

/** Params: request id. */
export const traceById = `${selectTraces} WHERE request_id = ?1`

/** Params: before, at most. Removes the oldest first. */
export const pruneTraces = `
DELETE FROM traces WHERE rowid IN (
  SELECT rowid FROM traces WHERE started_at < ?1 ORDER BY started_at, request_id DESC LIMIT ?2
)`

export const checkTraces = 'SELECT request_id FROM traces LIMIT 1'

// One bound text may be 2 MB on D1, and a unit takes 3 bytes of UTF-8 at most. A single stored row may have as many units,
// but only where control characters were escaped, which takes one byte a unit.
const maxChunkUnits = 400_000

/** The statements that append these rows in order, to be run as one batch. */
export function appendStatements(rows: readonly TraceRow[], bulk: SqlExecutor['bulk']): SqlStatement[] {
  const values = rows.map(traceValues)
  return bulk === 'bind' ? values.map((params) => ({ sql: insertTrace, params })) : jsonStatements(values)
}

function traceValues(source: TraceRow): SqlValue[] {
  const row = storedTrace(source)
  return traceFields.map((field) => {
    const value = row[field]
    return typeof value === 'boolean' ? Number(value) : value
  })
}

function jsonStatements(rows: readonly (readonly SqlValue[])[]): SqlStatement[] {
  const statements: SqlStatement[] = []
  let chunk: string[] = []
  let units = 0
  function close(): void {
    if (chunk.length > 0) statements.push({ sql: insertTraces, params: [`[${chunk.join(',')}]`] })
    chunk = []
    units = 0
  }
  for (const row of rows) {
    const text = JSON.stringify(row)
    if (units + text.length > maxChunkUnits) close()
    chunk.push(text)
    units += text.length + 1
  }
  close()
  return statements
}

/** The listing. Its text is one of sixteen, so that a statement cache holds them all and `before` can use the index. */
export function listTraces(query: TraceQuery): SqlStatement {
  const conditions: string[] = []
  const params: SqlValue[] = [Math.max(0, query.limit)]
  function where(condition: string, value: SqlValue | undefined): void {
    if (value === undefined) return
    params.push(value)
    conditions.push(`${condition} ?${params.length}`)
  }
  where('started_at <', query.before)
  where('route =', query.route === undefined ? undefined : storedText(query.route))
  where('provider =', query.provider === undefined ? undefined : storedText(query.provider))
  where('outcome =', query.outcome === undefined ? undefined : storedText(query.outcome))
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  return { sql: `${selectTraces}${filter} ORDER BY started_at DESC, request_id LIMIT ?1`, params }
}

/** One trace by its id. */
export function oneTrace(requestId: string): SqlStatement {
  return { sql: traceById, params: [storedId(requestId)] }
}

// What instances agree on, in two tables: rows that are changed on top of a version, and places in a count.
import type { AgreedChange, AgreedRow, AgreementStore } from '../../ports/index.ts'
import type { SqlExecutor, SqlRow, SqlStatement } from './executor.ts'

// Every amount that is stored is cast: D1 binds numbers as REAL.

/**
 * Params: owner, the slots as a JSON list of [name, limit], expiry, now. One statement, so that nobody takes a place between
 * counting and taking.
 */
const takeSlots = `
INSERT INTO coordination_slots (name, owner, expires_at)
SELECT asked.value->>0, ?1, CAST(?3 AS INTEGER) FROM json_each(?2) AS asked
WHERE NOT EXISTS (
  SELECT 1 FROM json_each(?2) AS other WHERE (
    SELECT COUNT(*) FROM coordination_slots AS held
    WHERE held.name = other.value->>0 AND held.expires_at > ?4 AND held.owner <> ?1
  ) >= other.value->>1
)
ON CONFLICT (name, owner) DO UPDATE SET expires_at = excluded.expires_at`

/** Params: owner, slots as above, now. Whether the owner has it, and whether it is full, in the order of the list. */
const lookAtSlots = `
SELECT
  EXISTS (
    SELECT 1 FROM coordination_slots WHERE name = asked.value->>0 AND owner = ?1 AND expires_at > ?3
  ) AS taken,
  (
    SELECT COUNT(*) FROM coordination_slots AS held WHERE held.name = asked.value->>0 AND held.expires_at > ?3
  ) >= asked.value->>1 AS is_full
FROM json_each(?2) AS asked ORDER BY asked.key`

/** Params: owner, names as a JSON list, expiry. */
const renewSlots = `
INSERT INTO coordination_slots (name, owner, expires_at)
SELECT value, ?1, CAST(?3 AS INTEGER) FROM json_each(?2) WHERE true
ON CONFLICT (name, owner) DO UPDATE SET expires_at = excluded.expires_at`

/** Params: owner, names as a JSON list. */
const releaseSlots = `
DELETE FROM coordination_slots WHERE owner = ?1 AND name IN (SELECT value FROM json_each(?2))`

/** Params: now. */
const usedSlots = `
SELECT name, COUNT(*) AS used FROM coordination_slots WHERE expires_at > ?1 GROUP BY name ORDER BY name`

/** Params: now. Bounded, to stay short. */
const sweepSlots = `
DELETE FROM coordination_slots WHERE (name, owner) IN (
  SELECT name, owner FROM coordination_slots WHERE expires_at <= ?1 LIMIT 1000
)`
const sweepState = `
DELETE FROM coordination_state WHERE key IN (SELECT key FROM coordination_state WHERE forget_at <= ?1 LIMIT 1000)`

/**
 * Params: how many rows there may be. Of more than that, those that would be forgotten first; clients may ask for models of
 * any name, and must not push out what is known of the accounts.
 */
const sweepSurplus = `
DELETE FROM coordination_state WHERE key IN (
  SELECT key FROM coordination_state WHERE substr(key, 1, 13) <> 'lock' || char(31) || 'account' || char(31)
  ORDER BY forget_at LIMIT min(1000, max(0, (SELECT COUNT(*) FROM coordination_state) - CAST(?1 AS INTEGER)))
)`

/** Params: keys as a JSON list. */
const selectRows = `
SELECT key, value, version FROM coordination_state WHERE key IN (SELECT value FROM json_each(?1))`

/** How many locks and breakers are remembered. */
const maxRows = 20_000
const selectAll = `SELECT key, value, version FROM coordination_state ORDER BY key LIMIT ${maxRows}`

/**
 * Params: key, value, when it may be forgotten, now. A first version is a time, so that a row that was removed and came
 * again is never taken for the one before.
 */
const insertRow = `
INSERT INTO coordination_state (key, value, forget_at, version)
VALUES (?1, ?2, CAST(?3 AS INTEGER), CAST(?4 AS INTEGER)) ON CONFLICT (key) DO NOTHING`

/** Params: key, value, when it may be forgotten, the version that was read. */
const updateRow = `
UPDATE coordination_state SET value = ?2, forget_at = CAST(?3 AS INTEGER), version = version + 1
WHERE key = ?1 AND version = ?4`

/** Params: key, the version that was read. */
const deleteRow = 'DELETE FROM coordination_state WHERE key = ?1 AND version = ?2'

/** Params: keys as a JSON list. */
const deleteRows = 'DELETE FROM coordination_state WHERE key IN (SELECT value FROM json_each(?1))'

// The parts of a key are parted by a character that not every SQLite can hold in a text.
const stored = (key: string): string => key.replaceAll('\u0000', '\u001f')
const restored = (key: string): string => key.replaceAll('\u001f', '\u0000')
const listOf = (keys: readonly string[]): string => JSON.stringify(keys.map(stored))

/** The agreement over one migrated database. */
export function createAgreementStore(
  sql: SqlExecutor,
  limits: { readonly maxRows: number } = { maxRows },
): AgreementStore {
  return {
    async admit({ owner, slots, until, keys, now }) {
      const read: SqlStatement = { sql: selectRows, params: [listOf(keys)] }
      if (slots.length === 0) return { refused: null, rows: rowsOf(await sql.all(read.sql, read.params)) }
      const asked = JSON.stringify(slots.map(({ name, limit }) => [name, limit]))
      const [, looks = [], rows = []] = await sql.query([
        { sql: takeSlots, params: [owner, asked, until, now] },
        { sql: lookAtSlots, params: [owner, asked, now] },
        read,
      ])
      if (looks.every((look) => look['taken'] === 1)) return { refused: null, rows: rowsOf(rows) }
      return {
        refused: Math.max(
          0,
          looks.findIndex((look) => look['is_full'] === 1),
        ),
        rows: [],
      }
    },
    rows: async (keys) => rowsOf(await sql.all(selectRows, [listOf(keys)])),
    all: async () => rowsOf(await sql.all(selectAll, [])),
    async write(changes, now) {
      const done = await sql.batch(changes.map((change) => statementOf(change, now)))
      return done.map((one) => one.changes === 1)
    },
    remove: async (keys) => {
      if (keys.length > 0) await sql.run(deleteRows, [listOf(keys)])
    },
    renew: async (owner, names, until) => {
      await sql.run(renewSlots, [owner, JSON.stringify(names), until])
    },
    release: async (owner, names) => {
      await sql.run(releaseSlots, [owner, JSON.stringify(names)])
    },
    slots: async (now) =>
      (await sql.all(usedSlots, [now])).map((row) => [String(row['name']), Number(row['used'])] as const),
    sweep: async (now) => {
      await sql.batch([
        { sql: sweepSlots, params: [now] },
        { sql: sweepState, params: [now] },
        { sql: sweepSurplus, params: [limits.maxRows] },
      ])
    },
  }
}

function statementOf({ key, value, expected, forgetAt }: AgreedChange, now: number): SqlStatement {
  if (value === null) return { sql: deleteRow, params: [stored(key), expected] }
  if (expected === 0) return { sql: insertRow, params: [stored(key), value, forgetAt, now] }
  return { sql: updateRow, params: [stored(key), value, forgetAt, expected] }
}

function rowsOf(rows: readonly SqlRow[]): AgreedRow[] {
  return rows.map((row) => ({
    key: restored(String(row['key'])),
    value: String(row['value']),
    version: Number(row['version']),
  }))
}

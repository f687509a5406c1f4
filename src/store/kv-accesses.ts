// The access audit over a key-value service: rows that vanish by themselves. Order within one millisecond is kept inside
// one append only, and a look that is not yet on this replica is missing from the list.
import type { AccessRow, LedgerStore } from '../ports/index.ts'
import { parseJson } from '../wire/json-parse.ts'
import { storedAccess } from './access-row.ts'
import { entriesUnder, escaped, fieldsOf, inverted, type KeyValue } from './key-value.ts'

const prefix = 'access/'

// A look at a secret is rare; who asks for one credential among many still walks a bounded number of keys.
const maxWalked = 20_000
const maxPruned = 800

/** The access part of the ledger; `ttlMs` null keeps rows until they are pruned. */
export function kvAccesses(
  kv: KeyValue,
  ttlMs: number | null,
): Pick<LedgerStore, 'appendAccesses' | 'accesses' | 'pruneAccesses'> {
  return {
    appendAccesses: async (rows) => {
      const ttl = ttlMs === null ? {} : { ttlMs }
      await Promise.all(
        rows.map((source, index) => {
          const row = storedAccess(source)
          // The row is the note, so that a list needs no reads; the value is there for rows with very long names.
          return kv.put(keyOf(row, index), row, { ...ttl, note: noteOf(row) })
        }),
      )
    },
    accesses: async ({ limit, credential }) => {
      const found: AccessRow[] = []
      let walked = 0
      if (limit <= 0) return found
      for await (const { key, note } of entriesUnder(kv, prefix)) {
        walked += 1
        const fields = fieldsOf(note === '' ? await kv.get(key) : parseJson(note))
        const row = fields === undefined ? undefined : storedAccess(fields)
        if (row !== undefined && (credential === undefined || row.credential === credential)) found.push(row)
        if (found.length >= limit || walked >= maxWalked) break
      }
      return found
    },
    pruneAccesses: async (before, batch) => {
      // '0' sorts right after '/', so this lies behind every key of that very millisecond.
      const after = `${prefix}${inverted(before)}0`
      const doomed: string[] = []
      for await (const { key } of entriesUnder(kv, prefix)) {
        if (key <= after) continue
        doomed.push(key)
        // The oldest come last, so only the end of the walk is kept.
        if (doomed.length > Math.min(Math.max(0, batch), maxPruned)) doomed.shift()
      }
      for (const key of doomed) await kv.delete(key)
      return doomed.length
    },
  }
}

/** Newest first; a later row of one append before an earlier one. What differs in anything has a key of its own. */
function keyOf(row: AccessRow, index: number): string {
  const what = [row.source, row.reason, row.outcome, row.durationMs].map((part) => escaped(String(part)).slice(0, 40))
  return [`${prefix}${inverted(row.at)}`, inverted(index), escaped(row.credential), ...what]
    .join('/')
    .slice(0, 170)
    .toWellFormed()
}

function noteOf(row: AccessRow): string {
  const note = JSON.stringify(row)
  return note.length <= 300 ? note : ''
}

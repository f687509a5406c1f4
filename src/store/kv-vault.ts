// The vault over a key-value service. What it cannot do there: refuse a write for certain. Two who write at once, or one who
// reads what another replica does not have yet, end with the last write, so what rotates (refresh tokens) belongs elsewhere.
import type { VaultRecord, VaultStore } from '../ports/index.ts'
import { entriesUnder, escaped, fieldsOf, type KeyValue } from './key-value.ts'

const prefix = 'vault/'

// Each record is a read of its own, and one invocation has 1,000 operations for everything.
const maxListed = 500

/** A vault without compare-and-set: see the head of this file. */
export function kvVault(kv: KeyValue): VaultStore {
  async function read(name: string): Promise<VaultRecord | undefined> {
    return vaultRecord(await kv.get(prefix + escaped(name)))
  }

  return {
    exclusive: false,
    get: read,
    list: async () => {
      const keys: string[] = []
      for await (const { key } of entriesUnder(kv, prefix)) {
        keys.push(key)
        if (keys.length > maxListed) throw new RangeError(`a vault in KV is listed up to ${maxListed} entries: use D1`)
      }
      const records = await Promise.all(keys.map(async (key) => vaultRecord(await kv.get(key))))
      return records
        .filter((record) => record !== undefined)
        .sort((left, right) => (left.name < right.name ? -1 : Number(left.name > right.name)))
    },
    put: async ({ name, sealed, keyId }, expected, now) => {
      const present = await read(name)
      const seen = present?.version ?? 0
      // A replica lags and never runs ahead: a higher version was written for certain, a lower one proves nothing.
      if (expected !== null && seen > expected) return { ok: false, current: seen }
      const version = Math.max(seen, expected ?? 0) + 1
      const record: VaultRecord = { name, sealed, keyId, version, createdAt: present?.createdAt ?? now, updatedAt: now }
      await kv.put(prefix + escaped(name), record, {})
      return { ok: true, version }
    },
    remove: async (name) => {
      const present = await read(name)
      // Also where none is seen: another replica may have one.
      await kv.delete(prefix + escaped(name))
      return present !== undefined
    },
  }
}

function vaultRecord(value: unknown): VaultRecord | undefined {
  const fields = fieldsOf(value)
  const { name, sealed, keyId, version, createdAt, updatedAt } = fields ?? {}
  if (typeof name !== 'string' || typeof sealed !== 'string' || typeof keyId !== 'string') return undefined
  if (typeof version !== 'number' || typeof createdAt !== 'number' || typeof updatedAt !== 'number') return undefined
  return { name, sealed, keyId, version, createdAt, updatedAt }
}

// The KeyValue port over a KV namespace of Cloudflare.
import type { KeyValue } from '../../store/kv.ts'

/** The part of KVNamespace that is used, so that this file compiles with and without Cloudflare's types. */
export interface KvNamespace {
  get(key: string, type: 'json'): Promise<unknown>
  put(key: string, value: string, options?: { expirationTtl?: number; metadata?: unknown }): Promise<void>
  list(options: { prefix: string; limit: number; cursor?: string }): Promise<KvPage>
  delete(key: string): Promise<void>
}

type KvPage = {
  readonly keys: readonly { readonly name: string; readonly metadata?: unknown }[]
} & ({ readonly list_complete: true } | { readonly list_complete: false; readonly cursor: string })

// Cloudflare refuses a shorter life: https://developers.cloudflare.com/kv/api/write-key-value-pairs/
const minTtlSeconds = 60

/** A KV namespace as a KeyValue. Reads may be up to a minute old, and a value that is not JSON rejects. */
export function kvNamespace(namespace: KvNamespace): KeyValue {
  return {
    get: async (key) => (await namespace.get(key, 'json')) ?? undefined,
    put: (key, value, { note, ttlMs }) =>
      namespace.put(key, JSON.stringify(value), {
        ...(note === undefined ? {} : { metadata: note }),
        ...(ttlMs === undefined ? {} : { expirationTtl: Math.max(minTtlSeconds, Math.ceil(ttlMs / 1000)) }),
      }),
    list: async (options) => {
      const found = await namespace.list(options)
      const entries = found.keys.map(({ name, metadata }) => ({
        key: name,
        note: typeof metadata === 'string' ? metadata : '',
      }))
      return found.list_complete ? { entries } : { entries, cursor: found.cursor }
    },
    delete: (key) => namespace.delete(key),
  }
}

// Connection pools by where they lead and how: what one request may reuse, another with the same answers may.
import type { FetchRequest } from '../src/ports/index.ts'

/** Pools that are kept. The configuration names few; after many changes of it the oldest ones go. */
const maxPools = 128

export interface Pools<T> {
  of(request: FetchRequest, url: URL): T
  close(): Promise<void>
}

/** Makes pools as they are asked for; `end` closes one, with what is idle in it. */
export function createPools<T>(make: (request: FetchRequest, url: URL) => T, end: (pool: T) => unknown): Pools<T> {
  const pools = new Map<string, T>()
  return {
    of(request, url) {
      const key = keyOf(request, url)
      let pool = pools.get(key)
      if (pool === undefined) {
        pool = make(request, url)
        pools.set(key, pool)
        evict(pools)
      }
      return pool
    },
    async close() {
      await Promise.all([...pools.values()].map(end))
      pools.clear()
    },
  }
}

// Those that are let go are not closed: a stream may still run through one, and what is idle closes by itself.
function evict(pools: Map<string, unknown>): void {
  if (pools.size <= maxPools) return
  for (const oldest of pools.keys()) {
    pools.delete(oldest)
    return
  }
}

function keyOf({ connectTimeoutMs, allowPrivate, egress }: FetchRequest, url: URL): string {
  const direct = `${url.protocol}//${url.host} ${connectTimeoutMs} ${String(allowPrivate)}`
  if (egress === null) return direct
  // The address as well: a variable may have been changed.
  return `${direct} ${egress.id} ${egress.url.reveal()} ${egress.userAgent} ${JSON.stringify(egress.headers)}`
}

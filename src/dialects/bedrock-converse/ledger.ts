// The bookkeeping of one translation, with what this wire accepts as names, and where each cache point came from.
// Owns the cache points; everything else is the shared ledger's.
import type { CacheHint } from '../../ir/content.ts'
import type { IrRequest } from '../../ir/request.ts'
import { cachePath, createLedger as createBase, type Ledger as Base } from '../kit/ledger.ts'
import { present } from '../kit/present.ts'
import { encodeCache, type WireBlock } from './encode-content.ts'
import { familyOf, takesLongCache, type Family } from './family.ts'

/** The service takes no more cache points than this. */
const maxCachePoints = 4

export interface Ledger extends Base {
  readonly family: Family
  /**
   * The cache point that stands behind a block, as a list of none or one.
   * @param where in tools, Nova and all that do not cache refuse it
   */
  cachePoint(cache: CacheHint | undefined, at: string, where: 'tools' | 'content'): WireBlock[]
  /** Leaves out the first cache points where there are too many: the last ones end the longest prefixes. */
  limitCachePoints(blocks: readonly WireBlock[]): ReadonlySet<WireBlock>
  /** Reports a cache point that was made and cannot stand where it was meant to. */
  dropCachePoint(point: WireBlock, reason: string): void
  approximateCachePoint(point: WireBlock, reason: string): void
}

/** An empty ledger for a request of another wire to this model. */
export function createLedger(request: IrRequest, model: string): Ledger {
  const family = familyOf(model)
  const base = createBase({
    request,
    own: false,
    toolNames: { illegal: /[^a-zA-Z0-9_-]/g, maxLength: 64 },
    callIds: { illegal: /[^a-zA-Z0-9_.:-]/g, maxLength: 64 },
  })
  const places = new Map<WireBlock, string>()
  const pathOf = (point: WireBlock): string => places.get(point) ?? ''

  // Five minutes is what an entry lives for unless something else is said.
  function lifetime(ttl: string | undefined, path: string): string | undefined {
    const long = takesLongCache(model)
    if (ttl === undefined || ttl === '5m') return long ? ttl : undefined
    if (ttl === '1h' && long) return ttl
    base.approximate(`${path}.ttl`, 'the model keeps a cache entry for five minutes')
    return undefined
  }

  return {
    ...base,
    family,
    cachePoint(cache, at, where) {
      if (cache === undefined) return []
      const caches = family === 'anthropic' || family === 'unknown' || (family === 'nova' && where === 'content')
      if (!caches) {
        base.dropCache(cache, at)
        return []
      }
      const path = cachePath(cache, at)
      base.dropExtras(cache.extras, path)
      const point = encodeCache(present({ ttl: lifetime(cache.ttl, path) }))
      places.set(point, path)
      return [point]
    },
    limitCachePoints(blocks) {
      const surplus = blocks.filter((block) => 'cachePoint' in block).slice(0, -maxCachePoints)
      for (const point of surplus) base.drop(pathOf(point), 'at most four cache breakpoints')
      return new Set(surplus)
    },
    dropCachePoint: (point, reason) => base.drop(pathOf(point), reason),
    approximateCachePoint: (point, reason) => base.approximate(pathOf(point), reason),
  }
}

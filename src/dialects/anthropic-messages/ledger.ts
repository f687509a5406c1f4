// What one translation of a foreign request costs and changes. Owns this wire's names, and where each block came from.
import type { CacheHint } from '../../ir/content.ts'
import type { IrRequest } from '../../ir/request.ts'
import { cachePath, createLedger, type Ledger } from '../kit/ledger.ts'
import type { WireBlock } from './content.ts'

const illegal = /[^a-zA-Z0-9_-]/g
const toolNames = { illegal, maxLength: 128 }
// Ids have an alphabet but no length limit.
const callIds = { illegal, maxLength: Number.MAX_SAFE_INTEGER }

export interface BlockLedger extends Ledger {
  /** Remembers where in the client's body a block and its cache breakpoint came from, and gives it back. */
  place(block: WireBlock, path: string, cache: CacheHint | undefined): WireBlock
  pathOf(block: WireBlock): string
  cachePathOf(block: WireBlock): string
}

/** An empty ledger for a request of another wire. */
export function createBlockLedger(request: IrRequest): BlockLedger {
  const paths = new Map<WireBlock, string>()
  const cachePaths = new Map<WireBlock, string>()
  return {
    ...createLedger({ request, own: false, toolNames, callIds }),
    place(block, path, cache) {
      paths.set(block, path)
      if (cache !== undefined) cachePaths.set(block, cachePath(cache, path))
      return block
    },
    pathOf: (block) => paths.get(block) ?? '',
    cachePathOf: (block) => cachePaths.get(block) ?? '',
  }
}

// What one translation of a foreign request costs and changes. Owns this wire's names, and where each block came from.
import { createLedger, type Ledger } from '../kit/ledger.ts'
import type { WireBlock } from './content.ts'

const illegal = /[^a-zA-Z0-9_-]/g
const toolNames = { illegal, maxLength: 128 }
// Ids have an alphabet but no length limit.
const callIds = { illegal, maxLength: Number.MAX_SAFE_INTEGER }

export interface BlockLedger extends Ledger {
  /** Remembers where in the client's body a block came from, and gives it back. */
  place(block: WireBlock, path: string): WireBlock
  pathOf(block: WireBlock): string
}

/** An empty ledger. */
export function createBlockLedger(): BlockLedger {
  const paths = new Map<WireBlock, string>()
  return {
    ...createLedger({ own: false, toolNames, callIds }),
    place(block, path) {
      paths.set(block, path)
      return block
    },
    pathOf: (block) => paths.get(block) ?? '',
  }
}

// What one translation of a foreign request costs and changes: its losses, its renamed tools, and the first thing that
// makes it impossible. Owns the bookkeeping; decides nothing.
import type { CacheHint, Extras } from '../../ir/content.ts'
import { GatewayError, type ErrorCode } from '../../ir/error.ts'
import { legalName } from '../../ir/legal-name.ts'
import type { Loss } from '../../ir/loss.ts'
import type { WireBlock } from './content.ts'

const illegal = /[^a-zA-Z0-9_-]/g
const toolNameRule = { illegal, maxLength: 128 }
// Ids have an alphabet but no length limit.
const toolIdRule = { illegal, maxLength: Number.MAX_SAFE_INTEGER }

export interface Ledger {
  readonly losses: readonly Loss[]
  /** Provider's name to client's name, for the names that had to change. */
  readonly toolNames: ReadonlyMap<string, string>
  /** The first refusal. */
  refusal(): GatewayError | undefined

  /** Remembers where in the client's body a block came from, and gives it back. */
  place(block: WireBlock, path: string): WireBlock
  pathOf(block: WireBlock): string

  drop(path: string, reason: string): void
  approximate(path: string, reason: string): void
  /** The request cannot be sent: what stands at `path` has no place on this wire. */
  refuse(path: string, message: string, code?: ErrorCode): void
  toolName(name: string): string
  toolId(id: string): string
  /** One loss per key. */
  dropExtras(extras: Extras | undefined, at: string): void
  dropCache(cache: CacheHint | undefined, at: string): void
}

/** An empty ledger. */
export function createLedger(): Ledger {
  const losses: Loss[] = []
  const toolNames = new Map<string, string>()
  const paths = new Map<WireBlock, string>()
  let refusal: GatewayError | undefined
  return {
    losses,
    toolNames,
    refusal: () => refusal,
    place(block, path) {
      paths.set(block, path)
      return block
    },
    pathOf: (block) => paths.get(block) ?? '',
    drop(path, reason) {
      losses.push({ path, action: 'dropped', reason })
    },
    approximate(path, reason) {
      losses.push({ path, action: 'approximated', reason })
    },
    refuse(path, message, code = 'unsupported_content') {
      refusal ??= new GatewayError(code, { param: path, message: `${path}: ${message}` })
    },
    toolName(name) {
      const legal = legalName(name, toolNameRule)
      if (legal !== name) toolNames.set(legal, name)
      return legal
    },
    toolId: (id) => legalName(id, toolIdRule),
    dropExtras(extras, at) {
      for (const key of Object.keys(extras ?? {}))
        losses.push({
          path: at === '' ? key : `${at}.${key}`,
          action: 'dropped',
          reason: 'no counterpart in Anthropic Messages',
        })
    },
    dropCache(cache, at) {
      if (cache !== undefined)
        losses.push({ path: `${at}.cache_control`, action: 'dropped', reason: 'no cache breakpoint can stand here' })
    },
  }
}

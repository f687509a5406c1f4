// What one translation of a request costs and changes: its losses, its renamed tools and ids, and the first thing that
// makes it impossible. Owns the bookkeeping; decides nothing.
import type { CacheHint, Extras } from '../../ir/content.ts'
import { GatewayError, type ErrorCode } from '../../ir/error.ts'
import { legalName, type NameRule } from '../../ir/legal-name.ts'
import type { Loss } from '../../ir/loss.ts'
import type { ClientPaths, IrRequest } from '../../ir/request.ts'
import { clientPaths } from '../../ir/client-paths.ts'
import { writesSchemasAsText } from './client-paths.ts'
import { extraLosses } from './extra-losses.ts'
import { present } from './present.ts'

export interface Ledger {
  /** The request came in on this wire: everything goes back as it came, and nothing is reported. */
  readonly own: boolean
  /** What the client calls its parameters, and their members below parts and tools. */
  readonly paths: ClientPaths
  readonly losses: readonly Loss[]
  /** Provider's name to client's name, for the names that had to change. */
  readonly toolNames: ReadonlyMap<string, string>
  /** The first refusal: the encoding then fails as a whole. */
  refusal(): GatewayError | undefined

  /** `lossiness` for what is lost of a schema. */
  drop(path: string, reason: string, lossiness?: Loss['lossiness']): void
  approximate(path: string, reason: string, lossiness?: Loss['lossiness']): void
  /** The request cannot be sent: what stands at `path` has no place on this wire. */
  refuse(path: string, message: string, code?: ErrorCode): void
  /** A tool's name as this wire accepts it. */
  toolName(name: string): string
  /** A call's id as this wire accepts it. */
  callId(id: string): string
  /** One loss per key that only the source wire knows. */
  dropExtras(extras: Extras | undefined, at?: string): void
  dropCache(cache: CacheHint | undefined, at: string): void
}

export interface LedgerOptions {
  readonly request: IrRequest
  readonly own: boolean
  readonly toolNames: NameRule
  readonly callIds: NameRule
}

/** An empty ledger. */
export function createLedger(options: LedgerOptions): Ledger {
  const { own, request } = options
  const paths = clientPaths(request)
  // Nothing inside a text has a place of its own.
  const text = writesSchemasAsText(request) ? paths.outputSchema : undefined
  const losses: Loss[] = []
  const toolNames = new Map<string, string>()
  let refusal: GatewayError | undefined

  function note(loss: Loss): void {
    const isInText = text !== undefined && loss.path.startsWith(`${text}.`)
    losses.push(isInText ? { ...loss, path: text } : loss)
  }

  return {
    own,
    paths,
    losses,
    toolNames,
    refusal: () => refusal,
    drop: (path, reason, lossiness) => note({ path, action: 'dropped', reason, ...present({ lossiness }) }),
    approximate: (path, reason, lossiness) => note({ path, action: 'approximated', reason, ...present({ lossiness }) }),
    refuse(path, message, code = 'unsupported_content') {
      refusal ??= new GatewayError(code, { param: path, message: `${path}: ${message}` })
    },
    toolName(name) {
      if (own) return name
      const legal = legalName(name, options.toolNames)
      if (legal !== name) toolNames.set(legal, name)
      return legal
    },
    callId: (id) => (own ? id : legalName(id, options.callIds)),
    dropExtras(extras, at) {
      if (!own) losses.push(...extraLosses(extras, at))
    },
    dropCache(cache, at) {
      if (!own && cache !== undefined)
        losses.push({ path: cachePath(cache, at), action: 'dropped', reason: 'no cache breakpoint can stand here' })
    },
  }
}

/** Where a cache breakpoint stands: on some wires beside the part that it belongs to. */
export function cachePath(cache: CacheHint, at: string): string {
  return cache.at ?? `${at}.cache_control`
}

// What all encoders of one request share: whose request it is, what is lost, what is refused, and the names that change.
import type { CacheHint, Extras } from '../../ir/content.ts'
import { failed, type GatewayError } from '../../ir/error.ts'
import { legalName, type NameRule } from '../../ir/legal-name.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest } from '../../ir/request.ts'
import { extrasLosses } from './extras.ts'

// https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
const toolNameRule: NameRule = { illegal: /[^a-zA-Z0-9_-]/g, maxLength: 64 }
// OpenAI refuses longer ids; what they are made of it leaves open.
const callIdRule: NameRule = { illegal: /[^\x21-\x7e]/g, maxLength: 40 }

export interface EncodeContext {
  /** The request came in on this wire: everything goes back as it came. */
  readonly own: boolean
  readonly losses: Loss[]
  readonly toolNames: ReadonlyMap<string, string>
  /** The first thing that cannot be left out, if any: the encoding then fails as a whole. */
  refusal(): GatewayError | undefined
  refuse(param: string, message: string): void
  dropped(path: string, reason: string): void
  approximated(path: string, reason: string): void
  /** Reports members that only the source wire knows. */
  lostExtras(extras: Extras | undefined, at?: string): void
  lostCache(cache: CacheHint | undefined, at: string): void
  toolName(name: string): string
  callId(id: string): string
}

/** A context for one request. */
export function createEncodeContext(request: IrRequest): EncodeContext {
  const own = request.source === 'openai-chat'
  const losses: Loss[] = []
  const toolNames = new Map<string, string>()
  let refusal: GatewayError | undefined

  return {
    own,
    losses,
    toolNames,
    refusal: () => refusal,
    refuse(param, message) {
      refusal ??= failed('unsupported_content', { param, message }).error
    },
    dropped(path, reason) {
      losses.push({ path, action: 'dropped', reason })
    },
    approximated(path, reason) {
      losses.push({ path, action: 'approximated', reason })
    },
    lostExtras(extras, at) {
      if (!own) losses.push(...extrasLosses(extras, at))
    },
    lostCache(cache, at) {
      if (!own && cache !== undefined)
        losses.push({ path: `${at}.cache_control`, action: 'dropped', reason: 'the provider has no cache breakpoints' })
    },
    toolName(name) {
      if (own) return name
      const legal = legalName(name, toolNameRule)
      if (legal !== name) toolNames.set(legal, name)
      return legal
    },
    callId: (id) => (own ? id : legalName(id, callIdRule)),
  }
}

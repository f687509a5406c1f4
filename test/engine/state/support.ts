// What the tests of this folder share: keys, keepers over the memory store, canonical answers and requests.
import type { ContentPart } from '../../../src/ir/content.ts'
import type { DialectId } from '../../../src/ir/dialect-id.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { IrRequest, Turn } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import { createStateKeeper, type Caller, type StateKeeper } from '../../../src/engine/state/keeper.ts'
import { openKeyring, type Keyring } from '../../../src/engine/state/keyring.ts'
import type { Origin } from '../../../src/engine/state/realm.ts'
import type { StateStore } from '../../../src/ports/index.ts'
import { createMemoryStores } from '../../../src/store/memory.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts'

/** A key of 32 equal bytes. */
export function keyOf(byte: number): string {
  return btoa(String.fromCharCode(byte).repeat(32))
}

export const firstKey = `first:${keyOf(1)}`

export function ringOf(text: string = firstKey): Keyring {
  const ring = openKeyring({ get: (name) => (name === 'SIGNALBOX_KEK' ? text : undefined) })
  if (ring === undefined) throw new Error('the ring is not usable')
  return ring
}

export const day = 86_400_000

export interface Home {
  readonly clock: VirtualClock
  readonly store: StateStore
  readonly warnings: string[]
  keeper(
    caller?: Partial<Caller>,
    options?: { readonly ring?: Keyring | undefined; readonly store?: StateStore | undefined },
  ): StateKeeper
}

/** A gateway's state: one store, one clock, and keepers for whoever calls. */
export function createHome(store: StateStore = createMemoryStores().state): Home {
  const clock = createVirtualClock()
  const warnings: string[] = []
  const nothing = (): void => {}
  return {
    clock,
    store,
    warnings,
    keeper: (caller = {}, options = {}) =>
      createStateKeeper({
        keyring: 'ring' in options ? options.ring : ringOf(),
        store: 'store' in options ? options.store : store,
        ttlMs: day,
        clock,
        log: { debug: nothing, info: nothing, warn: (event) => void warnings.push(event), error: nothing },
        caller: { tenant: 'acme', keyId: 'web', ...caller },
      }),
  }
}

export const claude: Origin = {
  dialect: 'anthropic-messages',
  provider: 'anthropic',
  account: 'a',
  model: 'claude-sonnet-4-5-20250929',
}
export const gemini: Origin = { dialect: 'gemini', provider: 'google', account: 'g', model: 'gemini-3-pro-preview' }
export const responses: Origin = { dialect: 'openai-responses', provider: 'openai', account: 'o', model: 'gpt-5.4' }
export const bedrock: Origin = {
  dialect: 'bedrock-converse',
  provider: 'aws',
  account: 'b',
  model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
}
export const openrouter: Origin = { dialect: 'openai-chat', provider: 'openrouter', account: 'r', model: 'x/y' }

export const question: Turn = { role: 'user', parts: [{ type: 'text', text: 'what is the weather?' }] }

export function request(source: DialectId, turns: readonly Turn[], more: Partial<IrRequest> = {}): IrRequest {
  return { source, model: 'm', instructions: [], turns, tools: [], sampling: {}, stream: false, ...more }
}

export function answer(source: DialectId, parts: readonly ContentPart[]): IrResponse {
  return { source, id: 'r1', outputs: [{ index: 0, parts, finish: { class: 'stop' } }] }
}

export function partsOf(response: IrResponse): readonly ContentPart[] {
  return response.outputs[0]?.parts ?? []
}

export function signatures(parts: readonly ContentPart[]): (string | undefined)[] {
  return parts.map((part) => part.signature)
}

/** Events in groups of at most `size`, as frames would bring them. */
export function batches(events: readonly IrEvent[], size: number): IrEvent[][] {
  const groups: IrEvent[][] = []
  for (let at = 0; at < events.length; at += size) groups.push(events.slice(at, at + size))
  return groups
}

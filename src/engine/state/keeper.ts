// The state of one caller: seals and opens under his name, remembers and recalls in his drawer.
// Owns whose a state is; knows no dialect.
import type { Clock, Log, StateStore } from '../../ports/index.ts'
import { openState, sealState } from './envelope.ts'
import type { Keyring } from './keyring.ts'
import { describeCall, keyOf, type Memory } from './record.ts'
import type { SealedState } from './sealed-state.ts'

export interface StateKeeper {
  /** Nothing can be carried: no key is configured. */
  readonly keyless: boolean
  /** Fails where it is keyless. */
  seal(state: SealedState): Promise<string>
  /** Undefined where the envelope was changed, is another caller's, or its key has gone. */
  open(envelope: string): Promise<SealedState | undefined>
  /** Whether records are kept at all. */
  readonly remembers: boolean
  /** True where the record is stored; a fault of the store is no fault of the answer. */
  remember(memory: Memory, state: SealedState): Promise<boolean>
  /** One answer per question, in order. */
  recall(memories: readonly Memory[]): Promise<readonly (SealedState | undefined)[]>
}

interface StateKeeperOptions {
  readonly keyring: Keyring | undefined
  /** Absent where records are switched off. */
  readonly store: StateStore | undefined
  readonly ttlMs: number
  readonly clock: Clock
  readonly log: Log
  readonly caller: Caller
}

/** Who asks: a tenant's keys share their state, a key without a tenant has its own. */
export interface Caller {
  readonly tenant: string | null
  readonly keyId: string | null
}

// A row may have 2 MB on D1. An answer with more reasoning than this goes on without it.
const maxSealedLength = 1_000_000

/** A keeper for one request. */
export function createStateKeeper(options: StateKeeperOptions): StateKeeper {
  const { keyring, clock, log } = options
  const store = keyring === undefined ? undefined : options.store
  const scope = scopeOf(options.caller)

  function ring(): Keyring {
    if (keyring === undefined) throw new Error('nothing can be sealed without a key')
    return keyring
  }

  async function remember(memory: Memory, state: SealedState): Promise<boolean> {
    if (store === undefined) return false
    const [key, about] = await Promise.all([keyOf(scope, memory), describeCall(memory)])
    const sealed = await sealState(ring(), state, `record ${scope} ${about}`)
    if (sealed.length > maxSealedLength) return false
    const now = clock.now()
    try {
      await store.put([{ key, sealed, expiresAt: now + options.ttlMs }], now)
      return true
    } catch (cause) {
      log.warn('state_not_stored', { reason: cause instanceof Error ? cause.name : 'unknown' })
      return false
    }
  }

  async function recall(memories: readonly Memory[]): Promise<readonly (SealedState | undefined)[]> {
    if (store === undefined || memories.length === 0) return memories.map(() => undefined)
    const keys = await Promise.all(memories.map((memory) => keyOf(scope, memory)))
    let found: ReadonlyMap<string, string>
    try {
      found = await store.get([...new Set(keys)], clock.now())
    } catch (cause) {
      log.warn('state_not_read', { reason: cause instanceof Error ? cause.name : 'unknown' })
      return memories.map(() => undefined)
    }
    return Promise.all(
      memories.map(async (memory, index) => {
        const sealed = found.get(keys[index] ?? '')
        if (sealed === undefined) return undefined
        return openState(ring(), sealed, `record ${scope} ${await describeCall(memory)}`)
      }),
    )
  }

  return {
    keyless: keyring === undefined,
    seal: (state) => sealState(ring(), state, `part ${scope}`),
    open: async (envelope) => (keyring === undefined ? undefined : openState(keyring, envelope, `part ${scope}`)),
    remembers: store !== undefined,
    remember,
    recall,
  }
}

// Ids have no spaces, so no two scopes are the same text.
function scopeOf({ tenant, keyId }: Caller): string {
  if (tenant !== null) return `tenant ${tenant}`
  return keyId === null ? 'open' : `key ${keyId}`
}

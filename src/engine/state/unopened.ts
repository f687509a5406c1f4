// Whether what was kept can still be opened: asked when a gateway starts, so that a lost key is no riddle later.
import type { StateStore } from '../../ports/index.ts'
import { rotationHead } from '../../credentials/rotation-memory.ts'
import { headOf } from './envelope.ts'
import type { Keyring } from './keyring.ts'

/**
 * How many of the oldest kept records no key of the ring opens, at least; 0 where the store cannot count them. Rejects
 * where the store fails.
 */
export async function unopenedStates(keyring: Keyring | undefined, store: StateStore, now: number): Promise<number> {
  const heads = (await store.heads?.(now)) ?? new Map<string, number>()
  const known = new Set(((await keyring?.keys()) ?? []).map(headOf))
  // Digests of credentials lie beside the sealed records, and nobody opens them.
  known.add(rotationHead)
  return [...heads].reduce((sum, [head, count]) => (known.has(head) ? sum : sum + count), 0)
}

// Since when a credential has had its value, beyond the life of this process: a keyed digest in the state store, which says
// nothing without the key that seals. Only for credentials whose owner promised to change them.
import type { CredentialRecord } from '../catalog/snapshot.ts'
import type { Secret } from '../ir/secret.ts'
import { keyringOf } from '../sealing/keyring.ts'
import { keyedPrint, nameDigest, printingKey } from './print.ts'
import type { CredentialPorts } from './recipe.ts'

export interface RotationMemory {
  /**
   * When this value was first seen, in Unix milliseconds: `now` where it is new, or where nothing can be remembered (no
   * `SIGNALBOX_KEK`, a store that fails). Never rejects.
   */
  seenSince(record: CredentialRecord, secrets: readonly Secret[], now: number): Promise<number>
}

/** How much longer than two intervals a value is remembered that nobody asks for. */
const keptMs = 366 * 86_400_000
/** How such a record begins, which is no ciphertext: 16 characters, as many as tell the records of the store apart. */
export const rotationHead = 'rotation-digest:'
const shape = /^rotation-digest:([\da-f]{32})\.(\d{1,15})$/

/** A memory in `stores.state`. */
export function createRotationMemory(ports: CredentialPorts): RotationMemory {
  // The finished keys, never the promise of them: on Workers one request may not wait for what another one started.
  let keys: readonly CryptoKey[] | undefined
  return {
    async seenSince(record, secrets, now) {
      if (record.rotationMs === null) return now
      try {
        const ring = keyringOf(ports.secrets)
        if (ring?.ok !== true) return now
        keys ??= await Promise.all(ring.keys.map(({ bytes }) => printingKey(bytes)))
        // The keys that seal may change while the value stays.
        const prints = await Promise.all(keys.map((key) => keyedPrint(key, record.id, secrets)))
        const key = `rotation_${await nameDigest(record.id)}`
        const found = shape.exec((await ports.stores.state.get([key], now)).get(key) ?? '')
        const isKnown = prints.includes(found?.[1] ?? '')
        const since = isKnown ? Math.min(now, Number(found?.[2])) : now
        const expiresAt = now + 2 * record.rotationMs + keptMs
        await ports.stores.state.put([{ key, sealed: `${rotationHead}${prints[0] ?? ''}.${since}`, expiresAt }], now)
        return since
      } catch (cause) {
        const reason = cause instanceof Error ? cause.name : 'unknown'
        ports.log.warn('rotation_not_remembered', { credential: record.id, reason })
        return now
      }
    },
  }
}

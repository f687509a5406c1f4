// Comparing secrets without telling how much of them was right, with WebCrypto only.

/**
 * Digests secrets under a random key of this process: equal digests mean equal secrets, and nothing can be learned
 * from how long the comparison takes. (`timingSafeEqual` exists on Workers only.)
 */
export interface SecretDigester {
  digest(secret: string): Promise<Uint8Array>
}

const encoder = new TextEncoder()

/**
 * A digester whose key is made at its first use: Workers allow no randomness before a request. Only the finished key
 * is kept, never the promise of it: one request may not wait for what another one started there.
 */
export function createSecretDigester(): SecretDigester {
  let key: CryptoKey | undefined
  return {
    async digest(secret) {
      if (key === undefined) {
        const made = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
        // Another request may have been faster; all digests have to be made with one key.
        key ??= made as CryptoKey
      }
      return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(secret)))
    },
  }
}

/** Whether two digests of equal length are the same, in a time that does not depend on where they differ. */
export function sameDigest(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0)
  return difference === 0
}

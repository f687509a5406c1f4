// Sealed state as a text that is legal wherever a wire has room for an opaque token: base64, and known by how it begins.
// Owns the form and the cipher (AES-256-GCM); who may open what is said by the context that callers give.
//
// prefix (9 bytes) | tag of the key (3) | nonce (12) | ciphertext | tag of the cipher (16)
import type { JsonDocument } from '../../wire/json-scan.ts'
import { decodeBase64, encodeBase64 } from '../../sealing/base64.ts'
import { tagLength, type Keyring, type SealingKey } from './keyring.ts'
import { decodeState, encodeState, type SealedState } from './sealed-state.ts'

// Letters and digits only, so that it reads the same in base64url; twelve of them are nine bytes, so that it also reads
// the same one layer of base64 further down, which is how Bedrock carries redacted reasoning.
const prefix = 'SignalboxRS1'
const prefixInBlob = btoa(prefix)

const headLength = 9 + tagLength
const nonceLength = 12
const cipherTagLength = 16

/**
 * Stands on a part that has no token, where a provider of the client's dialect would refuse it without one: so that it
 * is known as foreign when it comes back.
 */
export const foreignMark = `${prefix}none`

/** Whether a text is an envelope or the mark: ours, whether or not it can be opened. */
export function isEnvelope(text: string): boolean {
  return text.startsWith(prefix)
}

/**
 * Whether a body holds anything of ours, so that its bytes may not go to a provider as they are. Looks at the text
 * alone, which costs next to nothing; a sentence that begins like an envelope costs a translation and nothing else.
 */
export function holdsEnvelope(document: Pick<JsonDocument, 'text'>): boolean {
  return document.text.includes(`"${prefix}`) || document.text.includes(`"${prefixInBlob}`)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Seals a state.
 * @param context what has to be said again to open it: whose it is, and what for
 */
export async function sealState(keyring: Keyring, state: SealedState, context: string): Promise<string> {
  const [key] = await keyring.keys()
  if (key === undefined) throw new Error('a keyring without a key')
  const plain = padded(encodeState(state))
  const head = joined(decodeBase64(prefix) ?? new Uint8Array(0), key.tag)
  const about = joined(head, encoder.encode(`${context.length}:${context}`))
  // A nonce made from the message repeats only for the same message, which then has the same envelope and tells nobody
  // anything. The core reads no randomness, and no clock or generator that repeats itself can break the cipher.
  const nonce = new Uint8Array(await crypto.subtle.sign('HMAC', key.digest, joined(about, plain))).slice(0, nonceLength)
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: about, tagLength: cipherTagLength * 8 },
    key.cipher,
    plain,
  )
  return encodeBase64(joined(head, nonce, new Uint8Array(sealed)))
}

/** Opens an envelope; undefined where it is none, was changed, is another's, or its key has gone. Never throws. */
export async function openState(keyring: Keyring, text: string, context: string): Promise<SealedState | undefined> {
  const bytes = isEnvelope(text) ? decodeBase64(text) : undefined
  if (bytes === undefined || bytes.length < headLength + nonceLength + cipherTagLength) return undefined
  const head = bytes.subarray(0, headLength)
  const about = joined(head, encoder.encode(`${context.length}:${context}`))
  const nonce = bytes.subarray(headLength, headLength + nonceLength)
  for (const key of await keyring.keys()) {
    if (key.tag.some((byte, at) => byte !== head[headLength - tagLength + at])) continue
    try {
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv: nonce, additionalData: about, tagLength: cipherTagLength * 8 },
        key.cipher,
        bytes.subarray(headLength + nonceLength),
      )
      return decodeState(decoder.decode(plain))
    } catch {
      // Not sealed by this key for this context: that is an answer, and the runtimes have no better one.
    }
  }
  return undefined
}

/** With spaces behind, so that the envelope's base64 needs no `=`, which some clients drop and some add. */
function padded(text: string): Uint8Array<ArrayBuffer> {
  const bytes = joined(encoder.encode(text))
  const over = (headLength + nonceLength + bytes.length + cipherTagLength) % 3
  return over === 0 ? bytes : joined(bytes, encoder.encode('  '.slice(0, 3 - over)))
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** How everything begins that a key sealed: sixteen characters that say nothing of the key. */
export function headOf({ tag }: Pick<SealingKey, 'tag'>): string {
  return encodeBase64(joined(decodeBase64(prefix) ?? new Uint8Array(0), tag))
}

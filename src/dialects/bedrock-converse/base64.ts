// Base64, for the blobs of this wire whose bytes are text. Owns nothing else.

const encoder = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text whose bytes this base64 stands for; undefined where it is no base64, or its bytes are no text. */
export function decodeBase64Text(base64: string): string | undefined {
  try {
    return strict.decode(Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0)))
  } catch {
    return undefined
  }
}

/** The bytes of a text, in base64. */
export function encodeBase64Text(text: string): string {
  let binary = ''
  for (const byte of encoder.encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

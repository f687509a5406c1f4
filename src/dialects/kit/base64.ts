// Base64 of bytes that are text, and the alphabet that a provider takes. Owns nothing of what the text means.

const encoder = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// One call with all bytes as arguments would overflow the stack.
const step = 8192

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
  const bytes = encoder.encode(text)
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += step) pieces.push(String.fromCharCode(...bytes.subarray(at, at + step)))
  return btoa(pieces.join(''))
}

/** Base64 in the alphabet that most wires take; Google's clients send the one for URLs. */
export function standardBase64(data: string): string {
  return /[-_]/.test(data) ? data.replaceAll('-', '+').replaceAll('_', '/') : data
}

/** A media type without its parameters (`; charset=utf-8`), in lower case. */
export function bareType(mediaType: string): string {
  return (mediaType.split(';')[0] ?? '').trim().toLowerCase()
}

/** Whether bytes of this type are a text that a model can read as it is. */
export function isTextType(mediaType: string): boolean {
  return /^text\/|[/+](?:json|xml|yaml)\b/.test(bareType(mediaType))
}

// Bytes as base64 text and back. Reads both alphabets, as clients that hold bytes write them in whichever they like.

// One call with all bytes as arguments would overflow the stack.
const chunk = 8192

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += chunk) pieces.push(String.fromCharCode(...bytes.subarray(at, at + chunk)))
  return btoa(pieces.join(''))
}

/** The bytes of a text in base64 or base64url, padded or not; undefined where it is neither. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  // `atob` forgives white space; nobody who echoes an opaque token adds any.
  if (!/^[\w+/-]*={0,2}$/.test(text)) return undefined
  let binary: string
  try {
    binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

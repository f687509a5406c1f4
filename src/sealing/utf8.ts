// Text as bytes that WebCrypto takes on every runtime.

const encoder = new TextEncoder()

/** The UTF-8 bytes of a text, in a buffer of their own: the types of one runtime would allow a shared one. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(text))
}

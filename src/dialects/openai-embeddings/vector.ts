// Vectors as base64 of little-endian 32-bit floats, which is how OpenAI's SDKs ask for them.

const bytesPerNumber = 4
// Arguments to one call of fromCharCode have a limit on every engine.
const sliceLength = 8192

/** The base64 of a vector. */
export function encodeVector(vector: readonly number[]): string {
  const bytes = new Uint8Array(vector.length * bytesPerNumber)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of vector.entries()) view.setFloat32(index * bytesPerNumber, value, true)
  let text = ''
  for (let at = 0; at < bytes.length; at += sliceLength)
    text += String.fromCharCode(...bytes.subarray(at, at + sliceLength))
  return btoa(text)
}

/** The numbers of a vector in base64; undefined where the text is none. */
export function decodeVector(base64: string): readonly number[] | undefined {
  const bytes = bytesOf(base64)
  if (bytes === undefined || bytes.length % bytesPerNumber !== 0) return undefined
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / bytesPerNumber }, (_, index) =>
    view.getFloat32(index * bytesPerNumber, true),
  )
}

function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

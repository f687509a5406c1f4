// The only JSON.parse of Signalbox. Everything that comes in from outside goes through here and comes out `unknown`.

/** Parses JSON text. Returns undefined (never a JSON value) where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** A JSON object, as opposed to an array, null or a primitive. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// Small readers of unknown JSON, so that the views below say what they look for and not how.

export type Json = Record<string, unknown>

/** The value as an object; an empty one where it is none. */
export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

/** The value as a list; an empty one where it is none. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** The value as text; `''` where it is none. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The value as a number; 0 where it is none. */
export function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** Parsed JSON text, or undefined where it is none. */
export function parse(source: string): unknown {
  try {
    return JSON.parse(source) as unknown
  } catch {
    return undefined
  }
}

/** A tool's arguments: `''` and null mean none. */
export function parseArguments(source: unknown): unknown {
  if (source === undefined || source === null || source === '') return {}
  return typeof source === 'string' ? (parse(source) ?? `not JSON: ${source}`) : source
}

/** Whether a value says something: not null, not an empty string. */
export function says(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** The members that say something, as a copy. */
export function saying(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => says(member)))
}

// What the KV driver needs of a key-value service, and how its keys are spelled.
import { storedId } from './trace-row.ts'

export interface KeyValueEntry {
  readonly key: string
  /** What was given to `put`, empty where nothing was. */
  readonly note: string
}

/** What a key-value service has to offer. Values are JSON values; keys at most 512 bytes. */
export interface KeyValue {
  /** The value, or undefined where there is none. */
  get(key: string): Promise<unknown>
  /** `note` (at most 1,000 bytes) comes back from `list` without reading the value. */
  put(key: string, value: unknown, options: { readonly note?: string; readonly ttlMs?: number }): Promise<void>
  /** Keys in ascending order of their UTF-8 bytes. `cursor` is absent on the last page. */
  list(options: {
    readonly prefix: string
    readonly limit: number
    readonly cursor?: string
  }): Promise<{ readonly entries: readonly KeyValueEntry[]; readonly cursor?: string }>
  delete(key: string): Promise<void>
}

/**
 * Cloudflare lists at most 1,000 keys a call and allows 1,000 operations an invocation.
 * https://developers.cloudflare.com/kv/platform/limits/
 */
export const keyPage = 1000

/** Sixteen digits that fall as `value` rises, so that the list order is newest first. */
export function inverted(value: number): string {
  const clamped = Math.min(Math.max(0, value), Number.MAX_SAFE_INTEGER)
  return String(Number.MAX_SAFE_INTEGER - clamped).padStart(16, '0')
}

/** The members of a stored value; undefined where it is no object. Every one of them still has to be checked. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Reading properties of any object is safe; every field is checked on its own.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
}

/** Text as a part of a key: no separator, nothing unprintable, at most three bytes for each of its units. */
export function escaped(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F%/]/g, (char) => encodeURIComponent(char))
}

/** Printable and at most 384 bytes for a stored id, so that prefix and time still fit into a key. */
export function keyPart(requestId: string): string {
  return escaped(storedId(requestId))
}

/** Every entry under a prefix in key order, a page at a time. */
export async function* entriesUnder(kv: KeyValue, prefix: string): AsyncGenerator<KeyValueEntry> {
  let cursor: string | undefined
  do {
    const found = await kv.list({ prefix, limit: keyPage, ...(cursor === undefined ? {} : { cursor }) })
    yield* found.entries
    cursor = found.cursor
  } while (cursor !== undefined)
}

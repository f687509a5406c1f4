// What of this wire has no canonical name. Owns the packing of `extras` and their unpacking; decides no meaning.
//
// Some members say nothing that a translation could lose (an empty list, `type: 'tool_use'`, which of two keys a count
// had) but have to come back on this wire. They travel under a symbol: other dialects, which report one loss per key, do
// not see it.
import type { Extras } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'

export type Members = Readonly<Record<string, unknown>>

const unsaid = Symbol('bedrock-converse')

type Packed = Extras & { readonly [unsaid]?: Members }

/** The members that are not among the known ones; undefined where none is left. */
export function leftOver(value: unknown, known: readonly string[]): Record<string, unknown> | undefined {
  if (!isObject(value)) return undefined
  const rest = Object.entries(value).filter(([key, member]) => member !== undefined && !known.includes(key))
  // fromEntries and not assignment: a member may be called __proto__.
  return rest.length > 0 ? Object.fromEntries(rest) : undefined
}

/**
 * Packs members that have no canonical name.
 * @param said what another wire would lose
 * @param silent what means nothing elsewhere and is written back as it is
 * @returns undefined where there is nothing
 */
export function pack(said: Members | undefined, silent: Members = {}): Extras | undefined {
  // A null says what an absent member says.
  const told = Object.entries(said ?? {}).filter(([, member]) => member !== undefined && member !== null)
  const quiet = Object.entries(silent).filter(([, member]) => member !== undefined)
  if (told.length === 0 && quiet.length === 0) return undefined
  const extras = Object.fromEntries(told)
  return quiet.length === 0 ? extras : Object.assign(extras, { [unsaid]: Object.fromEntries(quiet) })
}

/** What was said without meaning. */
export function silentOf(extras: Extras | undefined): Members {
  return (extras as Packed | undefined)?.[unsaid] ?? {}
}

/** The members that another wire would lose. */
export function saidOf(extras: Extras | undefined): Members {
  return Object.fromEntries(Object.entries(extras ?? {}))
}

/** All members as they stood on the wire, for an encoder whose source is this dialect. */
export function ownMembers(extras: Extras | undefined): Record<string, unknown> {
  return { ...silentOf(extras), ...saidOf(extras) }
}

/** `rest` laid over `base`, objects member by member: kept members go back into the records they stood in. */
export function overlay(base: Members, rest: unknown): Record<string, unknown> {
  const merged: [string, unknown][] = Object.entries(base)
  if (!isObject(rest)) return Object.fromEntries(merged)
  for (const [key, value] of Object.entries(rest)) {
    const at = merged.findIndex(([known]) => known === key)
    const before = merged[at]?.[1]
    if (at < 0) merged.push([key, value])
    else if (isObject(before) && isObject(value)) merged[at] = [key, overlay(before, value)]
  }
  return Object.fromEntries(merged)
}

/** The value as an object; an empty one where it is none. */
export function objectOf(value: unknown): Members {
  return isObject(value) ? value : {}
}

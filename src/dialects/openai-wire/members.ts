// What an object of these wires has beyond the members that a codec knows. Owns telling what says something from what is
// an empty placeholder; packs nothing.
import type { Extras } from '../../ir/content.ts'
import { isPlaceholder } from './placeholder.ts'

/** A JSON object as it stood on the wire. */
export type Members = Readonly<Record<string, unknown>>

/** Members that mean something by being there: an empty object asks for web search with its defaults. */
const meantEmpty: ReadonlySet<string> = new Set(['web_search_options'])

/** The members of a wire object beyond the known ones: what says something, and what is an empty placeholder. */
export function unknownMembers(value: Members, known: ReadonlySet<string>): { said: Members; silent: Members } {
  const said: [string, unknown][] = []
  const silent: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    if (member === null || member === undefined || known.has(key)) continue
    if (isPlaceholder(member) && !meantEmpty.has(key)) silent.push([key, member])
    else said.push([key, member])
  }
  // fromEntries and not assignment: a member may be called __proto__.
  return { said: Object.fromEntries(said), silent: Object.fromEntries(silent) }
}

/** The members that another wire would lose. */
export function saidMembers(extras: Extras | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extras ?? {}))
}

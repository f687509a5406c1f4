// What of this wire has no canonical name. Owns the packing of `extras` and their unpacking; decides no meaning.
//
// Some members say nothing that a translation could lose (a null, `stream: false`, `type: 'custom'` on a tool) but have
// to come back on this wire. They travel under a symbol: other dialects, which report one loss per key, do not see it.
import type { Extras } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'

const unsaid = Symbol('anthropic-messages')

type Members = Readonly<Record<string, unknown>>
type Packed = Extras & { readonly [unsaid]?: Members }

/**
 * Packs the members of a wire object that are not among `known`.
 * @param spelling members that mean nothing elsewhere and are written back as they are
 * @returns undefined where nothing is left
 */
export function extrasOf(value: Members, known: readonly string[], spelling: Members = {}): Extras | undefined {
  const nothing = Object.keys(spelling).length === 0 && Object.keys(value).every((key) => known.includes(key))
  // Nearly always, so it should cost nearly nothing.
  if (nothing) return undefined
  const rest = Object.entries(value).filter(([key, member]) => member !== undefined && !known.includes(key))
  const said = rest.filter(([, member]) => member !== null)
  const silent = [...rest.filter(([, member]) => member === null), ...Object.entries(spelling)]
  if (said.length === 0 && silent.length === 0) return undefined
  // fromEntries and not assignment: a member may be called __proto__.
  const extras = Object.fromEntries(said)
  return silent.length === 0 ? extras : packed(extras, Object.fromEntries(silent))
}

/**
 * The extras of a call. That the model called by itself is what every other wire means without a word; that a program
 * of the provider called is not.
 * @see https://platform.claude.com/docs/en/agents-and-tools/tool-use/programmatic-tool-calling
 */
export function callExtras(value: Members, known: readonly string[]): Extras | undefined {
  const { caller } = value
  const isPlain = isObject(caller) && caller['type'] === 'direct' && Object.keys(caller).length === 1
  return isPlain ? extrasOf(value, [...known, 'caller'], { caller }) : extrasOf(value, known)
}

/**
 * Marks extras as this dialect's own even where they are empty: the head of a response says so to the encoder.
 * @param spelling more that means nothing elsewhere and is written back as it is
 */
export function ownExtras(extras: Extras | undefined, spelling: Members = {}): Extras {
  return packed({ ...extras }, { ...spellingOf(extras), ...spelling })
}

/** Whether these extras were packed here as a response's head. */
export function isOwn(extras: Extras | undefined): boolean {
  return extras !== undefined && (extras as Packed)[unsaid] !== undefined
}

/** What was said without meaning: spellings and nulls. */
export function spellingOf(extras: Extras | undefined): Members {
  return (extras as Packed | undefined)?.[unsaid] ?? {}
}

/** All members as they stood on the wire, for an encoder whose source is this dialect. */
export function ownMembers(extras: Extras | undefined): Record<string, unknown> {
  return { ...spellingOf(extras), ...Object.fromEntries(Object.entries(extras ?? {})) }
}

function packed(said: Record<string, unknown>, silent: Members): Extras {
  const extras: Packed = Object.assign(said, { [unsaid]: silent })
  return extras
}

// What this wire said that has no canonical name. Owns the packing of `extras` and their unpacking; decides no meaning.
//
// What another wire would lose stands under its own key, so that a dialect that reports one loss per key sees it. What
// only has to come back on this wire (ids of items, how they were put together, spellings) travels under a symbol.
import type { ContentPart, Extras } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'

/** A JSON object as it stood on the wire. */
export type Members = Readonly<Record<string, unknown>>

/** The item that a part stood in. Parts of one item have the same key. */
export interface ItemNote {
  /** Its position among the items. */
  readonly key: number
  /** All of the item but what its parts say. */
  readonly members: Members
  /** Its content, or its output, was text and no list. */
  readonly plain?: true
  /** It has no content: `members` is all of it. */
  readonly hollow?: true
}

/** Where a new stretch of a reasoning item begins: the next entry of its summary, or of its content. */
export interface Boundary {
  readonly part: number
  readonly slot: 'summary' | 'content'
}

/** What travels unseen. Every member is optional, as each kind of record needs few of them. */
export interface Aside {
  /** Members that mean nothing elsewhere, written back as they are. */
  readonly silent?: Members
  readonly item?: ItemNote
  /** A content part without what the canonical part says. */
  readonly part?: Members
  /** Tool arguments that were not text. */
  readonly input?: { readonly value: unknown }
  /** One of the calls that the model wrapped into a single one. */
  readonly wrapped?: { readonly position: number; readonly item: Members }
  /** A usage record, whole. */
  readonly usage?: Members
  readonly boundary?: Boundary
  /** What the terminal of a stream says of an item otherwise than the item's own end did, by the item's position. */
  readonly late?: ReadonlyMap<number, Members>
  /** The whole input was one text; on a file: its data was no data URL. */
  readonly bare?: true
  /** The end user's identifier stood in `safety_identifier`. */
  readonly identifier?: true
}

const aside = Symbol('openai-responses')

type Packed = Extras & { readonly [aside]?: Aside }

/** Puts members and what travels unseen into one record; undefined where there is nothing to keep. */
export function pack(said: Members, unseen: Aside = {}): Extras | undefined {
  if (Object.keys(unseen).length > 0) return packOwn(said, unseen)
  return Object.keys(said).length > 0 ? said : undefined
}

/** Like `pack`, but always a record. */
export function packOwn(said: Members, unseen: Aside): Extras {
  const packed: Packed = { ...said, [aside]: unseen }
  return packed
}

/** Members that travel unseen, as an aside; an empty one where there are none. */
export function silently(silent: Members): Aside {
  return Object.keys(silent).length > 0 ? { silent } : {}
}

/** What travelled unseen; an empty record where nothing did. */
export function asideOf(extras: Extras | undefined): Aside {
  return (extras as Packed | undefined)?.[aside] ?? {}
}

/** What travels unseen with a part; that of an opaque one travels in its value. */
export function asideOfPart(part: ContentPart): Aside {
  if (part.type !== 'opaque') return asideOf(part.extras)
  return isObject(part.value) ? asideOf(part.value) : {}
}

/** Everything to be written back on this wire: the silent members, then those that were said. */
export function ownMembers(extras: Extras | undefined): Record<string, unknown> {
  return { ...asideOf(extras).silent, ...saidMembers(extras) }
}

/** The members that another wire would lose. */
export function saidMembers(extras: Extras | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extras ?? {}))
}

/** The members of a wire object beyond the known ones: what says something, and what is an empty placeholder. */
export function unknownMembers(value: Members, known: ReadonlySet<string>): { said: Members; silent: Members } {
  const said: [string, unknown][] = []
  const silent: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    if (member === null || member === undefined || known.has(key)) continue
    if (isPlaceholder(member)) silent.push([key, member])
    else said.push([key, member])
  }
  // fromEntries and not assignment: a member may be called __proto__.
  return { said: Object.fromEntries(said), silent: Object.fromEntries(silent) }
}

/** The members without some. */
export function without(value: Members, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}

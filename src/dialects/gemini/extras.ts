// What this wire said that has no canonical name. Owns the packing of `extras` and their unpacking; decides no meaning.
//
// Some of it loses nothing when it stays behind (an id that was minted here, a media type's exact spelling) and still
// has to come back on this wire. It travels beside the rest under a symbol, so that a dialect that reports one loss per
// key does not see it. Members of inner records stand under dotted names: a loss then names their place.
import type { Extras } from '../../ir/content.ts'

/** A JSON object as it stood on the wire. */
export type Members = Readonly<Record<string, unknown>>

/** A content of the body, or a stretch of one, that a turn was made of. */
export interface Piece {
  /** The position of the content in the body. */
  readonly content: number
  /** The content without its parts. */
  readonly members: Members
  /** How many of the turn's parts came from it. */
  readonly count: number
  /** Other turns were made of the same content. */
  readonly split?: true
}

/** What travels unseen. Every member is optional, as each kind of record needs few of them. */
export interface Aside {
  /** Members that mean nothing elsewhere, written back as they are. */
  readonly silent?: Members
  /** On a request: the body as it came, for its spellings. */
  readonly body?: Members
  /** On a request: the members of `generationConfig` that say the output format. */
  readonly output?: Members
  /** On a request: `functionCallingConfig`. */
  readonly choice?: Members
  /** On a reasoning request: `thinkingConfig`. */
  readonly thinking?: Members
  /** On a turn: the contents it was made of. */
  readonly pieces?: readonly Piece[]
  /** On a call or a result: the id that stood on the wire, if any did. */
  readonly id?: { readonly value: unknown }
  /** On a medium: its type as the wire spelled it; `''` where it had none. */
  readonly mimeType?: string
  /** On a result: the tool's name, and its answer as it was with the text that was made of it. */
  readonly result?: { readonly name: string; readonly response: unknown; readonly text: string }
  /** On a tool: the schema as it was, and what its field is called. */
  readonly schema?: { readonly key: string; readonly value: unknown }
  /** A usage record, whole. */
  readonly usage?: Members
  /** On an answer: the candidate's `content` without its parts (none where it had none), and whether it had a list. */
  readonly candidate?: { readonly content?: Members; readonly listed: boolean; readonly index?: unknown }
  /** On a part: it has no content member at all. */
  readonly bare?: true
  /** On the opening of a part in a stream: it came in one piece and goes out as one. */
  readonly whole?: true
  /** On a finish: the prompt was blocked, so there is no candidate. */
  readonly blocked?: true
}

/** The extra that says that calls were to be held to their schemas: `auto` for everybody else. */
export const validatedMode = 'toolConfig.functionCallingConfig.mode'

const aside = Symbol('gemini')

type Packed = Extras & { readonly [aside]?: Aside }

/** Puts members and what travels unseen into one record; undefined where there is nothing to keep. */
export function pack(said: Members, unseen: Aside = {}): Extras | undefined {
  if (Object.keys(unseen).length > 0) return packOwn(said, unseen)
  return Object.keys(said).length > 0 ? said : undefined
}

/** Like `pack`, but always a record: its presence says that it came from this wire. */
export function packOwn(said: Members, unseen: Aside = {}): Extras {
  const packed: Packed = { ...said, [aside]: unseen }
  return packed
}

/** Whether these extras were packed here. */
export function isOwn(extras: Extras | undefined): boolean {
  return extras !== undefined && (extras as Packed)[aside] !== undefined
}

/** What travelled unseen; an empty record where nothing did. */
export function asideOf(extras: Extras | undefined): Aside {
  return (extras as Packed | undefined)?.[aside] ?? {}
}

/** The members that another wire would lose. */
export function saidMembers(extras: Extras | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extras ?? {}))
}

/** Everything to be written back on this wire, members of inner records in their records. */
export function ownMembers(extras: Extras | undefined): Record<string, unknown> {
  const members: Record<string, unknown> = {}
  for (const [key, member] of Object.entries({ ...asideOf(extras).silent, ...saidMembers(extras) })) {
    const dot = key === validatedMode ? -1 : key.indexOf('.')
    if (dot < 0) members[key] = member
    else {
      const outer = key.slice(0, dot)
      members[outer] = { ...(members[outer] as Members | undefined), [key.slice(dot + 1)]: member }
    }
  }
  return members
}

/** The members of a wire object beyond the known ones, without nulls; `inside` is the name of the record they stand in. */
export function unknownMembers(value: Members, known: ReadonlySet<string>, inside?: string): Members {
  const rest = Object.entries(value).filter(
    ([key, member]) => member !== null && member !== undefined && !known.has(key),
  )
  // fromEntries and not assignment: a member may be called __proto__.
  return Object.fromEntries(rest.map(([key, member]) => [inside === undefined ? key : `${inside}.${key}`, member]))
}

/** `unknownMembers` packed, with more that travels unseen. */
export function extrasOf(value: Members, known: ReadonlySet<string>, unseen: Aside = {}): Extras | undefined {
  return pack(unknownMembers(value, known), unseen)
}

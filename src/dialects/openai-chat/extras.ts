// What this wire said that has no canonical name. Owns the packing of `extras` and their unpacking; decides no meaning.
//
// Some of it loses nothing when it stays behind (an empty placeholder, `developer` for `system`, which of five names the
// reasoning had) and still has to come back on this wire. It travels beside the rest under a symbol, so that a dialect
// that reports one loss per key does not see it.
import type { Extras } from '../../ir/content.ts'
import { saidMembers, unknownMembers, type Members } from '../openai-wire/members.ts'

export { saidMembers, unknownMembers, type Members } from '../openai-wire/members.ts'

/** How reasoning was spelled: plain text members, an entry of `reasoning_details`, or a part of the content array. */
export interface ReasoningSpelling {
  readonly keys: readonly string[]
  /** The entry without its text: type, index, format. */
  readonly detail?: Members
  /** The `thinking` part of a content array without its text. */
  readonly part?: Members
  /** An entry that no other wire can use, whole. */
  readonly entry?: Members
}

/** What travels unseen. Every member is optional, as each kind of record needs few of them. */
export interface Aside {
  /** Members that mean nothing elsewhere, written back as they are. */
  readonly silent?: Members
  /** On a part of the instructions: the message it stood in. */
  readonly message?: { readonly position: number; readonly role: string; readonly members: Members }
  /** The pre-tools spelling: `functions`, `function_call`, role `function`. */
  readonly legacy?: true
  /** Tool arguments that were not text. */
  readonly input?: { readonly value: unknown }
  /** A part that stood in the content array although this wire also has a member for it. */
  readonly inContent?: true
  /** A cache breakpoint that stood on the message and not on the part. */
  readonly onMessage?: true
  /** A cache breakpoint in OpenAI's own spelling. */
  readonly breakpoint?: Members
  readonly reasoning?: ReasoningSpelling
  /** A choice without a message. */
  readonly bare?: true
}

const aside = Symbol('openai-chat')

type Packed = Extras & { readonly [aside]?: Aside }

/** Puts members and what travels unseen into one record; undefined where there is nothing to keep. */
export function pack(said: Members, unseen: Aside = {}): Extras | undefined {
  if (Object.keys(unseen).length > 0) return { ...said, [aside]: unseen } as Packed
  return Object.keys(said).length > 0 ? said : undefined
}

/** Like `pack`, but always a record: its presence says that it came from this wire. */
export function packOwn(said: Members, unseen: Aside = {}): Extras {
  return { ...said, [aside]: unseen } as Packed
}

/** Members that travel unseen, as an aside; an empty one where there are none. */
export function silently(silent: Members): Aside {
  return Object.keys(silent).length > 0 ? { silent } : {}
}

/** Whether these extras were packed here. */
export function isOwn(extras: Extras | undefined): boolean {
  return extras !== undefined && (extras as Packed)[aside] !== undefined
}

/** What travelled unseen; an empty record where nothing did. */
export function asideOf(extras: Extras | undefined): Aside {
  return (extras as Packed | undefined)?.[aside] ?? {}
}

/** Everything to be written back on this wire: the silent members, then those that were said. */
export function ownMembers(extras: Extras | undefined): Record<string, unknown> {
  return { ...asideOf(extras).silent, ...saidMembers(extras) }
}

/** `unknownMembers` packed, with more that travels unseen. */
export function extrasOf(value: Members, known: ReadonlySet<string>, unseen: Aside = {}): Extras | undefined {
  const { said, silent } = unknownMembers(value, known)
  return pack(said, { ...unseen, ...silently({ ...silent, ...unseen.silent }) })
}

// What this wire said that has no canonical name. Owns the packing of `extras` and their unpacking; decides no meaning.
//
// Spellings of what has a canonical name (a prompt in a list, `echo: false`) have to come back on this wire and lose
// nothing elsewhere. They travel under a symbol, so that a dialect that reports one loss per key does not see them.
import type { Extras } from '../../ir/content.ts'
import { saidMembers, unknownMembers, type Members } from '../openai-wire/members.ts'

const unseen = Symbol('openai-completions')

type Packed = Extras & { readonly [unseen]?: Members }

/** Puts members and what travels unseen into one record; undefined where there is nothing to keep. */
export function pack(said: Members, silent: Members = {}): Extras | undefined {
  if (Object.keys(silent).length > 0) return { ...said, [unseen]: silent } as Packed
  return Object.keys(said).length > 0 ? said : undefined
}

/** Several records as one. */
export function merge(all: readonly Extras[]): Extras | undefined {
  return pack(
    Object.assign({}, ...all.map(saidMembers)) as Members,
    Object.assign({}, ...all.map((extras) => (extras as Packed)[unseen])) as Members,
  )
}

/** The members of a wire object beyond the known ones, with more that travels unseen. */
export function extrasOf(value: Members, known: ReadonlySet<string>, silent: Members = {}): Extras | undefined {
  const found = unknownMembers(value, known)
  return pack(found.said, { ...found.silent, ...silent })
}

/** Everything to be written back on this wire. */
export function ownMembers(extras: Extras | undefined): Record<string, unknown> {
  return { ...(extras as Packed | undefined)?.[unseen], ...saidMembers(extras) }
}

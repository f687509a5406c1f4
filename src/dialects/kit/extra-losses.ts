// What another wire would lose of members without a canonical name, and where each of them stands. Owns the places of
// members that do not stand below what carries them.
import type { Extras } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'

const places = Symbol('places of extras')

type Placed = Extras & { readonly [places]?: Readonly<Record<string, string>> }

/** Notes that members of extras do not stand below what the extras are on, but below `at`. */
export function placeExtras(extras: Extras, keys: readonly string[], at: string): Extras {
  const placed: Placed = { ...extras, [places]: Object.fromEntries(keys.map((key) => [key, `${at}.${key}`])) }
  return placed
}

/** One loss per member that the provider has no field for. */
export function extraLosses(extras: Extras | undefined, at?: string): Loss[] {
  return Object.keys(extras ?? {}).map((key) => ({
    path: extraPath(extras ?? {}, key, at),
    action: 'dropped',
    reason: 'the provider has no such field',
  }))
}

/** Where a member of extras stands in the client's body. */
export function extraPath(extras: Extras, key: string, at: string | undefined): string {
  const placed = (extras as Placed)[places]
  if (placed !== undefined && Object.hasOwn(placed, key)) return placed[key] ?? key
  return at === undefined || at === '' ? key : `${at}.${key}`
}

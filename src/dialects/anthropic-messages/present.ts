// Optional members without the noise. Knows no wire.

type Present<T extends object> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that are not undefined, for spreading where an absent member has to stay absent. */
export function present<T extends object>(members: T): Present<T> {
  const kept: Present<T> = {}
  // A plain loop: this runs for every part of every message.
  for (const key in members) {
    const member = members[key]
    if (member !== undefined) kept[key] = member as Exclude<T[typeof key], undefined>
  }
  return kept
}

// Readers of loose JSON, and optional members without noise. Knows no wire.

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

/** Text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A list; an empty one where the value is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** A count of tokens: a safe integer that is not negative. */
export function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

// What `npm run test:full` does more of than `npm test`, whose few minutes are spent before every commit.

/** Everything instead of a sample. */
export const full: boolean = process.env['SIGNALBOX_TEST'] === 'full'

/** How often the full run does something, and how often the quick one does: fewer rounds of the same, none left out. */
export function rounds(whole: number, quick: number): number {
  return full ? whole : quick
}

/** Some of a list, spread evenly, first and last among them. */
export function sample<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items]
  return Array.from({ length: count }, (_, index) => Math.round((index * (items.length - 1)) / (count - 1))).map(
    (at) => items[at] as T,
  )
}

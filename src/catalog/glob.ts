// The globs of routes: `*` stands for any run of characters, everything else for itself.

/** The part of a glob before its first `*`; the whole text where there is none. */
export function literalPrefix(glob: string): string {
  const star = glob.indexOf('*')
  return star < 0 ? glob : glob.slice(0, star)
}

/** Longest literal prefix first; a stable sort keeps the order of declaration among equals. */
export function byLongestPrefix<T extends { readonly match: string | null }>(routes: readonly T[]): T[] {
  return routes
    .filter((route) => route.match !== null)
    .sort((left, right) => literalPrefix(right.match ?? '').length - literalPrefix(left.match ?? '').length)
}

// What `npm run test:full` does and `npm test`, whose few minutes are spent before every commit, takes a sample of. The rule:
// - `rounds`: loops and generated cases are fewer;
// - `sample`: of long tables some rows, spread evenly;
// - `processRuntimes`: suites about whole processes run on one runtime: Node, or where their rows run on Node already, the
//   first of the others. Each runtime keeps its smoke suite `test/runtime/{node,bun,deno,workerd}.test.ts` in both runs;
// - `onlyInFull`: a test that has nothing left to thin out is left to the full run, and says so;
// - command lines run in one process that stays (`test/node-adapter/cli-harness.ts`), in the full run each in its own.
// No check is another one: the full run does all of it, the quick one fewer of the same.

/** Everything instead of a sample. */
export const full: boolean = process.env['SIGNALBOX_TEST'] === 'full'

/** How often the full run does something, and how often the quick one does: fewer rounds of the same, none left out. */
export function rounds(whole: number, quick: number): number {
  return full ? whole : quick
}

/** So many rounds in tests of at most `size`, each with its own time: `[1, 60]` is the first of 60. For `it.each`. */
export function parts(count: number, size: number): (readonly [part: number, rounds: number])[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, at) => [at + 1, Math.min(size, count - at * size)])
}

/** All of a list in the full run, so many of it in the quick one. */
export function sample<T>(items: readonly T[], quick: number): T[] {
  return full ? [...items] : spread(items, quick)
}

/** Some of a list, spread evenly, first and last among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items]
  if (count === 1) return items.slice(0, 1)
  return Array.from({ length: count }, (_, index) => Math.round((index * (items.length - 1)) / (count - 1))).map(
    (at) => items[at] as T,
  )
}

/** The runtimes of a suite of whole processes: all that it names in the full run, its first in the quick one, with a word. */
export function processRuntimes<const T extends string>(suite: string, runtimes: readonly [T, ...T[]]): readonly T[] {
  const [first, ...others] = runtimes
  return onlyInFull(`${suite} on ${others.join(', ')}`) ? runtimes : [first]
}

/** True in the full run; in the quick one it prints what is left out of it. For `runIf`. */
export function onlyInFull(what: string): boolean {
  if (!full) console.info(`${what}: skipped, left to npm run test:full`)
  return full
}

// Whose turn it is on a route, as a value: smooth weighted round robin, of which plain round robin is the case of equal
// weights. https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1

/** By target name: how far each one is ahead of its share. */
export type Cursor = Readonly<Record<string, number>>

/** A choice that was served: what the cursor needs to move on. */
export interface CursorStep {
  readonly route: string
  /** Those that stood for election. */
  readonly weights: Readonly<Record<string, number>>
  readonly picked: string
}

/** A target that stands for election; its weight is more than 0. */
export interface Elector {
  readonly name: string
  readonly weight: number
}

/** Places in the list by their claim, the greatest first; ties as listed. Reads the cursor and leaves it. */
export function byTurn(cursor: Cursor, electors: readonly Elector[]): readonly number[] {
  const bound = boundOf(electors.map(({ weight }) => weight))
  const claims = electors.map(({ name, weight }) => valueOf(cursor, name, bound) + weight)
  return electors.map((_, place) => place).sort((left, right) => (claims[right] ?? 0) - (claims[left] ?? 0))
}

/** The cursor after a choice: everybody gains their weight, the chosen one pays the sum. */
export function advanced(cursor: Cursor, { weights, picked }: CursorStep): Cursor {
  const entries = Object.entries(weights)
  const all = entries.map(([, weight]) => weight)
  const sum = all.reduce((total, weight) => total + weight, 0)
  const bound = boundOf(all)
  return Object.fromEntries(
    entries.map(([name, weight]) => [name, valueOf(cursor, name, bound) + weight - (name === picked ? sum : 0)]),
  )
}

// What a reload of larger weights left behind must not decide for long: in a run with these weights no value gets further.
function boundOf(weights: readonly number[]): number {
  return weights.length * weights.reduce((total, weight) => total + weight, 0)
}

function valueOf(cursor: Cursor, name: string, bound: number): number {
  const value = Object.hasOwn(cursor, name) ? (cursor[name] ?? 0) : 0
  return Math.max(-bound, Math.min(bound, value))
}

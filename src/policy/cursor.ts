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

/** Names in the order of their claim; ties as declared. Reads the cursor and leaves it. */
export function byTurn(cursor: Cursor, weights: Readonly<Record<string, number>>): readonly string[] {
  const claim = (name: string): number => (cursor[name] ?? 0) + (weights[name] ?? 0)
  return Object.keys(weights).toSorted((left, right) => claim(right) - claim(left))
}

/** The cursor after a choice: everybody gains their weight, the chosen one pays the sum. */
export function advanced(cursor: Cursor, { weights, picked }: CursorStep): Cursor {
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  const next: Record<string, number> = {}
  for (const [name, weight] of Object.entries(weights))
    next[name] = (cursor[name] ?? 0) + weight - (name === picked ? sum : 0)
  return next
}

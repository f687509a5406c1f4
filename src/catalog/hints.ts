// The nearest valid name to a mistyped one. Pure text; knows nothing of what the names mean.

const longestList = 8

/** A hint for a name that is not among `candidates`: the nearest one, else the whole list where it is short. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const known = [...candidates]
  const near = nearest(name, known)
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`
  if (known.length === 0 || known.length > longestList) return undefined
  return `known: ${known.map((candidate) => JSON.stringify(candidate)).join(', ')}`
}

/** The candidate that `name` was most likely meant to be, or undefined where none is close. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const plainName = plain(name)
  // A third of the letters may be wrong: `prioriti` is still `priority`, `cat` is not `route`.
  const limit = Math.max(1, Math.floor(plainName.length / 3))
  let best: { readonly candidate: string; readonly distance: number } | undefined
  for (const candidate of candidates) {
    const distance = editDistance(plainName, plain(candidate), limit)
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { candidate, distance }
  }
  return best?.candidate ?? candidates.find((candidate) => containsWord(candidate, name))
}

// `apiKey`, `api-key` and `API_KEY` are all `api_key` written by another habit.
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. ]/g, '')
}

// `url` for `base_url`: a whole word of the candidate.
function containsWord(candidate: string, name: string): boolean {
  return name.length >= 3 && candidate.split(/[-_.]/).includes(name.toLowerCase())
}

/**
 * Edits (insert, delete, replace, swap of neighbours) that turn one text into the other; `limit + 1` where there are
 * more. Optimal string alignment over three rows.
 */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) > limit) return limit + 1
  let before: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let cost = Math.min(
        cell(last, column) + 1,
        cell(current, column - 1) + 1,
        cell(last, column - 1) + (same ? 0 : 1),
      )
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) cost = Math.min(cost, cell(before, column - 2) + 1)
      current.push(cost)
    }
    before = last
    last = current
  }
  return Math.min(cell(last, to.length), limit + 1)
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}

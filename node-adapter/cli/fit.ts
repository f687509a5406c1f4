// Tables that fit a terminal: columns become narrower, their texts go on below, and nothing is left out.

const narrowest = 8

/**
 * Widths of columns that make a line of `limit` characters with `gap` between them, as far as that can be: first down to
 * their longest words, then down to a width at which words are broken. The widest gives first.
 */
export function fitWidths(
  columns: readonly { readonly width: number; readonly word: number; readonly isFixed: boolean }[],
  limit: number,
  gap: number,
): readonly number[] {
  const widths = columns.map(({ width }) => width)
  const room = limit - gap * (columns.length - 1)
  const floors = [
    columns.map(({ width, word, isFixed }) => (isFixed ? width : Math.min(width, Math.max(word, narrowest)))),
    columns.map(({ width, isFixed }) => (isFixed ? width : Math.min(width, narrowest))),
  ]
  for (const floor of floors) while (sum(widths) > room && narrow(widths, floor));
  return widths
}

/** Takes one character from the widest column that has one to give. */
function narrow(widths: number[], floor: readonly number[]): boolean {
  let widest = -1
  for (const [at, width] of widths.entries())
    if (width > (floor[at] ?? 0) && (widest < 0 || width > (widths[widest] ?? 0))) widest = at
  if (widest < 0) return false
  widths[widest] = (widths[widest] ?? 0) - 1
  return true
}

/** The characters of the longest word. */
export function longestWord(text: string): number {
  return Math.max(0, ...text.split(' ').map((word) => [...word].length))
}

/** A text in lines of at most `width` characters, broken between words where that is possible. */
export function wrap(text: string, width: number): readonly string[] {
  if ([...text].length <= width) return [text]
  const indent = /^ */.exec(text)?.[0] ?? ''
  const room = Math.max(1, width - indent.length)
  const [first = [], ...rest] = text
    .slice(indent.length)
    .split(' ')
    .flatMap((word) => pieces([...word], room))
  const lines = [first]
  for (const word of rest) {
    const last = lines.at(-1) ?? []
    if (last.length + 1 + word.length > room) lines.push(word)
    else last.push(' ', ...word)
  }
  return lines.map((line) => indent + line.join(''))
}

// Addresses and names are broken behind their punctuation, where that fills half a line at least.
function pieces(word: readonly string[], width: number): string[][] {
  if (word.length <= width) return [[...word]]
  const mark = word.slice(0, width).findLastIndex((character) => '/.,_-'.includes(character)) + 1
  const end = mark * 2 >= width ? mark : width
  return [word.slice(0, end), ...pieces(word.slice(end), width)]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

// Whether a text is JSON, without building anything of it: an event that goes by as bytes is looked at for that alone.
// Strings, which are most of an answer, are crossed by native search.

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const ZERO = 48
const NINE = 57
/** Levels that fit into the bits of one number; deeper ones are left to the parser. */
const maxDepth = 30

/** What the next token may be. */
const wantsValue = 0
const wantsValueOrEnd = 1
const wantsKey = 2
const wantsKeyOrEnd = 3
const wantsCommaOrEnd = 4

/**
 * Whether the text between two offsets is one JSON object or array, white space around it allowed. Undefined where it is
 * nested too deep to tell here.
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export function isJsonRecord(text: string, from = 0, to = text.length): boolean | undefined {
  let depth = 0
  // One bit for each level that is open: set for an object.
  let objects = 0
  let wants = wantsValue
  let at = from
  while (at < to) {
    const code = text.charCodeAt(at)
    if (code === 32 || code === 10 || code === 13 || code === 9) {
      at++
      continue
    }
    if (code === COMMA) {
      if (wants !== wantsCommaOrEnd || depth === 0) return false
      wants = objects & (1 << depth) ? wantsKey : wantsValue
      at++
    } else if (code === 123 || code === 91) {
      if (wants > wantsValueOrEnd) return false
      depth++
      if (depth > maxDepth) return undefined
      objects = code === 123 ? objects | (1 << depth) : objects & ~(1 << depth)
      wants = code === 123 ? wantsKeyOrEnd : wantsValueOrEnd
      at++
    } else if (code === 125 || code === 93) {
      const isObject = (objects & (1 << depth)) !== 0
      if (depth === 0 || isObject !== (code === 125)) return false
      if (wants !== wantsCommaOrEnd && wants !== (isObject ? wantsKeyOrEnd : wantsValueOrEnd)) return false
      depth--
      wants = wantsCommaOrEnd
      at++
      if (depth === 0) return isBlank(text, at, to)
    } else if (depth === 0) {
      return false
    } else if (wants === wantsKey || wants === wantsKeyOrEnd) {
      const end = code === QUOTE ? endOfString(text, at, to) : -1
      if (end < 0) return false
      at = afterBlanks(text, end, to)
      if (at >= to || text.charCodeAt(at) !== COLON) return false
      at++
      wants = wantsValue
    } else if (wants === wantsCommaOrEnd) {
      return false
    } else {
      at = code === QUOTE ? endOfString(text, at, to) : endOfBare(text, at, to)
      if (at < 0) return false
      wants = wantsCommaOrEnd
    }
  }
  return false
}

function isBlank(text: string, from: number, to: number): boolean {
  return afterBlanks(text, from, to) >= to
}

function afterBlanks(text: string, from: number, to: number): number {
  let at = from
  while (at < to) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at
    at++
  }
  return at
}

/** Behind the string that begins at `start`; -1 where it is none. */
function endOfString(text: string, start: number, to: number): number {
  const quote = text.indexOf('"', start + 1)
  if (quote < 0 || quote >= to) return -1
  for (let at = start + 1; at < quote; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) return endOfEscaped(text, at, to)
    if (code < 32) return -1
  }
  return quote + 1
}

function endOfEscaped(text: string, start: number, to: number): number {
  for (let at = start; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code < 32) return -1
    if (code !== BACKSLASH) continue
    const escaped = text[++at] ?? ''
    if (escaped === 'u') {
      if (!isHex(text, at + 1) || at + 4 >= to) return -1
      at += 4
    } else if (!'"\\/bfnrt'.includes(escaped) || escaped === '') return -1
  }
  return -1
}

function isHex(text: string, from: number): boolean {
  for (let at = from; at < from + 4; at++) {
    const code = text.charCodeAt(at)
    const hex = (code >= ZERO && code <= NINE) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
    if (!hex) return false
  }
  return true
}

/** Behind a number, `true`, `false` or `null`; -1 where it is none of them. */
function endOfBare(text: string, start: number, to: number): number {
  const end = text.startsWith('null', start) || text.startsWith('true', start) ? start + 4 : endOfOther(text, start, to)
  return end > to ? -1 : end
}

function endOfOther(text: string, start: number, to: number): number {
  if (text.startsWith('false', start)) return start + 5
  let at = text[start] === '-' ? start + 1 : start
  const whole = at
  at = afterDigits(text, at, to)
  if (at === whole || (text.charCodeAt(whole) === ZERO && at > whole + 1)) return -1
  if (text[at] === '.') {
    const point = at + 1
    at = afterDigits(text, point, to)
    if (at === point) return -1
  }
  if (text[at] !== 'e' && text[at] !== 'E') return at
  const exponent = text[at + 1] === '+' || text[at + 1] === '-' ? at + 2 : at + 1
  at = afterDigits(text, exponent, to)
  return at === exponent ? -1 : at
}

function afterDigits(text: string, from: number, to: number): number {
  let at = from
  while (at < to) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return at
    at++
  }
  return at
}

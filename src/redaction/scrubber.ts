// Takes known secrets out of texts, in every spelling and also in pieces: no eight characters of one in a row stay; of
// the middle of one that is longer than any key, no twenty-four.
// One pass over the text with a rolling hash, whatever the number of secrets.
import type { Secret } from '../ir/secret.ts'
import { formsOf, minSecretLength } from './forms.ts'
import { hideShapes, redacted } from './shapes.ts'

export interface Scrubber {
  /** The text without known secrets and without what looks like a key, cut to `maxLength` characters. */
  scrub(text: string, maxLength?: number): string
  /**
   * The text without known secrets as a whole, in every spelling: for answers and for what an operator asked to see, where
   * the beginning of a key or its mere shape may be what somebody wants to read about.
   */
  hide(text: string): string
  /** `hide` for many texts in a row, such as those of one answer: for the secrets that are known by now. */
  hideKnown(): (text: string) => string
  /** Whether `scrub` would leave the text as it is. */
  isClean(text: string): boolean
  /** What becomes of a field that is on no list of its sink: left out, or thrown where a test should hear of it. */
  readonly unknown: UnknownField
}

export type UnknownField = 'drop' | 'throw'

/** How much of a provider's message is passed on. */
export const maxMessageLength = 512

const window = minSecretLength
/** A run of this many characters of a secret is no accident, whatever they are. */
const longRun = 16
/** So many characters at the ends of a form are looked for wherever a piece of them begins. */
const denseEnd = 64
/** More windows than these: the secrets that are no longer in use are forgotten. */
const maxWindows = 100_000

const bits = 22
// Each character moves the ones before it on by three bits: after eight steps of it nothing is left in 24.
const step = 3
const mask = 0xff_ffff

/**
 * A scrubber for the secrets that `live` lists at the time of each call; older ones are remembered for a while.
 * @param live gives another list where anything changed, and may give the same one while nothing did
 */
export function createScrubber(live: () => Iterable<Secret>, unknown: UnknownField = 'drop'): Scrubber {
  let known = emptyIndex()
  let learnt: Iterable<Secret> | undefined

  function learn(): void {
    const secrets = live()
    if (secrets === learnt) return
    learnt = secrets
    const values = new Set<string>()
    for (const secret of secrets) {
      const value = secret.reveal()
      if (value.length >= minSecretLength) values.add(value)
    }
    addAll(known, values)
    if (known.windows.size <= known.limit || known.values.size === values.size) return
    // Anew from all that are in use: whoever keeps the old one goes on with it.
    known = emptyIndex()
    addAll(known, values)
    known.limit = Math.max(maxWindows, 2 * known.windows.size)
  }

  function take(text: string, what: 'whole' | 'pieces'): string {
    learn()
    return known.values.size === 0 ? text : without(text, known, what)
  }

  return {
    unknown,
    hide: (text) => take(text, 'whole'),
    hideKnown() {
      learn()
      const index = known
      return (text) => (index.values.size === 0 ? text : without(text, index, 'whole'))
    },
    scrub(text, maxLength = maxMessageLength) {
      // Before it is cut: what is left of a key that was cut in two looks like nothing.
      const clean = hideShapes(take(text.length > 16 * maxLength ? text.slice(0, 16 * maxLength) : text, 'pieces'))
      return clean.length > maxLength ? clean.slice(0, maxLength) : clean
    },
    isClean: (text) => take(text, 'pieces') === text && hideShapes(text) === text,
  }
}

interface Index {
  readonly values: Set<string>
  /** Every spelling of every secret. */
  readonly forms: string[]
  /** Those of secrets that no text holds by accident. */
  readonly rare: string[]
  /** Windows by their text; true where one alone is reason enough. */
  readonly windows: Map<string, boolean>
  /** One bit for each hash of a window. */
  readonly filter: Uint32Array
  /** So many windows are one too many to remember what is no longer in use. */
  limit: number
}

function emptyIndex(): Index {
  const filter = new Uint32Array(1 << (bits - 5))
  return { values: new Set(), forms: [], rare: [], windows: new Map(), filter, limit: maxWindows }
}

function addAll(index: Index, values: Iterable<string>): void {
  for (const value of values) if (!index.values.has(value)) addTo(index, value)
}

function addTo(index: Index, value: string): void {
  index.values.add(value)
  const isRare = value.length >= longRun || isTelling(value)
  for (const form of formsOf(value)) {
    index.forms.push(form)
    if (isRare) index.rare.push(form)
    const last = form.length - window
    // Tokens of thousands of characters: in their middle end to end: a piece of three windows still holds two.
    for (let at = 0; at <= last; at += at < denseEnd || at >= last - denseEnd ? 1 : window) {
      const piece = form.slice(at, at + window)
      if (index.windows.has(piece)) continue
      index.windows.set(piece, isTelling(piece))
      const slot = slotOf(hashOf(piece))
      index.filter[slot >>> 5] = (index.filter[slot >>> 5] ?? 0) | (1 << (slot & 31))
    }
  }
}

// Words and hexadecimal digits are in many texts; a mix of letters and digits, or of cases, is in this one only.
function isTelling(piece: string): boolean {
  if (/^[0-9a-f]+$/.test(piece) || /^[0-9A-F]+$/.test(piece)) return false
  return /\d/.test(piece) ? /[A-Za-z]/.test(piece) : /[a-z][^a-z]*[A-Z]/.test(piece)
}

function hashOf(piece: string): number {
  let hash = 0
  for (let at = 0; at < window; at++) hash = ((hash << step) ^ piece.charCodeAt(at)) & mask
  return hash
}

function slotOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - bits)
}

/** The text with every run of windows replaced. */
function without(text: string, index: Index, what: 'whole' | 'pieces'): string {
  const { filter } = index
  if (text.length < window) return text
  let hash = 0
  let runs: Run[] | undefined
  for (let end = 0; end < text.length; end++) {
    hash = ((hash << step) ^ text.charCodeAt(end)) & mask
    const slot = slotOf(hash)
    if ((((filter[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 0) continue
    const at = end + 1 - window
    const telling = at < 0 ? undefined : index.windows.get(text.slice(at, end + 1))
    if (telling !== undefined) runs = extend(runs ?? [], at, telling)
  }
  return runs === undefined ? text : cut(text, runs, index, what)
}

interface Run {
  readonly start: number
  end: number
  telling: boolean
}

function extend(runs: Run[], at: number, telling: boolean): Run[] {
  const last = runs.at(-1)
  if (last !== undefined && at <= last.end) {
    last.end = at + window
    last.telling ||= telling
  } else runs.push({ start: at, end: at + window, telling })
  return runs
}

function cut(text: string, runs: readonly Run[], index: Index, what: 'whole' | 'pieces'): string {
  let kept = ''
  let from = 0
  for (const { start, end, telling } of runs) {
    const run = text.slice(start, end)
    const isPiece = what === 'pieces' && (telling || run.length >= longRun)
    // Servers that ask for no key are given words for one (`anything`, `not-needed`): in answers these are only words.
    const forms = what === 'pieces' ? index.forms : index.rare
    if (!isPiece && !forms.some((form) => run.includes(form))) continue
    kept += text.slice(from, start) + redacted
    from = end
  }
  return kept + text.slice(from)
}

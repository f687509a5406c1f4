// How much a model wrote, by the bytes of its wire: no event is parsed for it. Only the value of the member that a delta
// grows by is crossed, and where it stands is known from the event before.
import { createOutputMeter, type OutputMeter } from '../../ir/output-meter.ts'
import type { OutputCount } from '../../ir/usage.ts'

/** Counts the answer of one stream that goes by unread. The count does not depend on how its bytes were cut. */
export interface WireMeter {
  /** The data of one event. */
  event(data: string): void
  /** Several server-sent events, line feeds only and one line of data each. */
  events(text: string): void
  /** The provider has told how much it had written up to here. */
  reported(): void
  count(): OutputCount | undefined
}

interface MeterOptions {
  /** The members whose strings are what the model writes, as a regular expression. */
  readonly strings: string
  /** Where a call of a tool begins, up to its name, as a regular expression. */
  readonly calls?: string
  /** Behind this, an event has only what the model did not write, as a regular expression. */
  readonly foreign?: string
  /** All of them that an event has count; else the first one that is not empty, and the rest is not looked at. */
  readonly several?: true
  /** What the meter adds to. */
  readonly meter?: OutputMeter
}

/** A pattern that nothing matches. */
const nowhere = '(?!)'

const QUOTE = 34
const BACKSLASH = 92
const LETTER_U = 117
const DIGIT_8 = 56

/**
 * A meter for one stream. Rough where an event holds several such members, and where a member of that name is somebody
 * else's text (a quotation, the result of a server's tool): that counts too.
 */
export function createWireMeter(options: MeterOptions): WireMeter {
  const { strings, calls = nowhere, foreign = nowhere, several, meter = createOutputMeter() } = options
  // Inside a string the quotes around a name would be escaped.
  const pattern = new RegExp(`"(?:${strings})"\\s*:\\s*"|(${calls})|(${foreign})`, 'g')
  /** How the member was spelled when it was met last, up to its value, and how far behind the beginning of its data. */
  let opening = ''
  let offset = 0
  /** How far behind the beginning of an event its data began. */
  let lead = 0

  /** Counts the value at a place where one is expected. The offset behind it; -1 where there is none. */
  function expected(text: string, at: number): number {
    if (opening === '' || !text.startsWith(opening, at)) return -1
    const start = at + opening.length
    const end = measure(text, start)
    return end === start ? -1 : end
  }

  function take(data: string): void {
    if (expected(data, offset) < 0) search(data)
  }

  function search(data: string): void {
    pattern.lastIndex = 0
    for (let found = pattern.exec(data); found !== null; found = pattern.exec(data)) {
      const [spelled, begun, other] = found
      if (other !== undefined) return
      const start = pattern.lastIndex
      if (begun !== undefined) {
        const quote = data.indexOf('"', start)
        if (quote > start) meter.call(data.slice(start, quote))
        continue
      }
      const end = measure(data, start)
      pattern.lastIndex = end
      if (end === start || several === true) continue
      opening = spelled
      offset = found.index
      return
    }
  }

  /** Counts the string whose first character is at `start`; the offset of what ends it. */
  function measure(text: string, start: number): number {
    const { length } = text
    let others = 0
    // What an escape takes up beyond the one character that it is.
    let surplus = 0
    let at = start
    for (; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (code > 127) others++
      else if (code === BACKSLASH) {
        const isUnit = text.charCodeAt(at + 1) === LETTER_U
        if (isUnit && !isAsciiUnit(text, at + 2)) others++
        surplus += isUnit ? 5 : 1
        at += isUnit ? 5 : 1
      }
    }
    meter.grow(at - start - surplus - others, others)
    return at
  }

  /** Counts an event as it is framed, and learns where its data begins. */
  function learn(event: string): void {
    const line = event.startsWith('data:') ? 0 : event.indexOf('\ndata:') + 1
    if (line === 0 && !event.startsWith('data:')) return
    lead = event[line + 5] === ' ' ? line + 6 : line + 5
    take(event.slice(lead))
  }

  return {
    event: take,
    events(text) {
      let start = 0
      while (start < text.length) {
        const found = text.indexOf('\n\n', start)
        const end = found < 0 ? text.length : found
        // Behind a short event it would be the next one's.
        const at = start + lead + offset
        if (at >= end || expected(text, at) < 0) learn(text.slice(start, end))
        start = end + 2
      }
    },
    reported: meter.reported,
    count: meter.count,
  }
}

// `\u003c` and its like: some write the punctuation of HTML so.
function isAsciiUnit(text: string, at: number): boolean {
  return text.startsWith('00', at) && text.charCodeAt(at + 2) < DIGIT_8
}

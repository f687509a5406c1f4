// Frames of a stream that repeat one another but for one text in them: nearly all of an answer. Owns telling such a frame
// by its ends, so that it need not be parsed; what it means is the decoder's to know.
import { parseJson } from '../../wire/json-parse.ts'

export interface RepeatedText {
  /** The text of a frame that is otherwise the one last learned, byte for byte; undefined for any other. */
  textIn(data: string): string | undefined
  /**
   * Learns a frame that was read in full and meant this text alone.
   * @param find finds the text in the parsed frame
   */
  learn(data: string, text: string, find: (value: unknown) => unknown): void
  /** Another kind of frame came: the next one is read in full again. */
  forget(): void
}

// A stream whose frames never repeat (OpenAI pads each with noise of its own) is not looked at for ever.
const patience = 8

/** @param key the member that holds the text */
export function createRepeatedText(key: string): RepeatedText {
  const opening = new RegExp(`"${key}": ?"`)
  let prefix = ''
  let suffix = ''
  let misses = 0

  return {
    textIn(data) {
      if (suffix === '' || data.length <= prefix.length + suffix.length) return undefined
      if (!data.startsWith(prefix) || !data.endsWith(suffix)) return undefined
      const raw = data.slice(prefix.length, data.length - suffix.length)
      misses = 0
      // An unescaped quote ends the string early: then it is no JSON, and the frame another one.
      const text = isPlain(raw) ? raw : parseJson(`"${raw}"`)
      return typeof text === 'string' && text !== '' ? text : undefined
    },
    learn(data, text, find) {
      if (misses++ > patience) return
      const at = opening.exec(data)
      if (at === null) return
      const start = at.index + at[0].length
      const end = endOfString(data, start)
      if (end < 0) return
      // The member may stand in the frame more than once: the right one is where another text would be found.
      const other = JSON.stringify(`${text}.`).slice(1, -1)
      if (find(parseJson(`${data.slice(0, start)}${other}${data.slice(end)}`)) !== `${text}.`) return
      prefix = data.slice(0, start)
      suffix = data.slice(end)
    },
    forget() {
      suffix = ''
    },
  }
}

/** JSON text that means itself. */
function isPlain(raw: string): boolean {
  return !/["\\\u0000-\u001f]/.test(raw)
}

/** Where the string that begins at `start` ends, or -1. */
function endOfString(data: string, start: number): number {
  for (let at = start; at < data.length; at++) {
    const character = data[at]
    if (character === '"') return at
    if (character === '\\') at++
  }
  return -1
}

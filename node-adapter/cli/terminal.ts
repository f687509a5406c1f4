// Writing to a terminal: colours only where a person sees them, and no control character that came from outside.
import process from 'node:process'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

export interface Painter {
  paint(style: Style, text: string): string
}

const codes: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' }

/** A painter for a stream: plain unless it is a terminal and `NO_COLOR` is unset. https://no-color.org */
export function painterFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Painter {
  const isColoured = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return { paint: (style, text) => (isColoured && text !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text) }
}

// C0, C1, line and paragraph separators, and what turns the direction of text around.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Text from outside on one line: a model name may hold anything, and a terminal obeys escape sequences. */
export function clean(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Resolves once the stream has taken the text, or will never take it. */
export function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    // A reader that has seen enough (`| head`) is no failure.
    const done = (): void => resolve()
    stream.once('error', done)
    stream.write(text, (error) => {
      // A failed write is followed by the event.
      if (error === undefined || error === null) stream.off('error', done)
      resolve()
    })
  })
}

/** One line for the person at the terminal, never part of the result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

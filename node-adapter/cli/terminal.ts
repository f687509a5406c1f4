// Writing to a terminal: colours only where a person sees them, and no control character that came from outside.
import process from 'node:process'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

export interface Painter {
  /** How many characters a line may have; absent where nobody looks, and a line may be as long as it is. */
  readonly width?: number
  paint(style: Style, text: string): string
}

const codes: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' }

/** A painter for a stream: plain unless it is a terminal and `NO_COLOR` is unset. https://no-color.org */
export function painterFor(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv = process.env,
): Painter {
  const isTerminal = stream.isTTY === true
  const isColoured = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const { columns } = stream
  return {
    // A terminal that does not know its width says 0.
    ...(isTerminal && columns !== undefined && columns > 0 && { width: columns }),
    paint: (style, text) => (isColoured && text !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text),
  }
}

// C0, C1, line and paragraph separators, and what turns the direction of text around.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Text from outside on one line: a model name may hold anything, and a terminal obeys escape sequences. */
export function clean(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

// Bun and Deno write the two streams in any order; a person reads the notes first.
let noted: Promise<unknown> = Promise.resolve()

/** Writes after the notes so far. Resolves once the stream has taken the text, or will never take it. */
export async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  await noted
  return take(stream, text)
}

function take(stream: NodeJS.WriteStream, text: string): Promise<void> {
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

/** One line for the person at the terminal, never part of the result. What is written later stands behind it. */
export function note(text: string): void {
  noted = Promise.all([noted, take(process.stderr, `${text}\n`)])
}

/** Resolves once every note is written. */
export async function allNoted(): Promise<void> {
  await noted
}

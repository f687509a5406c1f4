// Secrets and files from standard input: hidden where a person types them, as bytes where a file is piped in.
import process from 'node:process'
import { exitCodes, usageFailure } from '../cli/failure.ts'
import { readStandardInput } from '../cli/input.ts'
import { note } from '../cli/terminal.ts'

const maxBytes = 16 * 1024 * 1024

/** Standard input as bytes, up to 16 MiB. */
export function readInputBytes(): Promise<Buffer> {
  return readStandardInput(maxBytes)
}

/**
 * One secret: what is piped in, without the line end that `echo` adds, or what a person types, which is not shown.
 * Throws a usage failure where it is no UTF-8.
 */
export async function readInputSecret(what: string): Promise<string> {
  if (process.stdin.isTTY) return typed(what)
  const bytes = await readInputBytes()
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    throw usageFailure('invalid_flag', `${what} on standard input is not UTF-8 text`)
  }
}

const enter = new Set(['\r', '\n', '\u0004'])
const erase = new Set(['\b', '\u007F'])

function typed(what: string): Promise<string> {
  process.stderr.write(`${what} (not shown, ends with Enter): `)
  const { stdin } = process
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  return new Promise((resolve) => {
    let text = ''
    const onData = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\u0003') process.exit(exitCodes.interrupted)
        if (enter.has(character)) return done()
        text = erase.has(character) ? text.slice(0, -1) : text + character
      }
    }
    const done = (): void => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      note('')
      resolve(text)
    }
    stdin.on('data', onData)
  })
}

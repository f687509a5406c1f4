// Operations speak of the members of their input; who reads a terminal typed flags and arguments.
import type { Command } from './commands.ts'

/**
 * A message of an operation in the words of the command line: `base_url` becomes `--base-url`, or `<preset>` where it is
 * typed by position. Names of one word are told from prose by the colon behind them or by backquotes; what is part of a
 * path (`providers.x.base_url`) or quoted means the configuration and stays.
 */
export function inFlagWords(message: string, { flags, positional }: Pick<Command, 'flags' | 'positional'>): string {
  return flags.reduce((text, { field, name }) => {
    const word = positional.includes(field) ? `<${name}>` : `--${name}`
    const named = text.replaceAll(new RegExp(`(^|; )${field}: `, 'g'), `$1${word}: `).replaceAll(`\`${field}\``, word)
    return field.includes('_')
      ? named.replaceAll(new RegExp(`(?<![\\w."'/-])${field}(?![\\w."'/-])`, 'g'), word)
      : named
  }, message)
}

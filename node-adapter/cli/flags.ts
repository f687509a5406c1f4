// Flags of a verb, generated from the JSON Schema of its input: `request_id` becomes `--request-id`.
import { readFile } from 'node:fs/promises'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearest } from '../../src/catalog/hints.ts'
import { isObject, parseJson } from '../../src/wire/json-parse.ts'
import { codeOf } from '../error-code.ts'
import { usageFailure } from './failure.ts'
import { maxTextBytes, readStandardInput } from './input.ts'

export interface Flag {
  /** The input's member. */
  readonly field: string
  /** Without the dashes. */
  readonly name: string
  readonly kind: 'switch' | 'number' | 'text' | 'list' | 'json'
  readonly description: string
  readonly choices: readonly string[]
  readonly preset: unknown
  readonly required: boolean
}

type JsonSchema = Readonly<Record<string, unknown>>

/** The flags for the members of an object's JSON Schema, in its order. */
export function flagsOf(schema: JsonSchema): readonly Flag[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).map(([field, raw]) => {
    const property = isObject(raw) ? raw : {}
    return {
      field,
      name: flagName(field),
      kind: kindOf(property['type']),
      description: typeof property['description'] === 'string' ? property['description'] : '',
      choices: Array.isArray(property['enum']) ? property['enum'].map(String) : [],
      preset: property['default'],
      required: required.includes(field),
    }
  })
}

/** `request_id` as a flag: `request-id`. */
export function flagName(field: string): string {
  return field.replaceAll('_', '-')
}

function kindOf(type: unknown): Flag['kind'] {
  switch (type) {
    case 'boolean':
      return 'switch'
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return 'list'
    case 'object':
      return 'json'
    default:
      return 'text'
  }
}

export interface ParsedFlags {
  /** By field; text as it was typed, not yet checked. */
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

/** Parses a command line against the flags. Throws a usage failure that names the nearest flag. */
export function parseFlags(args: readonly string[], flags: readonly Flag[]): ParsedFlags {
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const flag of flags)
    options[flag.name] = { type: flag.kind === 'switch' ? 'boolean' : 'string', multiple: flag.kind === 'list' }
  if (options['help'] !== undefined) options['help'] = { type: 'boolean', short: 'h' }
  let parsed: { readonly values: Record<string, unknown>; readonly positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw parseFailure(error, flags)
  }
  const values: Record<string, unknown> = {}
  for (const flag of flags) {
    const value = parsed.values[flag.name]
    if (value !== undefined) values[flag.field] = flag.kind === 'number' ? numberOf(value) : value
  }
  return { values, positionals: parsed.positionals }
}

function parseFailure(error: unknown, flags: readonly Flag[]): Error {
  const message = error instanceof Error ? error.message : 'the command line cannot be read'
  const unknown = /Unknown option '(--?)([^']+)'/.exec(message)?.[2]
  if (unknown !== undefined) {
    const names = flags.map((flag) => flag.name)
    const near = nearest(unknown.replace(/^no-/, ''), names)
    const hint = near === undefined ? '' : `, did you mean --${near}?`
    return usageFailure('unknown_flag', `unknown flag --${unknown}${hint}`, `--${unknown}`)
  }
  // Only the first sentence: the rest teaches a syntax that is not ours.
  return usageFailure('invalid_flag', message.split(/[.\n]/)[0] ?? message)
}

// What is no number stays as it was typed, so that the input's own check can say what it wants.
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value
}

/** Reads the values of JSON flags: JSON itself, `@file`, or `-` for standard input. */
export async function readJsonFlags(
  values: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
): Promise<Record<string, unknown>> {
  const read = { ...values }
  for (const flag of flags) {
    const value = read[flag.field]
    if (flag.kind !== 'json' || typeof value !== 'string') continue
    const parsed = parseJson(await textOf(value, flag.name))
    if (parsed === undefined) throw usageFailure('invalid_flag', `--${flag.name}: not JSON`, `--${flag.name}`)
    read[flag.field] = parsed
  }
  return read
}

async function textOf(value: string, name: string): Promise<string> {
  if (value === '-') return (await readStandardInput(maxTextBytes)).toString('utf8')
  if (!value.startsWith('@')) return value
  try {
    return await readFile(value.slice(1), 'utf8')
  } catch (cause) {
    throw usageFailure('invalid_flag', `--${name}: ${value.slice(1)} cannot be read (${codeOf(cause)})`, `--${name}`)
  }
}

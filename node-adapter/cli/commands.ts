// The verbs: every operation, and the few commands that are about this process. Finds the one that was meant.
import { z } from 'zod'
import { nearest } from '../../src/catalog/hints.ts'
import { operations } from '../../src/operations/index.ts'
import { inputJsonSchema } from '../../src/operations/json-schema.ts'
import type { Operation } from '../../src/operations/operation.ts'
import { initInput } from '../init/init.ts'
import { vaultSetFlags } from '../vault/set-input.ts'
import { vaultVerbs, type VaultVerb } from '../vault/verbs.ts'
import { usageFailure } from './failure.ts'
import { flagsOf, type Flag } from './flags.ts'

/** What every verb understands. */
const globalInput = z.strictObject({
  json: z.boolean().default(false).describe('One JSON envelope on stdout, and nothing else'),
  help: z.boolean().default(false).describe('Show this help'),
})

/** Where an operation runs. */
const placeInput = z.strictObject({
  config: z.string().min(1).optional().describe('Work on this configuration, without a gateway'),
  url: z.string().min(1).optional().describe('Ask this gateway; SIGNALBOX_ADMIN_KEY holds its key'),
  port: z.int().min(1).max(65_535).optional().describe('Ask the gateway of this machine that listens here'),
})

const serveInput = z.strictObject({
  config: z
    .string()
    .min(1)
    .optional()
    .describe('The configuration file; else SIGNALBOX_CONFIG, else the one of `init`, else the quickstart'),
  host: z.string().min(1).optional().describe('The address to listen on'),
  port: z.int().min(0).max(65_535).optional().describe('The port to listen on; 0 picks a free one'),
  log_level: z.enum(['debug', 'info', 'warn', 'error']).optional().describe('How much is logged'),
  no_watch: z.boolean().default(false).describe('Do not take up a changed file before `gateway reload` or SIGHUP'),
})

/** Commands that are no operations. */
export type LocalVerb = VaultVerb | 'init' | 'serve' | 'mcp' | 'version' | 'help'

interface CommandFacts {
  readonly verb: string
  readonly summary: string
  readonly examples: readonly string[]
  readonly positional: readonly string[]
  /** Takes any number of words. */
  readonly takesWords?: true
  readonly flags: readonly Flag[]
}

export type Command =
  | (CommandFacts & { readonly kind: 'operation'; readonly operation: Operation })
  | (CommandFacts & { readonly kind: 'local'; readonly verb: LocalVerb; readonly schema: z.ZodType })

/** Flags of every verb. */
export const globalFlags = flagsOf(z.toJSONSchema(globalInput, { io: 'input' }))
export const placeFlags = flagsOf(z.toJSONSchema(placeInput, { io: 'input' }))
export const placeSchema = placeInput

const aliases: Readonly<Record<string, string>> = {
  'gateway run': 'serve',
  'gateway status': 'status',
  'gateway health': 'health',
}

/** The same group under its other name: `providers show` is `provider show`, `provider list` is `providers list`. */
const otherGroup: Readonly<Record<string, string>> = { provider: 'providers', providers: 'provider' }

const localCommands: readonly Command[] = [
  local('serve', 'Run the gateway (also: gateway run).', serveInput, [
    'serve',
    'serve --config gateway.jsonc --port 8080',
  ]),
  local('init', 'Write a configuration to start from, and say what to do next.', initInput, [
    'init',
    'init --native-clients --config gateway.jsonc',
  ]),
  local('mcp', 'Offer the operations to an agent as MCP tools over standard input and output.', placeInput, [
    'mcp',
    'mcp --config gateway.jsonc',
  ]),
  ...Object.entries(vaultVerbs).map(([verb, { summary, schema, examples, positional }]) => ({
    ...local(verb as VaultVerb, summary, schema, examples),
    positional,
  })),
  local('version', 'Show the version.', z.strictObject({}), ['version']),
  { ...local('help', 'Show the verbs, or one of them.', z.strictObject({}), ['help trace list']), takesWords: true },
]

/** Every command, operations first, in the order in which help shows them. */
export const commands: readonly Command[] = [...operations.map(operationCommand), ...localCommands]

function local(verb: LocalVerb, summary: string, schema: z.ZodType, examples: readonly string[]): Command {
  const flags = flagsOf(z.toJSONSchema(schema, { io: 'input' }))
  return { kind: 'local', verb, summary, examples, positional: [], flags, schema }
}

function operationCommand(operation: Operation): Command {
  const { verb, summary, examples, positional } = operation
  const flags = flagsOf(inputJsonSchema(operation))
  return {
    kind: 'operation',
    verb,
    summary,
    examples,
    positional,
    flags: verb === 'vault set' ? vaultSetFlags(flags) : flags,
    operation,
  }
}

export interface FoundCommand {
  readonly command: Command
  /** The command line without the verb. */
  readonly args: readonly string[]
}

/**
 * Finds the verb, written in words or with dashes, flags before it or after it.
 * Throws a usage failure with the nearest verb; undefined where no verb was given at all.
 */
export function findCommand(argv: readonly string[]): FoundCommand | undefined {
  const start = firstWord(argv)
  const [first, second] = [argv[start], argv[start + 1]]
  if (first === undefined) return undefined
  const pair = second === undefined || second.startsWith('-') ? undefined : `${first} ${second}`
  for (const [words, length] of [[pair, 2] as const, [first, 1] as const]) {
    const command = words === undefined ? undefined : commandOf(words)
    if (command !== undefined) return { command, args: [...argv.slice(0, start), ...argv.slice(start + length)] }
  }
  throw unknownVerb(first, pair)
}

/** The command of a verb in words or with dashes. */
export function commandOf(words: string): Command | undefined {
  const dashed = words.replaceAll(' ', '-')
  const aliased = Object.entries(aliases).find(([alias]) => alias.replaceAll(' ', '-') === dashed)?.[1]
  return named(aliased ?? dashed) ?? named(inOtherGroup(dashed))
}

function named(dashed: string | undefined): Command | undefined {
  return commands.find((command) => command.verb.replaceAll(' ', '-') === dashed)
}

function inOtherGroup(dashed: string): string | undefined {
  const [group = '', ...rest] = dashed.split('-')
  const other = Object.hasOwn(otherGroup, group) ? otherGroup[group] : undefined
  return other === undefined || rest.length === 0 ? undefined : [other, ...rest].join('-')
}

// Before the verb only the flags of every verb may stand, so their values can be told from it.
function firstWord(argv: readonly string[]): number {
  const withValue = new Set(placeFlags.filter((flag) => flag.kind !== 'switch').map((flag) => `--${flag.name}`))
  let at = 0
  while (argv[at]?.startsWith('-') === true) at += withValue.has(argv[at] ?? '') ? 2 : 1
  return at
}

function unknownVerb(first: string, pair: string | undefined): Error {
  const groups = [first, ...(Object.hasOwn(otherGroup, first) ? [otherGroup[first]] : [])]
  const inGroup = commands
    .map(({ verb }) => verb)
    .filter((verb) => groups.some((group) => verb.startsWith(`${group} `)))
  const verbs = [...commands.map((command) => command.verb), ...Object.keys(aliases)]
  if (pair === undefined && inGroup.length > 0)
    return usageFailure('unknown_verb', `${first} needs one more word: ${inGroup.join(', ')}`)
  const near = (pair === undefined ? undefined : nearest(pair, verbs)) ?? nearest(first, verbs)
  const hint =
    near === undefined
      ? inGroup.length > 0
        ? `, known: ${inGroup.join(', ')}`
        : ''
      : `, did you mean ${JSON.stringify(near)}?`
  return usageFailure('unknown_verb', `unknown verb ${JSON.stringify(pair ?? first)}${hint}`)
}

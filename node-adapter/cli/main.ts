// The command line: finds the verb, reads its flags, runs it, prints, and says with the exit code how it went.
import process from 'node:process'
import { readStructure } from '../../src/catalog/structure.ts'
import { problemText } from '../../src/catalog/problem.ts'
import { doctor } from '../../src/operations/doctor.ts'
import type { Operation } from '../../src/operations/operation.ts'
import { checkInput } from '../../src/operations/run-operation.ts'
import { envFileOfFolder } from '../bun-env-file.ts'
import { runtimeName } from '../runtime-name.ts'
import { vaultSetInput } from '../vault/set-input.ts'
import { vaultMain } from '../vault/verbs.ts'
import { version } from '../version.ts'
import { commandOf, commands, findCommand, globalFlags, placeFlags, placeSchema, type Command } from './commands.ts'
import { CommandFailure, exitCodes, usageFailure, type ExitCode } from './failure.ts'
import { flagName, parseFlags, readJsonFlags } from './flags.ts'
import { inFlagWords } from './flag-words.ts'
import { flagData, helpFor, overview, usageOf } from './help.ts'
import { failedEnvelope, jsonLine, printEnvelope, printFailure, successEnvelope } from './output.ts'
import type { PlaceFlags } from './place.ts'
import { runVerb } from './run-verb.ts'
import { allNoted, note, painterFor, write } from './terminal.ts'

/** Runs one command line (without the program) and returns the exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  // Known before anything else can fail, so that even a wrong flag is reported in the form that was asked for.
  const json = beforeTerminator(argv).includes('--json')
  let verb = ''
  try {
    refuseEnvFile()
    const found = findCommand(argv)
    if (found === undefined) return await noVerb(argv, json)
    verb = found.command.verb
    if (verb !== 'serve') exitOnInterrupt(verb, json)
    return await runCommand(found.command, found.args, json)
  } catch (error) {
    return await printFailure(verb, error, json)
  } finally {
    // The process ends with this call.
    await allNoted()
  }
}

// Its variables cannot be told from the others any more.
function refuseEnvFile(): void {
  const name = envFileOfFolder()
  if (name !== undefined)
    throw new CommandFailure(
      'env_file_refused',
      `Bun has taken variables from ${name} of this folder, and they may be somebody else's: use \`bun --no-env-file\``,
      { exit: exitCodes.refused },
    )
}

function beforeTerminator(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end < 0 ? argv : argv.slice(0, end)
}

// A server drains on this signal; everything else has nothing to save.
function exitOnInterrupt(verb: string, json: boolean): void {
  process.once('SIGINT', () => {
    const line =
      json && verb !== 'mcp' ? jsonLine(failedEnvelope(verb, usageFailure('interrupted', 'interrupted'))) : ''
    void write(process.stdout, line).then(() => process.exit(exitCodes.interrupted))
  })
}

async function noVerb(argv: readonly string[], json: boolean): Promise<ExitCode> {
  const { values } = parseFlags(argv, [...globalFlags, ...placeFlags])
  if (values['help'] === true) return showHelp(undefined, json)
  if (json) throw usageFailure('missing_verb', 'a verb is missing; `signalbox help` lists them')
  await write(process.stderr, overview(commands, painterFor(process.stderr)))
  return exitCodes.usage
}

async function runCommand(command: Command, args: readonly string[], json: boolean): Promise<number> {
  const shared = command.kind === 'operation' ? [...placeFlags, ...globalFlags] : globalFlags
  const { values, positionals } = parseFlags(args, [...command.flags, ...shared])
  const { json: _, help, ...rest } = values
  if (help === true) return showHelp(command, json)
  if (command.verb === 'help') return showHelp(helpTopic(positionals), json)
  const named = { ...rest, ...namePositionals(command, positionals, rest) }
  if (command.kind === 'local') return runLocal(command, named, json)
  return runOperationCommand(command, named, json)
}

function namePositionals(
  command: Command,
  positionals: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const extra = positionals[command.positional.length]
  if (extra !== undefined)
    throw usageFailure(
      'unexpected_argument',
      `unexpected argument ${JSON.stringify(extra)}; usage: ${usageOf(command)}`,
    )
  const named: Record<string, unknown> = {}
  for (const [index, field] of command.positional.entries()) {
    const value = positionals[index]
    if (value === undefined) continue
    if (values[field] !== undefined)
      throw usageFailure(
        'conflicting_flags',
        `${field} was given by position and as --${flagName(field)}`,
        `--${flagName(field)}`,
      )
    named[field] = value
  }
  return named
}

async function runOperationCommand(
  command: Extract<Command, { kind: 'operation' }>,
  values: Readonly<Record<string, unknown>>,
  json: boolean,
): Promise<ExitCode> {
  const { operation } = command
  const { config, url, port, ...fields } = values
  const place = checkPlace({ config, url, port })
  if (operation.verb === 'config validate') {
    const { validateFiles } = await import('./validate.ts')
    const file = typeof fields['document'] === 'string' ? fields['document'] : undefined
    return printEnvelope(await validateFiles(operation, file, place), { json })
  }
  const given = operation.verb === 'vault set' ? await vaultSetInput(fields) : fields
  const input = await readJsonFlags(given, command.flags)
  const checked = checkInput(operation, input)
  if (!checked.ok) throw flagFailure(checked.error.message, checked.error.param, command)
  if (operation.verb === 'doctor') return doctorCommand(operation, checked.value, place, json)
  const onPlace = json ? undefined : (label: string) => note(`${operation.verb} ${label}`)
  const envelope = await runVerb({ operation, input, place, ...(onPlace !== undefined && { onPlace }) })
  const words = (message: string): string => inFlagWords(message, command)
  return printEnvelope(envelope, { json, columns: operation.columns, operation, words })
}

async function doctorCommand(
  operation: Operation,
  input: unknown,
  place: PlaceFlags,
  json: boolean,
): Promise<ExitCode> {
  const { runDoctor } = await import('../doctor/doctor.ts')
  const onPlace = json ? undefined : (label: string) => note(`doctor ${label}`)
  const envelope = await runDoctor({ input: doctor.input.parse(input), place, onPlace })
  return printEnvelope(envelope, { json, columns: operation.columns, operation: doctor })
}

// The input speaks of fields, the person typed flags.
function flagFailure(message: string, param: string | undefined, command: Command): Error {
  const text = inFlagWords(message, command)
  const flag = command.flags.find((candidate) => candidate.field === param)
  const at = flag === undefined ? undefined : `--${flag.name}`
  return usageFailure('invalid_flag', `${text}; usage: ${usageOf(command)}`, at)
}

function checkPlace(values: Readonly<Record<string, unknown>>): PlaceFlags {
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  const { problems, value } = readStructure(placeSchema, given)
  const [first] = problems
  if (first !== undefined || value === undefined)
    throw usageFailure('invalid_flag', first === undefined ? 'not usable' : `--${problemText(first)}`)
  return value
}

async function runLocal(
  command: Extract<Command, { kind: 'local' }>,
  values: Readonly<Record<string, unknown>>,
  json: boolean,
): Promise<number> {
  const { problems } = readStructure(command.schema, values)
  const [first] = problems
  if (first !== undefined) throw flagFailure(problemText(first), first.path, command)
  switch (command.verb) {
    case 'serve':
      return serve(values, json)
    case 'init': {
      const { initInput, initMain } = await import('../init/init.ts')
      return initMain(initInput.parse(values), json)
    }
    case 'mcp':
      return (await import('./mcp-stdio.ts')).mcpMain(checkPlace(values))
    case 'version':
      return showVersion(json)
    case 'vault init':
    case 'vault keygen':
    case 'vault retire':
    case 'vault export':
    case 'vault import':
      return vaultMain(command.verb, values, json)
    case 'help':
      return showHelp(undefined, json)
  }
}

async function serve(values: Readonly<Record<string, unknown>>, json: boolean): Promise<number> {
  const { serveMain } = await import('../serve.ts')
  const { config, host, port, log_level: logLevel, no_watch: noWatch } = values
  return serveMain({
    json,
    ...(typeof config === 'string' && { config }),
    ...(typeof host === 'string' && { host }),
    ...(typeof port === 'number' && { port }),
    ...(typeof logLevel === 'string' && { logLevel }),
    ...(noWatch === true && { watch: false }),
  })
}

async function showVersion(json: boolean): Promise<ExitCode> {
  if (json) return printEnvelope(successEnvelope('version', { version, runtime: runtimeName() }), { json })
  await write(process.stdout, `signalbox ${version}\n`)
  return exitCodes.ok
}

function helpTopic(words: readonly string[]): Command | undefined {
  if (words.length === 0) return undefined
  // Finds or throws, with the nearest verb.
  return commandOf(words.join(' ')) ?? findCommand(words)?.command
}

async function showHelp(command: Command | undefined, json: boolean): Promise<ExitCode> {
  const painter = painterFor(process.stdout)
  if (json) {
    const verbs = commands.map(({ verb, summary }) => ({ verb, summary }))
    const data =
      command === undefined ? { verbs } : { verb: command.verb, summary: command.summary, flags: flagData(command) }
    return printEnvelope(successEnvelope('help', data), { json })
  }
  await write(process.stdout, command === undefined ? overview(commands, painter) : helpFor(command, painter))
  return exitCodes.ok
}

// Results and failures on stdout and stderr: one JSON envelope with --json, else text for people.
import process from 'node:process'
import { problemText } from '../../src/catalog/problem.ts'
import type { Envelope, Operation } from '../../src/operations/operation.ts'
import { isObject } from '../../src/wire/json-parse.ts'
import { CommandFailure, exitCodes, type ExitCode } from './failure.ts'
import { hideSecrets } from './hide.ts'
import { renderValue } from './render.ts'
import { clean, painterFor, write } from './terminal.ts'

/** The envelope as one line of JSON. */
export function jsonLine(envelope: Envelope): string {
  return `${JSON.stringify(envelope)}\n`
}

/** A successful envelope around anything. */
export function successEnvelope(command: string, data: unknown): Envelope {
  return { ok: true, command, schema_version: '1', data }
}

/** What went wrong as an envelope; whatever is no failure of ours becomes `internal`. */
export function failedEnvelope(command: string, error: unknown): Extract<Envelope, { ok: false }> {
  const failure = asFailure(error)
  return {
    ok: false,
    command,
    schema_version: '1',
    error: {
      code: failure.code,
      message: hideSecrets(failure.message),
      ...(failure.param !== undefined && { param: failure.param }),
    },
  }
}

/** Any thrown thing as a failure with an exit code. */
export function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  const message = error instanceof Error ? error.message : 'unknown fault'
  return new CommandFailure('internal', `a fault in Signalbox: ${message}`, { cause: error })
}

const usageCodes: ReadonlySet<string> = new Set(['invalid_value', 'missing_required_parameter'])

/** The exit code of an envelope. A configuration that was found invalid counts as refused. */
export function exitOf(envelope: Envelope, operation?: Pick<Operation, 'isBad'>): ExitCode {
  if (!envelope.ok) return usageCodes.has(envelope.error.code) ? exitCodes.usage : exitCodes.failure
  const isInvalid =
    envelope.command === 'config validate' && isObject(envelope.data) && envelope.data['valid'] === false
  if (isInvalid) return exitCodes.refused
  return operation?.isBad?.(envelope.data) === true ? exitCodes.failure : exitCodes.ok
}

/** Prints an envelope and returns the exit code. */
export async function printEnvelope(
  envelope: Envelope,
  options: {
    readonly json: boolean
    readonly columns?: readonly string[] | undefined
    readonly operation?: Pick<Operation, 'isBad' | 'lines'> | undefined
    /** Puts a message for people into the words of the command line. */
    readonly words?: (message: string) => string
  },
): Promise<ExitCode> {
  if (options.json) await write(process.stdout, jsonLine(envelope))
  else if (envelope.ok) await printSuccess(envelope, options)
  else await printError(envelope.error.code, [(options.words ?? unchanged)(withPlace(envelope.error))])
  return exitOf(envelope, options.operation)
}

function unchanged(message: string): string {
  return message
}

// A constant message does not say which member it is about; most others do.
function withPlace({ code, message, param }: Extract<Envelope, { ok: false }>['error']): string {
  return param === undefined || code === 'not_found' || message.includes(param) ? message : `${param}: ${message}`
}

async function printSuccess(
  envelope: Extract<Envelope, { ok: true }>,
  { columns, operation }: Parameters<typeof printEnvelope>[1],
): Promise<void> {
  for (const warning of envelope.warnings ?? []) await write(process.stderr, `warning: ${clean(warning)}\n`)
  const lines = operation?.lines?.(envelope.data).map(clean)
  await write(process.stdout, `${lines === undefined ? textOf(envelope, columns) : lines.join('\n')}\n`)
}

function textOf(envelope: Extract<Envelope, { ok: true }>, columns: readonly string[] | undefined): string {
  const { command, data } = envelope
  // What is a document stays one, so that it can be saved, compared and read by an editor.
  if (command === 'config schema') return JSON.stringify(data, null, 2)
  if (command === 'config show' && isObject(data))
    return `// revision ${String(data['revision'])}\n${JSON.stringify(data['config'], null, 2)}`
  if (command === 'config validate' && isObject(data)) return verdictText(data)
  return renderValue(data, painterFor(process.stdout), columns).join('\n')
}

function verdictText(verdict: Record<string, unknown>): string {
  const painter = painterFor(process.stdout)
  const lines = (['problems', 'warnings'] as const).flatMap((kind) => {
    const found = Array.isArray(verdict[kind]) ? verdict[kind] : []
    const word = kind === 'problems' ? painter.paint('red', 'error') : painter.paint('yellow', 'warning')
    return found.map((problem) => `${word}: ${clean(problemText(problem as Parameters<typeof problemText>[0]))}`)
  })
  const result = verdict['valid'] === true ? `valid, revision ${String(verdict['revision'])}` : 'not valid'
  return [...lines, result].join('\n')
}

/** Prints a failure and returns its exit code. */
export async function printFailure(command: string, error: unknown, json: boolean): Promise<ExitCode> {
  const failure = asFailure(error)
  if (json) await write(process.stdout, jsonLine(failedEnvelope(command, failure)))
  else await printError(failure.code, linesOf(failure).map(hideSecrets))
  return failure.exit
}

function linesOf(failure: CommandFailure): readonly string[] {
  const problems: unknown = Reflect.get(failure, 'problems')
  if (!Array.isArray(problems)) return [failure.message]
  return problems.map((problem) => problemText(problem as Parameters<typeof problemText>[0]))
}

async function printError(code: string, lines: readonly string[]): Promise<void> {
  const label = painterFor(process.stderr).paint('red', `error ${clean(code)}:`)
  await write(process.stderr, lines.map((line) => `${label} ${clean(line)}\n`).join(''))
}

// `signalbox serve`: checks that it is safe to start, starts, says where, and stops gracefully.
import { resolve } from 'node:path'
import type { CredentialRecord, LogLevel, Snapshot } from '../src/catalog/snapshot.ts'
import { problemText } from '../src/catalog/problem.ts'
import { keyringProblem } from '../src/sealing/keyring.ts'
import { minKeyLength } from '../src/http/authenticate.ts'
import { Secret } from '../src/ir/secret.ts'
import type { Secrets } from '../src/ports/index.ts'
import { createScrubber, knownSecrets } from '../src/redaction/index.ts'
import { CommandFailure } from './cli/failure.ts'
import { jsonLine, printFailure, successEnvelope } from './cli/output.ts'
import { systemRandom } from './clock.ts'
import { loadConfigFiles } from './config-files.ts'
import { chooseConfig, choiceText, type ConfigChoice } from './default-config.ts'
import { createSecrets, withFallback } from './environment.ts'
import { startGateway, surfaceOf, type Gateway } from './gateway.ts'
import { KeyFileRefused, openLocalKeys, type LocalKeys } from './key-file.ts'
import { exitOnCrash } from './crash.ts'
import { createLog } from './log.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'
import { shellWord } from '../src/operations/shell-word.ts'

export interface ServeFlags {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly logLevel?: string
  /** One envelope on stdout: where it listens, or why not. */
  readonly json?: boolean
}

const exitRuntimeFailure = 1
const exitRefused = 78
const exitInterrupted = 130
const drainMs = 30_000

/** Runs a gateway until it is told to stop. Returns the exit code: 0 stopped, 1 could not start, 78 refused to. */
export async function serveMain(flags: ServeFlags): Promise<number> {
  const choice = chooseConfig(flags.config)
  const { source } = choice
  say(choiceText(choice))
  const loaded = await loadConfigFiles(source)
  for (const warning of loaded.warnings) say(`warning: ${problemText(warning)}`)
  if (!loaded.ok) {
    const code = await fail(flags, exitRefused, loaded.problems.map(problemText))
    say(refusedText(choice))
    return code
  }
  const { snapshot } = loaded
  const given = createSecrets(loaded.secrets)
  const host = flags.host ?? snapshot.server.host
  const ringProblem = keyringProblem(given)
  const refusal = [
    ...bindProblems(host, snapshot),
    ...keyProblems(snapshot, given),
    ...(ringProblem === undefined ? [] : [ringProblem]),
  ]
  // Only a gateway that may start makes a key.
  const local = refusal.length > 0 ? undefined : localKeys(given, refusal)
  if (refusal.length > 0 || local === undefined) {
    return fail(flags, exitRefused, refusal)
  }
  for (const warning of emptyAccounts(snapshot, given)) say(`warning: ${warning}`)
  const secrets = withFallback(given, local.secrets)
  const adminToken = `sbx_run_${systemRandom.id()}${systemRandom.id()}`
  const known = [...knownSecrets(snapshot, secrets), new Secret('admin token', adminToken)]
  const scrubber = createScrubber(() => known)
  exitOnCrash(scrubber)
  const log = createLog(logLevelOf(flags, snapshot), (line) => void process.stderr.write(line), scrubber)
  if (local.note !== undefined) say(local.note)
  if (local.missing !== undefined) log.warn('key_file_not_made', { reason: local.missing })
  const signals = listenForSignals()
  let gateway: Gateway
  try {
    const port = portOf(flags, snapshot)
    const command = serveCommand(choice, flags)
    gateway = await startGateway({ snapshot, secrets, host, port, log, adminToken, source, command })
  } catch (cause) {
    return fail(flags, exitRuntimeFailure, [scrubber.scrub(startFailure(cause, host, portOf(flags, snapshot)))])
  }
  const runFile = await writeRunFile({
    url: gateway.url,
    pid: process.pid,
    token: adminToken,
    startedAt: Date.now(),
    config: source.trimStart().startsWith('{') ? null : source,
  }).catch((cause: unknown) => {
    log.warn('run_file_not_written', { reason: cause instanceof Error ? cause.message : 'unknown' })
    return undefined
  })
  announce(flags, gateway.url, choice)
  const code = await untilStopped(gateway, signals)
  if (runFile !== undefined) await removeRunFile(runFile).catch(() => {})
  return code
}

// Whoever starts gateways reads one line: this one, or the one of `fail`.
function announce({ json }: ServeFlags, url: string, { source, origin }: ConfigChoice): void {
  const config = source.trimStart().startsWith('{') ? null : resolve(source)
  if (json === true) process.stdout.write(jsonLine(successEnvelope('serve', { url, pid: process.pid, config })))
  else process.stdout.write(`listening on ${url}\n${origin === 'quickstart' ? firstSteps(url) : ''}`)
}

async function fail({ json }: ServeFlags, exit: 1 | 78, problems: readonly string[]): Promise<number> {
  for (const problem of problems) say(`error: ${problem}`)
  const code = exit === exitRefused ? 'config_refused' : 'start_failed'
  return json === true ? printFailure('serve', new CommandFailure(code, problems.join('; '), { exit }), true) : exit
}

function refusedText({ source, origin }: ConfigChoice): string {
  const named = origin === 'flag' && !source.trimStart().startsWith('{') ? ` ${shellWord(source)}` : ''
  return `the configuration was refused; \`signalbox config validate${named}\` shows the same`
}

function serveCommand({ source, origin }: ConfigChoice, { host, port }: ServeFlags): string {
  const words = [
    ...(origin === 'flag' || origin === 'variable' ? ['--config', shellWord(resolve(source))] : []),
    ...(host === undefined ? [] : ['--host', host]),
    ...(port === undefined ? [] : ['--port', String(port)]),
  ]
  return ['signalbox serve', ...words].join(' ')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

// An open gateway that others can reach is a free service for strangers, and soon an empty account.
function bindProblems(host: string, snapshot: Snapshot): readonly string[] {
  const { allowOpenAdmin } = snapshot.server
  if (surfaceOf(host) === 'loopback' || snapshot.keys.length > 0 || allowOpenAdmin) return []
  return [
    `refusing to listen on ${host} without keys. Three ways out: add "keys" to the configuration, ` +
      'listen on 127.0.0.1, or set "server": {"allow_open_admin": true} if everybody who can reach it may use it',
  ]
}

function keyProblems(snapshot: Snapshot, secrets: Secrets): readonly string[] {
  return snapshot.keys
    .filter((key) => !key.revoked)
    .flatMap((key) => {
      const value = secrets.get(key.env)
      if (value === undefined || value === '') return [`key ${key.id}: the environment variable ${key.env} is not set`]
      return value.length < minKeyLength
        ? [`key ${key.id}: the value of ${key.env} is shorter than ${minKeyLength} characters`]
        : []
    })
}

// Nothing is wrong with a provider that nobody asks, so this refuses nothing.
function emptyAccounts(snapshot: Snapshot, secrets: Secrets): readonly string[] {
  return [...snapshot.providers.values()].flatMap(({ id, authScheme, accounts }) =>
    accounts.flatMap(({ id: account, credential }) =>
      authScheme.kind !== 'none' && isUnset(credential, secrets)
        ? [`account ${id}/${account}: the environment variable ${envOf(credential)} is not set`]
        : [],
    ),
  )
}

function isUnset(credential: CredentialRecord | null, secrets: Secrets): boolean {
  const env = envOf(credential)
  return env !== undefined && (secrets.get(env) ?? '') === ''
}

function envOf(credential: CredentialRecord | null): string | undefined {
  const recipe = credential?.recipe
  return recipe?.type === 'api_key' && recipe.secret.source === 'env' ? recipe.secret.env : undefined
}

function localKeys(given: Secrets, refusal: string[]): LocalKeys | undefined {
  try {
    return openLocalKeys(given)
  } catch (cause) {
    if (!(cause instanceof KeyFileRefused)) throw cause
    refusal.push(cause.message)
    return undefined
  }
}

const logLevels: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies LogLevel[]

function logLevelOf(flags: ServeFlags, snapshot: Snapshot): LogLevel {
  const asked = flags.logLevel ?? process.env['LOG_LEVEL'] ?? ''
  return logLevels.includes(asked) ? (asked as LogLevel) : snapshot.observability.logLevel
}

function portOf(flags: ServeFlags, snapshot: Snapshot): number {
  const fromEnvironment = Number(process.env['PORT'] ?? process.env['SERVER_PORT'] ?? Number.NaN)
  return flags.port ?? (Number.isInteger(fromEnvironment) ? fromEnvironment : snapshot.server.port)
}

function startFailure(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is taken; use --port (0 picks a free one)`
  if (code === 'EACCES') return `port ${port} on ${host} needs rights that this user does not have`
  return cause instanceof Error ? cause.message : 'the gateway could not start'
}

function firstSteps(url: string): string {
  const body = '{"model":"mock/echo","messages":[{"role":"user","content":"hello"}]}'
  return `try it:  curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'\n`
}

interface Signals {
  /** Resolves at the first request to stop. */
  readonly first: Promise<void>
  /** Resolves at the second: somebody does not want to wait. */
  readonly second: Promise<void>
}

// Listening begins before the gateway says that it is there: whoever waits for that line may stop it at once.
function listenForSignals(): Signals {
  const waiting: (() => void)[] = []
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve))
  const signals = { first: next(), second: next() }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => waiting.shift()?.())
  return signals
}

async function untilStopped(gateway: Gateway, signals: Signals): Promise<number> {
  await signals.first
  const stopped = gateway.stop(drainMs).then(
    () => 0,
    (cause: unknown) => {
      say(`error while stopping: ${cause instanceof Error ? cause.message : 'unknown'}`)
      return exitRuntimeFailure
    },
  )
  return Promise.race([stopped, signals.second.then(() => exitInterrupted)])
}

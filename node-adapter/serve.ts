// `signalbox serve`: checks that it is safe to start, starts, says where, and stops gracefully.
import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import type { LogLevel, Snapshot } from '../src/catalog/snapshot.ts'
import { problemText } from '../src/catalog/problem.ts'
import { Secret } from '../src/ir/secret.ts'
import { fixedSettingNames } from '../src/operations/fixed-settings.ts'
import { createLiveConfig } from '../src/operations/live-config.ts'
import type { ConfigStatus } from '../src/operations/operation.ts'
import { shellWord } from '../src/operations/shell-word.ts'
import type { Secrets } from '../src/ports/index.ts'
import { createScrubber, knownSecrets } from '../src/redaction/index.ts'
import { CommandFailure } from './cli/failure.ts'
import { jsonLine, printFailure, successEnvelope } from './cli/output.ts'
import { systemClock, systemRandom } from './clock.ts'
import { findConfig } from './config-found.ts'
import { isConfigText } from './config-source.ts'
import { createConfigReloader } from './config-reload.ts'
import { chooseConfig, choiceText, type ConfigChoice } from './default-config.ts'
import { createSecrets, withFallback } from './environment.ts'
import { startGateway, type Gateway } from './gateway.ts'
import { KeyFileRefused, openLocalKeys, type LocalKeys } from './key-file.ts'
import { exitOnCrash } from './crash.ts'
import { createLog } from './log.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'
import { emptyAccounts, startProblems } from './start-rules.ts'

export interface ServeFlags {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly logLevel?: string
  /** False: a changed file is taken up only when the gateway is told to. */
  readonly watch?: boolean
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
  const found = await findConfig(source)
  const { compiled } = found
  for (const warning of compiled.warnings) say(`warning: ${problemText(warning)}`)
  if (!compiled.ok) {
    const code = await fail(flags, exitRefused, compiled.problems.map(problemText))
    say(refusedText(choice))
    return code
  }
  const { snapshot } = compiled
  const host = flags.host ?? snapshot.server.host
  const given = createSecrets(compiled.secrets)
  const refusal = [...startProblems(host, snapshot, given)]
  // Only a gateway that may start makes a key.
  const local = refusal.length > 0 ? undefined : localKeys(given, refusal)
  if (refusal.length > 0 || local === undefined) {
    return fail(flags, exitRefused, refusal)
  }
  for (const warning of emptyAccounts(snapshot, given)) say(`warning: ${warning}`)
  const adminToken = `sbx_run_${systemRandom.id()}${systemRandom.id()}`
  const secretsOf = (overrides: Secrets): Secrets => withFallback(createSecrets(overrides), local.secrets)
  const known = { list: secretsIn(snapshot, secretsOf(compiled.secrets), adminToken) }
  const scrubber = createScrubber(() => known.list)
  exitOnCrash(scrubber)
  const live = createLiveConfig({
    first: { print: found.print, compiled },
    source: sourceOf(choice),
    now: systemClock.now,
    fixed: fixedSettingNames,
    refusals: (next) => startProblems(host, next.snapshot, createSecrets(next.secrets)),
    onChange: (_before, { snapshot: now, secrets: overrides }) =>
      void (known.list = secretsIn(now, secretsOf(overrides), adminToken)),
  })
  const log = createLog(
    () => logLevelOf(flags, live.current()),
    (line) => void process.stderr.write(line),
    scrubber,
  )
  if (local.note !== undefined) say(local.note)
  if (local.missing !== undefined) log.warn('key_file_not_made', { reason: local.missing })
  const reloader = createConfigReloader({ source, first: found, live, log, mayWatch: flags.watch !== false })
  const { reload } = reloader
  const signals = listenForSignals(() => void reload('signal'))
  const secrets = secretsOf(live.secrets)
  let gateway: Gateway
  try {
    const port = portOf(flags, snapshot)
    gateway = await startGateway({ snapshot, live, reload, secrets, host, port, log, adminToken, source })
  } catch (cause) {
    return fail(flags, exitRuntimeFailure, [scrubber.scrub(startFailure(cause, host, portOf(flags, snapshot)))])
  }
  reloader.follow()
  const runFile = await writeRunFile({
    url: gateway.url,
    pid: process.pid,
    token: adminToken,
    startedAt: Date.now(),
    config: isConfigText(source) ? null : source,
  }).catch((cause: unknown) => {
    log.warn('run_file_not_written', { reason: cause instanceof Error ? cause.message : 'unknown' })
    return undefined
  })
  announce(flags, gateway.url, choice)
  const code = await untilStopped(gateway, signals, reloader.stop)
  if (runFile !== undefined) await removeRunFile(runFile).catch(() => {})
  return code
}

// Whoever starts gateways reads one line: this one, or the one of `fail`.
function announce({ json }: ServeFlags, url: string, { source, origin }: ConfigChoice): void {
  const config = isConfigText(source) ? null : resolve(source)
  if (json === true) process.stdout.write(jsonLine(successEnvelope('serve', { url, pid: process.pid, config })))
  else process.stdout.write(`listening on ${url}\n${origin === 'quickstart' ? firstSteps(url) : ''}`)
}

async function fail({ json }: ServeFlags, exit: 1 | 78, problems: readonly string[]): Promise<number> {
  for (const problem of problems) say(`error: ${problem}`)
  const code = exit === exitRefused ? 'config_refused' : 'start_failed'
  return json === true ? printFailure('serve', new CommandFailure(code, problems.join('; '), { exit }), true) : exit
}

function refusedText({ source, origin }: ConfigChoice): string {
  const named = origin === 'flag' && !isConfigText(source) ? ` ${shellWord(source)}` : ''
  return `the configuration was refused; \`signalbox config validate${named}\` shows the same`
}

function secretsIn(snapshot: Snapshot, secrets: Secrets, adminToken: string): readonly Secret[] {
  return [...knownSecrets(snapshot, secrets), new Secret('admin token', adminToken)]
}

function sourceOf({ source, origin }: ConfigChoice): ConfigStatus['source'] {
  if (!isConfigText(source)) return { kind: 'file', name: resolve(source) }
  return { kind: 'variable', name: origin === 'flag' ? null : 'SIGNALBOX_CONFIG' }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
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
function listenForSignals(onHangup: () => void): Signals {
  const waiting: (() => void)[] = []
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve))
  const signals = { first: next(), second: next() }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => waiting.shift()?.())
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))
  process.on('SIGHUP', () => {
    // The same signal says that the terminal was closed, and then nobody is there any more to stop it.
    if (terminals.some((descriptor) => !isatty(descriptor))) waiting.shift()?.()
    else onHangup()
  })
  return signals
}

// Whoever pressed Ctrl-C would otherwise see nothing for half a minute.
function drainText(left: number): string {
  const who = left === 1 ? '1 request under way has' : `${left} requests under way have`
  return `stopping: ${who} up to ${drainMs / 1000} s, a second signal ends it at once`
}

async function untilStopped(gateway: Gateway, signals: Signals, onStop: () => void): Promise<number> {
  await signals.first
  onStop()
  const left = gateway.inFlight()
  if (left > 0) say(drainText(left))
  const stopped = gateway.stop(drainMs).then(
    () => 0,
    (cause: unknown) => {
      say(`error while stopping: ${cause instanceof Error ? cause.message : 'unknown'}`)
      return exitRuntimeFailure
    },
  )
  return Promise.race([stopped, signals.second.then(() => exitInterrupted)])
}

// The command line as a user has it: a process of its own, an empty environment, a home that is thrown away. In the quick run
// the command lines of a suite on Node share one process, unless the process itself is the matter.
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Envelope } from '../../src/operations/operation.ts'
import { compiledFolder } from '../support/compiled-folder.ts'
import { full } from '../support/full-run.ts'
import type { ResidentCommand, ResidentResult } from './cli-resident.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const entry = join(root, 'node-adapter', 'cli.ts')

/** How each runtime starts the command line. */
export const runtimes = {
  node: [join(bin, 'node'), entry],
  bun: [join(bin, 'bun'), entry],
  deno: [
    join(bin, 'deno'),
    'run',
    '--no-remote',
    '--no-prompt',
    '--allow-net',
    '--allow-env',
    '--allow-read',
    '--allow-write',
    '--allow-sys',
    entry,
  ],
} as const

export type RuntimeUnderTest = keyof typeof runtimes

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly cwd?: string
  readonly runtime?: RuntimeUnderTest
  /** A process of its own in the quick run as well. */
  readonly alone?: boolean
}

export interface Gateway {
  readonly url: string
  readonly child: ChildProcess
  stop(): Promise<void>
}

/** A home folder with a command line in it. */
export interface Bench {
  readonly home: string
  /** Writes an owner-only file into the home and returns its path. */
  file(name: string, content: unknown, mode?: number): string
  run(args: readonly string[], options?: RunOptions): Promise<Result>
  /** Runs with --json and returns the one envelope; fails where stdout holds anything else. */
  json(
    args: readonly string[],
    options?: RunOptions,
  ): Promise<{ readonly code: number | null; readonly envelope: Envelope }>
  /** Starts a gateway and waits until it listens. */
  serve(args: readonly string[], options?: RunOptions): Promise<Gateway>
  start(args: readonly string[], options?: RunOptions): ChildProcess
  dispose(): Promise<void>
}

export function createBench(): Bench {
  const home = mkdtempSync(join(tmpdir(), 'sb-cli-'))
  const children = new Set<ChildProcess>()

  function placeOf(options: RunOptions): Pick<ResidentCommand, 'cwd' | 'env'> {
    return {
      cwd: options.cwd ?? home,
      // The cache only saves time: a suite starts the same files a hundred times.
      env: { PATH: `${bin}:/usr/bin:/bin`, HOME: home, NODE_COMPILE_CACHE: compiledFolder, ...options.env },
    }
  }

  function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    const [program, ...before] = runtimes[options.runtime ?? 'node']
    const child = spawn(program, [...before, ...args], { ...placeOf(options), stdio: ['pipe', 'pipe', 'pipe'] })
    children.add(child)
    child.once('close', () => children.delete(child))
    child.once('close', () => closed.add(child))
    return child
  }

  async function run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    if (!full && options.alone !== true && (options.runtime ?? 'node') === 'node' && !staysOpen(args))
      return runResident({ ...placeOf(options), args, input: options.input ?? '' })
    const child = start(args, options)
    child.stdin?.end(options.input ?? '')
    const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), exitOf(child)])
    return { code, stdout, stderr }
  }

  return {
    home,
    file(name, content, mode = 0o600) {
      const path = join(home, name)
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
      chmodSync(path, mode)
      return path
    },
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options)
      if (!stdout.endsWith('\n') || stdout.trimEnd().includes('\n'))
        throw new Error(`stdout is not one line of JSON: ${stdout}\n${stderr}`)
      return { code, envelope: JSON.parse(stdout) as Envelope }
    },
    start,
    async serve(args, options) {
      const child = start(['serve', ...args], options)
      const errors: string[] = []
      child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
      const url = await listening(child, errors)
      return { url, child, stop: () => stop(child) }
    },
    async dispose() {
      await Promise.all([...children].map(stop))
      rmSync(home, { recursive: true, force: true })
    },
  }
}

// A server has its own signals, streams and end.
function staysOpen(args: readonly string[]): boolean {
  return args.includes('serve') || args.includes('mcp')
}

let resident: ChildProcess | undefined
let asked = 0

function residentProcess(): ChildProcess {
  if (resident?.connected === true) return resident
  resident = fork(join(root, 'test', 'node-adapter', 'cli-resident.ts'), [], {
    execPath: join(bin, 'node'),
    execArgv: [],
    env: { PATH: `${bin}:/usr/bin:/bin`, NODE_COMPILE_CACHE: compiledFolder },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  resident.setMaxListeners(100)
  resident.unref()
  resident.channel?.unref()
  return resident
}

function runResident(command: ResidentCommand): Promise<ResidentResult> {
  const child = residentProcess()
  const id = asked++
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => reject(new Error(`the process of the command lines ended with ${code}`))
    const answered = (message: { readonly id: number; readonly result: ResidentResult }): void => {
      if (message.id !== id) return
      child.off('exit', gone)
      child.off('message', answered)
      resolve(message.result)
    }
    child.once('exit', gone)
    child.on('message', answered)
    child.send({ id, command })
  })
}

function listening(child: ChildProcess, errors: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      const url = /listening on (\S+)/.exec(seen)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it listened: ${seen}${errors.join('')}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  const over = exitOf(child)
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await over
  clearTimeout(late)
}

const closed = new WeakSet<ChildProcess>()

/** The exit code, once the process has ended and all that it wrote is here. */
export function exitOf(child: ChildProcess): Promise<number | null> {
  if (closed.has(child)) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => child.once('close', (code) => resolve(code)))
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  for await (const chunk of stream ?? []) text += chunk.toString()
  return text
}

// A gateway as its users start it: a real process of a real runtime, with a clean environment and a HOME of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compiledFolder } from './compiled-folder.ts'
import { full } from './full-run.ts'
import { freePort } from './loopback.ts'

export type RuntimeName = 'node' | 'bun' | 'deno' | 'workerd'

const scripts: Readonly<Record<RuntimeName, string>> = {
  node: 'start',
  bun: 'start:bun',
  deno: 'start:deno',
  workerd: 'start:workers',
}

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface GatewayProcess {
  readonly url: string
  readonly home: string
  /** Everything it wrote to stderr so far. */
  stderr(): string
  /** Sends a signal to the gateway itself. */
  signal(name: NodeJS.Signals): void
  /** The exit code, once it ended. */
  readonly exited: Promise<number | null>
  /** Ends it and removes its HOME. */
  stop(): Promise<void>
}

export interface StartOptions {
  readonly config: object
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Through npm itself, which costs as much as the gateway's own start; else the script's command alone. */
  readonly throughNpm?: boolean
}

/** Starts a gateway by the project's own npm script and waits for its `listening on` line. */
export async function startGatewayProcess(runtime: RuntimeName, options: StartOptions): Promise<GatewayProcess> {
  const started = launch(runtime, options, await portFor(runtime))
  const url = await Promise.race([
    started.listening,
    started.exited.then((code) => {
      throw new Error(`${runtime} exited with ${code} before listening:\n${started.stderr()}`)
    }),
  ])
  return { ...started, url }
}

/** Starts a gateway that is expected to refuse: resolves with its exit code and stderr. */
export async function runUntilExit(
  runtime: RuntimeName,
  options: StartOptions,
): Promise<{ code: number | null; stderr: string }> {
  const started = launch(runtime, options, await portFor(runtime))
  const code = await started.closed
  await started.stop()
  return { code, stderr: started.stderr() }
}

// 0 lets the gateway choose; wrangler has to be told, and a port that was free a moment ago may be another's by then.
async function portFor(runtime: RuntimeName): Promise<number> {
  return runtime === 'workerd' ? freePort() : 0
}

function launch(runtime: RuntimeName, options: StartOptions, port: number) {
  const home = mkdtempSync(join(tmpdir(), 'signalbox-home-'))
  const file = join(home, 'signalbox.json')
  writeFileSync(file, JSON.stringify(options.config))
  chmodSync(file, 0o600)
  const args = ['--config', file, '--port', String(port), ...(options.args ?? [])]
  const [program, ...before] = commandOf(runtime, options.throughNpm ?? full)
  const child: ChildProcess = spawn(program, [...before, ...args], {
    cwd: root,
    // A group of its own, so that signals reach the gateway behind npm and nothing else.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`,
      HOME: home,
      TMPDIR: tmpdir(),
      DENO_NO_UPDATE_CHECK: '1',
      WRANGLER_SEND_METRICS: 'false',
      NODE_COMPILE_CACHE: compiledFolder,
      ...options.env,
    },
  })
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const listening = new Promise<string>((resolve) => {
    let stdout = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      const match = /listening on (http:\/\/\S+)/.exec(stdout)
      if (match?.[1] !== undefined) resolve(match[1])
    })
  })
  const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
  // Its words are all here only then.
  const closed = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
  const signal = (name: NodeJS.Signals): void => void process.kill(leafOf(child.pid), name)
  return {
    home,
    listening,
    exited,
    closed,
    signal,
    stderr: () => stderr,
    async stop() {
      kill(child.pid, 'SIGTERM')
      // npm may end before the gateway behind it does, so the whole group has to be gone.
      const deadline = Date.now() + 5000
      while (groupAlive(child.pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
      if (groupAlive(child.pid)) kill(child.pid, 'SIGKILL')
      await exited
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function commandOf(runtime: RuntimeName, throughNpm: boolean): [string, ...string[]] {
  if (throughNpm) return ['npm', 'run', '-s', scripts[runtime], '--']
  const { scripts: commands } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  return ['sh', '-c', `exec ${commands[scripts[runtime]]} "$@"`, 'sh']
}

/** The gateway behind npm and its shell: the last of the line of children. */
function leafOf(pid: number | undefined): number {
  if (pid === undefined) throw new Error('the gateway never started')
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return children.length === 0 ? pid : leafOf(Number(children[0]))
}

/** Signals a process group; one that has just ended by itself is no error. */
function kill(group: number | undefined, name: NodeJS.Signals | 0): boolean {
  if (group === undefined) return false
  try {
    return process.kill(-group, name)
  } catch {
    return false
  }
}

function groupAlive(group: number | undefined): boolean {
  return kill(group, 0)
}

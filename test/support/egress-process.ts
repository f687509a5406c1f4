// A process of a runtime that sends what it is told to: see egress-probe.ts.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Probe, Probed } from './egress-probe.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const script = fileURLToPath(new URL('egress-probe.ts', import.meta.url))
const binary = (name: string): string => `${root}node_modules/.bin/${name}`
const denoFlags =
  '--no-remote --unstable-no-legacy-abort --allow-net --allow-env --allow-read --allow-write --allow-sys'

export type ProbedRuntime = 'node' | 'bun' | 'deno'

const commands: Readonly<Record<ProbedRuntime, readonly [string, ...string[]]>> = {
  node: [process.execPath, script],
  bun: [binary('bun'), script],
  deno: [binary('deno'), 'run', ...denoFlags.split(' '), script],
}

export interface EgressProcess {
  send(probe: Probe): Promise<Probed>
  stop(): Promise<void>
}

/** Starts it in a clean environment. */
export async function startEgressProcess(
  runtime: ProbedRuntime,
  env: Readonly<Record<string, string>> = {},
): Promise<EgressProcess> {
  const [command, ...args] = commands[runtime]
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: tmpdir(), DENO_NO_UPDATE_CHECK: '1', ...env },
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const waiting = new Map<number, (probed: Probed) => void>()
  const failing = new Set<(cause: Error) => void>()
  const exited = new Promise<void>((resolve) =>
    child.on('exit', (code) => {
      for (const fail of failing) fail(new Error(`${runtime} ended with ${code}:\n${stderr}`))
      resolve()
    }),
  )
  await new Promise<void>((resolve, reject) => {
    failing.add(reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { ready?: true; id?: number; probed?: Probed }
      if (message.ready === true) return resolve()
      if (message.id !== undefined && message.probed !== undefined) waiting.get(message.id)?.(message.probed)
    })
  })
  let ids = 0
  return {
    send: (probe) =>
      new Promise((resolve, reject) => {
        const id = ids++
        failing.add(reject)
        waiting.set(id, (probed) => {
          failing.delete(reject)
          waiting.delete(id)
          resolve(probed)
        })
        child.stdin.write(`${JSON.stringify({ id, probe })}\n`)
      }),
    async stop() {
      failing.clear()
      child.stdin.end()
      await exited
    },
  }
}

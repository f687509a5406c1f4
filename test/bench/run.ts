// `npm run bench`: CPU per request and per streamed event of the gateway, with auth, routing and trace on, beside the
// bare limits, in alternating rounds of one run. Absolute figures hold for one machine; the ratios are what counts.
//   npm run bench -- [--rounds 3] [--only a16,p32] [--quick]
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import type { Report, Workload } from './driver.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const scale = values.quick ? 0.2 : 1
const key = 'sbx_bench_key_0123456789abcdef'

interface Case {
  readonly name: string
  readonly what: string
  readonly path: string
  readonly model: Workload['model']
  readonly concurrency: number
  readonly requests: number
  readonly size: number
  readonly unit: 'request' | 'event'
}

const chat = '/v1/chat/completions'
const cases: readonly Case[] = [
  {
    name: 'a16',
    what: '1 KB in, 2 KB out, 16 at once',
    path: chat,
    model: 'plain',
    concurrency: 16,
    requests: 8000,
    size: 1000,
    unit: 'request',
  },
  {
    name: 'b16',
    what: '100 KB in, 2 KB out, 16 at once',
    path: chat,
    model: 'plain',
    concurrency: 16,
    requests: 3000,
    size: 100_000,
    unit: 'request',
  },
  {
    name: 'p32',
    what: '200 events 5 ms apart, 32 streams',
    path: chat,
    model: 'paced',
    concurrency: 32,
    requests: 192,
    size: 1000,
    unit: 'event',
  },
  {
    name: 's1',
    what: '200 events at once, one stream',
    path: chat,
    model: 'merged',
    concurrency: 1,
    requests: 400,
    size: 1000,
    unit: 'event',
  },
  {
    name: 'x32p',
    what: 'Anthropic client to Chat provider, paced, 32 streams',
    path: '/v1/messages',
    model: 'paced',
    concurrency: 32,
    requests: 192,
    size: 1000,
    unit: 'event',
  },
]

interface Target {
  readonly name: string
  readonly url: string
  readonly process: ChildProcess | undefined
}

const pin = cpus().length > 1

function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return pin ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]]
}

function start(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<Target> {
  const [command, all] = pinned(0, process.execPath, args)
  const child = spawn(command, all, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      const url = /listening on (http:\/\/\S+)/.exec(chunk.toString())?.[1]
      if (url !== undefined) resolve({ name, url, process: child })
    })
  })
}

/** CPU time of a process so far, in microseconds (user and system, from /proc). */
function cpuMicros(target: Target): number {
  const stat = readFileSync(`/proc/${target.process?.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function configFile(folder: string, upstream: string): string {
  const path = join(folder, 'bench.json')
  const config = {
    config_version: 1,
    keys: [{ id: 'bench', env: 'SIGNALBOX_KEY_BENCH', role: 'client' }],
    credentials: { up: { type: 'api_key', source: 'env', env: 'BENCH_UPSTREAM_KEY' } },
    providers: {
      up: {
        type: 'openai_compatible',
        base_url: `${upstream}/v1`,
        api_formats: ['openai_chat'],
        allow_private: true,
        allow_http: true,
        accounts: [{ id: 'a', credential: 'up' }],
      },
    },
    routes: { any: { match: { model: '*' }, targets: [{ provider: 'up', model: '*' }] } },
    storage: { kind: 'sqlite', path: join(folder, 'bench.sqlite') },
    observability: { log_level: 'warn' },
  }
  writeFileSync(path, JSON.stringify(config))
  chmodSync(path, 0o600)
  return path
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
const driver = fork(join(here, 'driver.ts'), [], { stdio: 'inherit' })
if (pin) spawn('taskset', ['-cp', '1', String(driver.pid)], { stdio: 'ignore' })
const port = await new Promise<number>((resolve) =>
  driver.once('message', (message: { port: number }) => resolve(message.port)),
)
const upstream = `http://127.0.0.1:${port}`

function drive(load: Workload): Promise<Report> {
  return new Promise((resolve) => {
    driver.once('message', (message: { report: Report }) => resolve(message.report))
    driver.send(load)
  })
}

const direct: Target = { name: 'direct', url: upstream, process: undefined }
const targets: Target[] = [
  direct,
  await start('hono:global', [join(here, 'baseline.ts'), 'global', upstream]),
  await start('hono:dispatch', [join(here, 'baseline.ts'), 'dispatch', upstream]),
  await start('signalbox', ['node-adapter/cli.ts', 'serve', '--config', configFile(folder, upstream), '--port', '0'], {
    SIGNALBOX_KEY_BENCH: key,
    BENCH_UPSTREAM_KEY: 'sk-bench',
    XDG_STATE_HOME: folder,
  }),
]

interface Sample {
  readonly micros: number
  readonly ttftP50: number
  readonly errors: number
}

function least(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return Math.min(...samples.map(of))
}

const wanted = values.only?.split(',')
const results = new Map<string, Sample[]>()
for (const one of cases) {
  if (wanted !== undefined && !wanted.includes(one.name)) continue
  process.stdout.write(`\n${one.name}: ${one.what}\n`)
  // The baselines only forward Chat, so a translated stream is measured against their pass-through of the same events.
  const pathFor = (target: Target): string => (target.name === 'signalbox' ? one.path : chat)
  for (let round = -1; round < rounds; round++)
    for (const target of targets) {
      const requests = Math.max(one.concurrency, Math.round(one.requests * scale * (round < 0 ? 0.25 : 1)))
      const before = target.process === undefined ? 0 : cpuMicros(target)
      const report = await drive({ ...one, path: pathFor(target), url: target.url, key, requests })
      const spent = target.process === undefined ? 0 : cpuMicros(target) - before
      // The first round warms up and is not counted.
      if (round < 0) continue
      const units = one.unit === 'event' ? report.events : report.requests
      const label = `${one.name} ${target.name}`
      const sample = { micros: spent / units, ttftP50: report.ttftP50, errors: report.errors }
      results.set(label, [...(results.get(label) ?? []), sample])
    }
  const bare = least(results.get(`${one.name} hono:dispatch`) ?? [], (sample) => sample.micros)
  const near = least(results.get(`${one.name} direct`) ?? [], (sample) => sample.ttftP50)
  for (const target of targets) {
    const samples = results.get(`${one.name} ${target.name}`) ?? []
    const micros = samples.map((sample) => sample.micros).sort((a, b) => a - b)
    const ttft = least(samples, (sample) => sample.ttftP50)
    const errors = samples.reduce((sum, sample) => sum + sample.errors, 0)
    const cpu =
      target.process === undefined
        ? ''.padEnd(42)
        : `${micros[0]?.toFixed(1).padStart(7)} / ${(micros[Math.floor(micros.length / 2)] ?? 0).toFixed(1).padStart(7)} us/${one.unit}  x${((micros[0] ?? 0) / bare).toFixed(2)}`.padEnd(
            42,
          )
    process.stdout.write(
      `  ${target.name.padEnd(14)} ${cpu} first byte p50 ${ttft.toFixed(2)} ms (+${(ttft - near).toFixed(2)})${errors > 0 ? `  ${errors} ERRORS` : ''}\n`,
    )
  }
}

const ratio = (name: string): number =>
  least(results.get(`${name} signalbox`) ?? [], (sample) => sample.micros) /
  least(results.get(`${name} hono:dispatch`) ?? [], (sample) => sample.micros)
const verdict = (name: string, goal: string, value: number, limit: number): void => {
  if (Number.isFinite(value))
    process.stdout.write(`${name}: ${goal}: ${value.toFixed(2)} ${value <= limit ? 'met' : 'NOT met'}\n`)
}
process.stdout.write('\n')
verdict('G2', 'a16 at most 1.6x of hono:dispatch', ratio('a16'), 1.6)
verdict('G3', 'b16 at most 1.4x of hono:dispatch', ratio('b16'), 1.4)
verdict('G4', 'p32 at most 1.3x of hono:dispatch per event', ratio('p32'), 1.3)
verdict('G5', 'x32p at most 1.5x of hono:dispatch per event', ratio('x32p'), 1.5)
const added =
  least(results.get('s1 signalbox') ?? [], (sample) => sample.ttftP50) -
  least(results.get('s1 direct') ?? [], (sample) => sample.ttftP50)
verdict('G6', 's1 first byte at most 1.5 ms over direct (p50, ms)', added, 1.5)

for (const target of targets) target.process?.removeAllListeners('exit').kill('SIGTERM')
driver.kill()
rmSync(folder, { recursive: true, force: true })

// A process that runs command lines one after the other, each with the environment, folder and streams that it would have
// as a process of its own. Started by `cli-harness.ts`; ends with who started it.
import process from 'node:process'
import { Readable, Writable } from 'node:stream'
import { main } from '../../node-adapter/cli/main.ts'

export interface ResidentCommand {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly input: string
}

export interface ResidentResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

function put(name: 'stdin' | 'stdout' | 'stderr', value: unknown): void {
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true })
}

async function run({ args, env, cwd, input }: ResidentCommand): Promise<ResidentResult> {
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  const [out, err] = [collector(), collector()]
  put('stdin', Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false }))
  put('stdout', out.stream)
  put('stderr', err.stream)
  const code = await main(args)
  // One for each command: what interrupts the next one is not to speak for this one.
  process.removeAllListeners('SIGINT')
  return { code, stdout: out.text(), stderr: err.text() }
}

let turn: Promise<unknown> = Promise.resolve()
process.on('message', ({ id, command }: { id: number; command: ResidentCommand }) => {
  turn = turn.then(async () => process.send?.({ id, result: await run(command) }))
})
process.on('disconnect', () => process.exit(0))

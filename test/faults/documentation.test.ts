// docs/faults.md as a reader uses it: every command is run, one after the other, against a gateway on the bundled
// configuration, and what the page says comes of it does.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { faults } from '../../src/providers/mock/faults.ts'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(`${root}docs/faults.md`, 'utf8')

interface Step {
  readonly command: string
  /** Lines that occur in its output in this order; `…` stands for anything. */
  readonly lines: readonly string[]
}

const steps: readonly Step[] = [...page.matchAll(/```sh\n(.*?)```\n\n```text\n(.*?)```/gs)].map((match) => ({
  command: match[1] ?? '',
  lines: (match[2] ?? '').trimEnd().split('\n'),
}))

describe('docs/faults.md', () => {
  let gateway: GatewayProcess

  beforeAll(async () => {
    const parsed = parseConfig(readFileSync(`${root}configs/quickstart.jsonc`, 'utf8'))
    if (!parsed.ok) throw new Error('the bundled configuration cannot be read')
    gateway = await startGatewayProcess('node', {
      config: { ...(parsed.value as object), storage: { kind: 'memory' } },
    })
  })
  afterAll(() => gateway?.stop())

  it('has a command for every section, and says of each what comes of it', () => {
    expect(steps.length).toBeGreaterThan(7)
    expect(page.match(/```sh\n/g)).toHaveLength(steps.length)
  })

  it.each(steps.map((step, index) => [index + 1, step] as const))('command %d', async (_number, { command, lines }) => {
    const output = await run(command, gateway)
    let rest = output
    for (const line of lines) {
      const found = patternOf(line).exec(rest)
      expect(found, `${line}\nis not in\n${output}`).not.toBeNull()
      rest = rest.slice((found?.index ?? 0) + (found?.[0].length ?? 0))
    }
  })

  it('lists every fault', () => {
    const rows = [...page.matchAll(/^\| `(\S+)` +\| (.*?) +\|$/gm)].map((match) => [match[1], match[2]])
    expect(rows).toEqual(faults.map(({ model, row, does }) => [model, `${row}: ${does}`]))
  })
})

async function run(command: string, { url, home }: GatewayProcess): Promise<string> {
  const signalbox = `signalbox() { '${process.execPath}' '${root}node-adapter/cli.ts' "$@"; }`
  const script = `${signalbox}\n${command.replaceAll('http://127.0.0.1:8787', url)}`
  const env = { PATH: process.env['PATH'], HOME: home }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: root, env })
  return stdout
}

function patternOf(line: string): RegExp {
  const parts = line.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}\\s*$`, 'm')
}

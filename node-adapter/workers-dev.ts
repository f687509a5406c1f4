// `npm run start:workers`: the Worker on this machine, in the real workerd, offline, with a configuration file.
// The configuration and the keys it names travel in an owner-only file: arguments are visible to every process.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { compileConfig } from '../src/catalog/compile.ts'
import { parseConfig } from '../src/catalog/parse-config.ts'
import { problemText } from '../src/catalog/problem.ts'
import { keyringName } from '../src/sealing/keyring.ts'
import { isObject } from '../src/wire/json-parse.ts'
import { isConfigText } from './config-source.ts'
import { chooseConfig, choiceText } from './default-config.ts'
import { createSecrets, withFallback } from './environment.ts'
import { openLocalKeys } from './key-file.ts'

/** Azure's credential looks for a key first, and then for a client. */
const azureVariables = ['AZURE_OPENAI_API_KEY', 'AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET']

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    'log-level': { type: 'string' },
  },
})
const choice = chooseConfig(values.config)
const { source } = choice
process.stderr.write(`${choiceText(choice)}\n`)
const text = isConfigText(source) ? source : readFileSync(source, 'utf8')
const parsed = parseConfig(text)
if (!parsed.ok) {
  for (const problem of parsed.problems) process.stderr.write(`error: ${problemText(problem)}\n`)
  process.exit(78)
}

const host = values.host ?? '127.0.0.1'
const port = values.port ?? process.env['PORT'] ?? '8787'
// Whoever has the port would answer the question below whether the Worker is there.
if (await isTaken(host, Number(port))) {
  process.stderr.write(`error: port ${port} on ${host} is taken; use --port\n`)
  process.exit(1)
}
if (!hasKeys(parsed.value))
  process.stderr.write(
    'warning: no "keys" in the configuration: a Worker is never local, and answers 503 without them\n',
  )

const scratch = mkdtempSync(join(tmpdir(), 'signalbox-workers-'))
// JSON's own escapes for what the file format would take for a quote or a reference to another variable.
const document = JSON.stringify(parsed.value).replaceAll("'", '\\u0027').replaceAll('$', '\\u0024')
const variables: Record<string, string> = { SIGNALBOX_CONFIG: document }
for (const name of new Set([...namedVariables(parsed.value), ...usualVariables(parsed.value)])) {
  const value = process.env[name]
  if (value !== undefined) variables[name] = value
}
// What `wrangler secret put` does for a deployed Worker.
const keyring = keyringOfThisMachine()
if (keyring !== undefined) variables[keyringName] = keyring
const envFile = join(scratch, 'variables.env')
writeFileSync(envFile, Object.entries(variables).map(dotenvLine).join(''), { mode: 0o600 })

const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules/wrangler/bin/wrangler.js'),
    'dev',
    '--local',
    `--ip=${host}`,
    `--port=${port}`,
    '--inspector-port=0',
    `--env-file=${envFile}`,
    `--persist-to=${join(scratch, 'state')}`,
    '--show-interactive-dev-session=false',
    '--log-level=warn',
  ],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: 'false',
      // Else it asks Cloudflare where this machine is.
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      CI: 'true',
      FORCE_COLOR: '0',
    },
  },
)
child.stdout.pipe(process.stderr)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => {
  rmSync(scratch, { recursive: true, force: true })
  process.exit(code ?? 0)
})
void announce()

// The same line as on the other runtimes, once the Worker really answers.
async function announce(): Promise<void> {
  const url = `http://${host}:${port}`
  for (;;) {
    const healthy = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    )
    if (healthy) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  process.stdout.write(`listening on ${url}\n`)
}

function isTaken(address: string, number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(true))
    probe.listen(number, address, () => probe.close(() => resolve(false)))
  })
}

function hasKeys(value: unknown): boolean {
  const keys = isObject(value) ? value['keys'] : undefined
  return Array.isArray(keys) && keys.length > 0
}

function keyringOfThisMachine(): string | undefined {
  const given = createSecrets({ get: () => undefined })
  try {
    return withFallback(given, openLocalKeys(given).secrets).get(keyringName)
  } catch (cause) {
    process.stderr.write(`error: ${cause instanceof Error ? cause.message : 'the key file cannot be used'}\n`)
    process.exit(78)
  }
}

/** Environment variables that a configuration refers to: every `env` or `*_env` member. */
function namedVariables(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namedVariables)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) =>
    typeof member === 'string' && /^(?:.*_)?env$/.test(key) ? [member] : namedVariables(member),
  )
}

/** The variables that a provider reads where the configuration names none: those of its vendor's own tools. */
function usualVariables(document: unknown): readonly string[] {
  const compiled = compileConfig({ document })
  if (!compiled.ok) return []
  const credentials = [...compiled.snapshot.providers.values()].flatMap(({ accounts }) =>
    accounts.map(({ credential }) => credential?.recipe),
  )
  const named = (value: unknown): readonly string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([key, member]) =>
          typeof member === 'string' && /env$/i.test(key) ? [member] : named(member),
        )
  const asksAround = credentials.some((recipe) => recipe?.type === 'azure' && recipe.access.by === 'environment')
  return [...credentials.flatMap(named), ...(asksAround ? azureVariables : [])]
}

// Single quotes keep everything but the two characters that this format gives a meaning inside them.
function dotenvLine([name, value]: [string, string]): string {
  if (value.includes("'")) throw new Error(`the value of ${name} holds a quote, which this file format cannot carry`)
  return `${name}='${name === 'SIGNALBOX_CONFIG' ? value : value.replaceAll('$', '\\$')}'\n`
}

// What is said before a gateway runs, and when it dies: problems of a configuration, refusals to start, crashes.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { problemText } from '../../src/catalog/problem.ts'
import { createBench, type Bench } from '../node-adapter/cli-harness.ts'
import { canary, createSinks } from './forms.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let bench: Bench
beforeAll(() => void (bench = createBench()))
afterAll(() => bench.dispose())

/** A configuration with a text at every place where somebody could put a key by mistake. */
const complete = {
  server: {
    host: '127.0.0.1',
    allowed_hosts: ['x.example'],
    cors: { allowed_origins: ['https://x.example'] },
    headers: { 'x-one': 'v' },
  },
  keys: [{ id: 'web', env: 'KEY_WEB', roles: ['client'], tenant: 'acme', expires_at: '2030-01-01' }],
  tenants: [{ id: 'acme' }],
  credentials: {
    a: { type: 'api_key', source: 'env', env: 'KEY_A', rotation_interval: '30d' },
    f: { type: 'api_key', source: 'file', path: '/k.txt', field: 'x' },
    v: {
      type: 'api_key',
      source: 'hashicorp_vault',
      path: 'p',
      field: 'f',
      mount: 'm',
      address_env: 'VA',
      token_env: 'VT',
    },
    w: {
      type: 'aws',
      source: 'env',
      access_key_env: 'A1',
      secret_key_env: 'A2',
      session_token_env: 'A3',
      region_env: 'R',
    },
    o: {
      type: 'oauth',
      refresh: { source: 'env', env: 'REFRESH' },
      client_secret: { source: 'env', env: 'CLIENT' },
      client_id: 'c',
      token_url: 'https://x.example/token',
      scope: 's',
    },
  },
  providers: {
    p: {
      type: 'openai',
      base_url: 'https://x.example/v1',
      accounts: [{ id: 'm', credential: 'a', egress: 'e' }],
      headers: { 'x-two': 'v' },
      region: 'r',
    },
    q: {
      type: 'openai_compatible',
      base_url: 'https://y.example',
      api_formats: ['openai_chat'],
      api_key: 'k',
      auth_scheme: { kind: 'header', name: 'x-key' },
    },
  },
  routes: {
    r: {
      match: { model: 'g-*' },
      targets: [{ name: 't', provider: 'p', model: 'm', account: 'm' }],
      display_name: 'd',
    },
  },
  client_profiles: [{ id: 'c', kind: 'codex', models: ['g-*'], accounts: ['m'] }],
  egress: [{ id: 'e', kind: 'proxy', url_env: 'PROXY', user_agent: 'u', headers: { 'x-three': 'v' } }],
  storage: { kind: 'sqlite', path: 'x.sqlite' },
  observability: { retention: '14d', log_level: 'info' },
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** The document once per text in it, with the text replaced; and once per object, with a member of that name. */
function mistakes(value: Json, text: string, path = ''): { readonly path: string; readonly value: Json }[] {
  if (typeof value === 'string') return [{ path, value: text }]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value))
    return value.flatMap((member, index) =>
      mistakes(member, text, `${path}[${index}]`).map((one) => ({
        ...one,
        value: value.with(index, one.value) as Json,
      })),
    )
  const named = value as { readonly [key: string]: Json }
  const inside = Object.entries(named).flatMap(([key, member]) =>
    mistakes(member, text, `${path}.${key}`).map((one) => ({ ...one, value: { ...named, [key]: one.value } })),
  )
  return [...inside, { path: `${path}.*`, value: { ...named, [text]: 1 } }]
}

function problemsOf(document: unknown): string {
  const compiled = compileConfig({ document })
  return [...(compiled.ok ? [] : compiled.problems), ...compiled.warnings].map(problemText).join('\n')
}

describe('a key at the wrong place of a configuration', () => {
  it('is tried at many places, and the configuration without it is fine', () => {
    expect(problemsOf(complete)).not.toContain('unknown')
    expect(mistakes(complete as Json, 'x').length).toBeGreaterThan(80)
  })

  it.each([
    ['an OpenAI key', 'sk-proj-AbCdEf0123456789AbCdEf0123456789'],
    ['an Anthropic key', 'sk-ant-api03-AbCdEf0123456789-AbCdEf'],
    ['a Google key', 'AIzaSyA0123456789abcdefghijklmnopqrstuv'],
    ['a key of ours', 'sbx_agent_01234567_AbCdEf0123456789'],
    ['a key of no known shape', 'q7Kx2ZtLp9wV4Rk8Mn3Bv6Cd1Fg5Hj0S'],
    ['an address with a password', 'https://user:q7Kx2ZtLp9wV4Rk8@x.example/?key=q7Kx2ZtLp9wV4Rk8'],
  ])('is not quoted by the problems: %s', (_name, key) => {
    const secret = key.startsWith('https') ? 'q7Kx2ZtLp9wV4Rk8' : key
    const quoting = mistakes(complete as Json, key).filter(({ value }) => problemsOf(value).includes(secret))
    expect(quoting.map(({ path }) => path)).toEqual([])
  })

  it.each([
    '{"api_key": "sk-proj-AbCdEf0123456789AbCdEf", ',
    "{ 'sk-proj-AbCdEf0123456789AbCdEf' }",
    'sk-proj-AbCdEf0123456789AbCdEf',
  ])('is not quoted where the file is no JSON: %s', (text) => {
    const parsed = parseConfig(text)
    expect(parsed.ok ? '' : parsed.problems.map(problemText).join('\n')).not.toContain('AbCdEf')
  })
})

describe('a gateway that does not start', () => {
  it('says why without a secret: a short key, a broken ring, a file of others, a database of others', async () => {
    const [key, kek, inline] = [canary('key', ''), canary('kek', ''), canary('inline', '')]
    const sinks = createSinks()
    const provider = { type: 'openai', api_key: inline.value }
    const start = async (config: object, env: Record<string, string>, mode = 0o600): Promise<void> => {
      const path = bench.file('start.json', { providers: { p: provider }, ...config }, mode)
      const { code, stdout, stderr } = await bench.run(['serve', '--config', path, '--port', '0'], { env })
      expect([code, stderr === '']).toEqual([code === 1 ? 1 : 78, false])
      sinks.add('start', stdout + stderr)
    }
    bench.file('theirs.sqlite', `no database ${inline.value}`.repeat(50))
    await start({ keys: [{ id: 'k', env: 'K' }] }, { K: key.value.slice(0, 20) })
    await start({}, { SIGNALBOX_KEK: kek.value })
    await start({}, {}, 0o644)
    await start({ storage: { kind: 'sqlite', path: 'theirs.sqlite' } }, { SIGNALBOX_KEK: `a:${btoa('x'.repeat(32))}` })
    await start({ server: { host: '0.0.0.0' } }, {})
    expect(sinks.leaks([{ ...key, value: key.value.slice(0, 20) }, kek, inline])).toEqual([])
  }, 60_000)
})

describe('a crash', () => {
  it.each(['throw fault', 'void Promise.reject(fault)', 'throw [fault]', 'throw { fault }', 'throw String(fault)'])(
    'ends with 1 and one line that says what and where, and not with what words: %s',
    (dies) => {
      const secret = canary('crash')
      const file = join(bench.home, 'crash.ts')
      writeFileSync(
        file,
        `import { exitOnCrash } from '${root}node-adapter/crash.ts'
import { Secret } from '${root}src/ir/secret.ts'
import { createScrubber } from '${root}src/redaction/index.ts'
exitOnCrash(createScrubber(() => [new Secret('k', process.env.SECRET ?? '')]))
function deep() {
  const fault = Object.assign(new TypeError('cannot read ' + process.env.SECRET + '\\n    at the prompt ' + process.env.PROMPT, { cause: process.env.SECRET }), { code: 'E_' + process.env.SECRET })
  ${dies}
}
setTimeout(deep, 1)
setTimeout(() => {}, 5000)`,
      )
      const prompt = canary('prompt')
      const env = { PATH: process.env.PATH, SECRET: secret.value, PROMPT: prompt.value }
      const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/node'), [file], {
        env,
        encoding: 'utf8',
      })
      expect([status, stdout]).toEqual([1, ''])
      const sinks = createSinks()
      sinks.add('crash', stderr)
      expect(sinks.leaks([secret, prompt])).toEqual([])
      const line = JSON.parse(stderr) as { event: string; reason: string; place?: string }
      expect(line.event).toMatch(/^(?:uncaught_exception|unhandled_rejection)$/)
      if (/^(?:throw fault|void)/.test(dies))
        expect([line.reason, line.place]).toEqual(['TypeError', expect.stringContaining('crash.ts')])
    },
  )
})

// Providers by the command line, as a user has it: real processes, an empty environment, a home that is thrown away, and
// vendors on loopback that look at what they get.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { freePort } from '../support/loopback.ts'
import { createBench, exitOf, type Bench, type Result } from './cli-harness.ts'
import { anthropicLike, geminiLike, openaiLike, startVendor, type Vendor } from './provider-vendors.ts'

const openaiKey = 'sk-proj-canary-openai-0123456789abcdef'
const anthropicKey = 'sk-ant-canary-anthropic-0123456789'
const wrongKey = 'sk-ant-wrong-key-canary-9876543210'
const geminiKey = 'AIzaCanaryGemini0123456789abcdefghijk'
const acmeKey = 'acme-canary-key-0123456789'
const keys = [openaiKey, anthropicKey, wrongKey, geminiKey, acmeKey]

// Each test starts several processes, and the first ones compile.
vi.setConfig({ testTimeout: 120_000 })

let bench: Bench
let openai: Vendor
let anthropic: Vendor
let gemini: Vendor
let acme: Vendor
let config: string
let count = 0

beforeAll(async () => {
  bench = createBench()
  const models = [
    { id: 'gpt-large', object: 'model', created: 1, owned_by: 'openai' },
    { id: 'gpt-mini', object: 'model', created: 1, owned_by: 'openai', context_window: 128_000 },
    { id: 'text-embedding-3-small', object: 'model', created: 1, owned_by: 'openai' },
  ]
  openai = await startVendor(openaiLike('authorization', `Bearer ${openaiKey}`, models))
  anthropic = await startVendor(anthropicLike(anthropicKey, ['claude-c', 'claude-b', 'claude-a']))
  gemini = await startVendor(geminiLike(geminiKey))
  acme = await startVendor(openaiLike('x-acme-key', acmeKey, [{ id: 'acme-1' }]))
})

afterAll(async () => {
  await bench.dispose()
  await Promise.all([openai, anthropic, gemini, acme].map((vendor) => vendor.close()))
})

beforeEach(() => {
  config = bench.file(
    `own-${count++}.jsonc`,
    `{\n  // Mine.\n  "providers": { "mock": { "type": "mock" } },\n  "storage": { "kind": "memory" }\n}\n`,
  )
})

const run = async (args: readonly string[], env: Record<string, string> = {}): Promise<Result> => {
  const result = await bench.run([...args, '--config', config], { env })
  for (const key of keys) expect(result.stdout + result.stderr).not.toContain(key)
  return result
}

/** The data of a verb that worked, with its exit code. */
const data = async (args: readonly string[], env: Record<string, string> = {}, code = 0) => {
  const result = await run([...args, '--json'], env)
  expect(`${result.code} ${result.stdout}${result.stderr}`).toMatch(new RegExp(`^${code} \\{"ok":true`))
  return (JSON.parse(result.stdout) as { data: unknown }).data
}

const error = async (args: readonly string[], env: Record<string, string> = {}, code = 1) => {
  const result = await run([...args, '--json'], env)
  expect(`${result.code} ${result.stdout}${result.stderr}`).toMatch(new RegExp(`^${code} \\{"ok":false`))
  return (JSON.parse(result.stdout) as { error: { code: string; message: string } }).error
}

const written = (): Record<string, Record<string, unknown>> => {
  const parsed = parseConfig(readFileSync(config, 'utf8'))
  if (!parsed.ok) throw new Error('the file does not parse')
  return parsed.value as Record<string, Record<string, unknown>>
}

const addOpenai = () => data(['provider', 'add', 'openai', '--base-url', `${openai.url}/v1`, '--local'])
const addAnthropic = () => data(['provider', 'add', 'anthropic', '--base-url', anthropic.url, '--local'])

describe('provider certify', () => {
  it('finds the mock ready, in words and as data', async () => {
    const said = await run(['provider', 'certify', 'mock'])
    expect(said.code).toBe(0)
    expect(said.stdout).toMatch(
      /^mock is ready with echo: model_discovery, route_preview, chat_non_stream, chat_stream, embeddings\n/,
    )
    expect(await data(['provider', 'certify', 'mock'])).toMatchObject({
      schema: 'signalbox/provider-certification@1',
      ok: true,
      status: 'ready',
      missing_env: [],
      next_commands: [expect.stringContaining('route preview mock/echo') as unknown],
    })
  })

  it('finds OpenAI ready, embeddings and list included, having asked its smallest model with the right key', async () => {
    await addOpenai()
    openai.seen.length = 0
    expect(await data(['provider', 'certify', 'openai'], { OPENAI_API_KEY: openaiKey })).toMatchObject({
      status: 'ready',
      model: 'gpt-mini',
      verified_capabilities: ['model_discovery', 'route_preview', 'chat_non_stream', 'chat_stream', 'embeddings'],
    })
    expect(openai.seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
      'GET /v1/models',
      'POST /v1/chat/completions',
      'POST /v1/chat/completions',
      'POST /v1/embeddings',
    ])
    for (const { headers } of openai.seen) expect(headers.authorization).toBe(`Bearer ${openaiKey}`)
    expect(openai.seen.map(({ body }) => [body['model'], body['stream']])).toEqual([
      [undefined, undefined],
      ['gpt-mini', false],
      ['gpt-mini', true],
      ['text-embedding-3-small', undefined],
    ])
  })

  it('of an Anthropic with a wrong key fails, and says whose key it is and what to do', async () => {
    await addAnthropic()
    const env = { ANTHROPIC_API_KEY: wrongKey }
    const said = await run(['provider', 'certify', 'anthropic', '--model', 'claude-a'], env)
    expect(said.code).toBe(1)
    expect(said.stdout).toContain('anthropic is not usable: chat_non_stream failed with upstream_auth')
    expect(said.stdout).toContain('account anthropic/main, HTTP 401')
    expect(said.stdout).toContain('-> put a key of this vendor that is valid into ANTHROPIC_API_KEY')
    anthropic.seen.length = 0
    expect(await data(['provider', 'certify', 'anthropic', '--model', 'claude-a'], env, 1)).toMatchObject({
      ok: false,
      status: 'failed',
      verified_capabilities: ['route_preview'],
    })
    // Once for the list, once for an answer: a third time could lock the account.
    expect(anthropic.seen.map(({ url }) => url.pathname)).toEqual(['/v1/models', '/v1/messages'])
    expect(anthropic.seen[1]?.headers['x-api-key']).toBe(wrongKey)
  })

  it('without the variable of the key asks nobody, and names it', async () => {
    await addOpenai()
    openai.seen.length = 0
    expect(await data(['provider', 'certify', 'openai'], {}, 1)).toMatchObject({
      status: 'missing_env',
      missing_env: ['OPENAI_API_KEY'],
      next_commands: ['export OPENAI_API_KEY=…', expect.stringContaining(config) as unknown],
    })
    expect(openai.seen).toEqual([])
  })

  it('of a vendor that is not there fails soon, and says where to look', async () => {
    const port = await freePort()
    await data([
      'provider',
      'add',
      'openai_compatible',
      '--id',
      'dead',
      '--base-url',
      `http://127.0.0.1:${port}/v1`,
      '--local',
      '--no-key',
    ])
    const said = await run(['provider', 'certify', 'dead', '--model', 'm'])
    expect(said.code).toBe(1)
    expect(said.stdout).toContain('upstream_unreachable')
    expect(said.stdout).toContain('-> look at base_url')
    expect((await error(['provider', 'models', 'dead'])).code).toBe('upstream_unreachable')
    const before = readFileSync(config, 'utf8')
    expect((await error(['provider', 'sync-models', 'dead'])).code).toBe('upstream_unreachable')
    expect(readFileSync(config, 'utf8')).toBe(before)
  })

  it('is ended by Ctrl-C at once, with one envelope', async () => {
    const silent = await startVendor(() => {})
    try {
      await data([
        'provider',
        'add',
        'openai_compatible',
        '--id',
        'silent',
        '--base-url',
        `${silent.url}/v1`,
        '--local',
        '--no-key',
      ])
      const child = bench.start(['provider', 'certify', 'silent', '--model', 'm', '--config', config, '--json'])
      let stdout = ''
      child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      while (silent.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
      const began = performance.now()
      child.kill('SIGINT')
      expect(await exitOf(child)).toBe(130)
      expect(performance.now() - began).toBeLessThan(2000)
      expect(JSON.parse(stdout)).toMatchObject({
        ok: false,
        command: 'provider certify',
        error: { code: 'interrupted' },
      })
    } finally {
      await silent.close()
    }
  })

  it('of all tries each, and leaves out where asked to those without a key', async () => {
    await addOpenai()
    expect(await data(['provider', 'certify-all', '--skip-missing-env'])).toMatchObject({
      ok: true,
      ready_count: 1,
      skipped: [{ provider: 'openai' }],
    })
    const said = await run(['provider', 'certify-all'])
    expect(said.code).toBe(1)
    expect(said.stdout).toContain('1 of 2 providers are ready')
  })
})

describe('provider test', () => {
  it('shows one answer, streamed where asked, and fails where there is none', async () => {
    await addOpenai()
    const env = { OPENAI_API_KEY: openaiKey }
    expect(await data(['provider', 'test', 'openai', '--stream'], env)).toMatchObject({
      ok: true,
      model: 'gpt-mini',
      status: 200,
      input_tokens: 11,
      output_tokens: 2,
      finish: 'stop',
    })
    expect(await data(['provider', 'test', 'openai', '--model', 'gpt-none'], env, 1)).toMatchObject({
      ok: false,
      error_code: 'upstream_model_missing',
      status: 404,
      next: expect.stringContaining('provider models openai') as unknown,
    })
  })
})

describe('provider models and sync-models', () => {
  it("read OpenAI's list, as a table and as data, and write it beside what is there", async () => {
    await addOpenai()
    const env = { OPENAI_API_KEY: openaiKey }
    const table = await run(['provider', 'models', 'openai'], env)
    expect(table.stdout.split('\n')[0]).toMatch(/^model +display_name +context_window +configured$/)
    expect(table.stdout).toMatch(/^gpt-mini +- +128000 +no$/m)
    expect(await data(['provider', 'sync-models', 'openai', '--dry-run'], env)).toMatchObject({
      added: ['gpt-large', 'gpt-mini', 'text-embedding-3-small'],
    })
    expect(written()['models']).toBeUndefined()
    await data(['provider', 'sync-models', 'openai', '--prefix', 'gpt-'], env)
    expect(written()['models']).toEqual({ 'gpt-large': {}, 'gpt-mini': { context_window: 128_000 } })
    expect(readFileSync(config, 'utf8')).toContain('// Mine.')
  })

  it("read Anthropic's page by page, and leave prices and names of ours alone", async () => {
    await addAnthropic()
    const env = { ANTHROPIC_API_KEY: anthropicKey }
    expect(await data(['provider', 'models', 'anthropic'], env)).toMatchObject([
      { model: 'claude-c', display_name: 'The claude-c' },
      { model: 'claude-b' },
      { model: 'claude-a' },
    ])
    const file = readFileSync(config, 'utf8')
    config = bench.file(
      `own-${count++}.jsonc`,
      file.replace(
        '\n}',
        ',\n  "models": {\n    "claude-b": { "cost": { "input": 3 }, "display_name": "Ours" } // negotiated\n  }\n}',
      ),
    )
    expect(await data(['provider', 'sync-models', 'anthropic'], env)).toMatchObject({
      added: ['claude-c', 'claude-a'],
      updated: [],
      unchanged: 1,
    })
    expect(written()['models']?.['claude-b']).toEqual({ cost: { input: 3 }, display_name: 'Ours' })
    expect(readFileSync(config, 'utf8')).toContain('// negotiated')
  })

  it("read Gemini's in both pages", async () => {
    await data(['provider', 'add', 'gemini', '--base-url', gemini.url, '--local'])
    expect(await data(['provider', 'models', 'gemini'], { GEMINI_API_KEY: geminiKey })).toEqual([
      { model: 'gemini-one', display_name: 'Gemini One', context_window: 1_048_576, configured: false },
      { model: 'gemini-two', display_name: 'Gemini Two', context_window: 2048, configured: false },
    ])
    const failure = await error(['provider', 'models', 'gemini'], { GEMINI_API_KEY: wrongKey })
    expect(failure.code).toBe('upstream_auth')
    expect(failure.message).toContain('account main')
  })
})

describe('provider add and show', () => {
  it('writes what certify then needs, and says what is left to do', async () => {
    const said = await run(['provider', 'add', 'groq', '--model', 'llama', '--route', 'fast'])
    expect(said.code).toBe(0)
    expect(said.stdout).toContain(`groq (groq) was written to file ${config}`)
    expect(said.stdout).toContain('export GROQ_API_KEY=…')
    expect(said.stdout).toContain(`signalbox provider certify groq --config ${config}`)
    expect(written()).toMatchObject({
      credentials: { groq: { type: 'api_key', source: 'env', env: 'GROQ_API_KEY' } },
      models: { llama: {} },
      routes: { fast: { targets: [{ provider: 'groq', model: 'llama' }] } },
    })
    expect(await data(['provider', 'show', 'groq'])).toMatchObject({
      id: 'groq',
      usable: false,
      accounts: [{ missing_env: ['GROQ_API_KEY'] }],
    })
    expect(await data(['provider', 'show', 'groq'], { GROQ_API_KEY: acmeKey })).toMatchObject({ usable: true })
  })

  it('replaces nothing unless it is forced to', async () => {
    await data(['provider', 'add', 'groq'])
    const before = readFileSync(config, 'utf8')
    const failure = await error(['provider', 'add', 'groq', '--api-key-env', 'OTHER_KEY'])
    expect(failure).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('`force` replaces it') as unknown,
    })
    expect(readFileSync(config, 'utf8')).toBe(before)
    await data(['provider', 'add', 'groq', '--api-key-env', 'OTHER_KEY', '--force'])
    expect(written()['credentials']).toMatchObject({ groq: { env: 'OTHER_KEY' } })
  })

  it('does not touch the file that comes with the program', async () => {
    const { code, envelope } = await bench.json(['provider', 'add', 'groq'])
    expect(code).toBe(1)
    expect(envelope).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('signalbox init') as unknown },
    })
  })

  it('takes no key in the place of the name of its variable, and does not repeat it', async () => {
    expect((await error(['provider', 'add', 'openai', '--api-key-env', openaiKey], {}, 2)).code).toBe('invalid_flag')
  })

  it('says what is wrong with a credential that is not there, and where', async () => {
    config = bench.file(`own-${count++}.jsonc`, {
      providers: { p: { type: 'groq', accounts: [{ id: 'a', credential: 'gone' }] } },
      storage: { kind: 'memory' },
    })
    const failure = await error(['provider', 'show', 'p'], {}, 78)
    expect(failure.message).toContain('providers.p.accounts[0].credential: no credential "gone"')
  })

  it('is found under both names of its group', async () => {
    for (const group of ['provider', 'providers']) {
      expect(await data([group, 'list'])).toMatchObject([{ id: 'mock' }])
      expect(await data([group, 'show', 'mock'])).toMatchObject({ id: 'mock' })
    }
    expect((await run(['provider', 'presets'])).stdout).toMatch(/^openai +OPENAI_API_KEY/m)
  })
})

describe('a vendor that nobody has heard of', () => {
  it('is added by configuration alone, serves, and is certified by the gateway that serves it', async () => {
    await data([
      'provider',
      'add',
      'openai_compatible',
      '--id',
      'acme',
      '--base-url',
      `${acme.url}/v1`,
      '--local',
      '--api-key-env',
      'ACME_KEY',
      '--auth-header',
      'x-acme-key',
      '--model',
      'acme-1',
      '--route',
      'desk',
    ])
    const env = { ACME_KEY: acmeKey }
    const gateway = await bench.serve(['--config', config, '--port', '0'], { env })
    acme.seen.length = 0
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ model: 'desk', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }),
    })
    expect(await response.json()).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'ready' }] })
    expect(acme.seen[0]).toMatchObject({ headers: { 'x-acme-key': acmeKey }, body: { model: 'acme-1' } })
    expect(acme.seen[0]?.headers.authorization).toBeUndefined()

    // Without --config a verb asks the gateway that runs, which has the key; this process has none.
    const { code, envelope } = await bench.json(['provider', 'certify', 'acme'])
    expect(envelope).toMatchObject({ ok: true, data: { status: 'ready', model: 'acme-1' } })
    expect(code).toBe(0)
    // Traces are written behind the answers.
    const traced = async () => {
      const { envelope: listed } = await bench.json(['trace', 'list'])
      return (listed as unknown as { data: { request_id: string }[] }).data
    }
    await expect.poll(traced, { timeout: 10_000 }).toHaveLength(3)
    const [newest] = await traced()
    const probe = await bench.json(['trace', 'show', newest?.request_id ?? ''])
    expect(JSON.stringify(probe.envelope)).toContain('signalbox:probe')

    // An edit through the gateway goes into the file that it was started with.
    const added = await bench.json(['provider', 'add', 'deepseek'])
    expect(added.envelope).toMatchObject({ ok: true, data: { place: `file ${config}`, live: 'the running gateway' } })
    expect((await bench.json(['provider', 'show', 'deepseek'])).code).toBe(0)
    expect(written()['providers']).toHaveProperty('deepseek')
    await gateway.stop()
  })
})

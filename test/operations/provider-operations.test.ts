import { describe, expect, it } from 'vitest'
import { presets } from '../../src/catalog/presets.ts'
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import type {
  ConfigChange,
  ConfigEdit,
  ConfigEditor,
  DiscoveredModel,
  Inference,
  Inferred,
  UpstreamProbe,
} from '../../src/operations/operation.ts'
import { providerAdd } from '../../src/operations/provider-add.ts'
import { providerCertifyAll } from '../../src/operations/provider-certify-all.ts'
import { providerCertify } from '../../src/operations/provider-certify.ts'
import { providerModels } from '../../src/operations/provider-models.ts'
import { providerPresets } from '../../src/operations/provider-presets.ts'
import { providerShow } from '../../src/operations/provider-show.ts'
import { providerSyncModels } from '../../src/operations/provider-sync-models.ts'
import { providerTest } from '../../src/operations/provider-test.ts'
import { createStoreEditor } from '../../src/operations/store-editor.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { chatAnswer } from '../support/upstream.ts'
import { contextOf, dataOf, errorOf, noon } from './context.ts'

const document = {
  credentials: { key: { type: 'api_key', env: 'ACME_KEY' } },
  providers: {
    acme: {
      type: 'openai_compatible',
      base_url: 'https://acme.example/v1',
      accounts: [{ id: 'main', credential: 'key' }],
    },
  },
}

function recordingEditor(): ConfigEditor & { readonly applied: (readonly ConfigChange[])[] } {
  const applied: (readonly ConfigChange[])[] = []
  return {
    applied,
    place: 'store',
    takesEffect: 'soon',
    async apply(changes): Promise<Outcome<ConfigEdit>> {
      applied.push(changes)
      return ok({ revision: 'r2', warnings: [], changed: changes.map((change) => change.path) })
    },
  }
}

const answered = JSON.stringify(chatAnswer('ready', 'up-1'))

function chunks(...deltas: readonly object[]): string {
  const all = deltas.map((delta) => ({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'up-1',
    choices: [],
    ...delta,
  }))
  return `${all.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`
}

const first = { choices: [{ index: 0, delta: { role: 'assistant', content: 'ready' }, finish_reason: null }] }
const last = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const usage = { usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 } }

interface Fake extends UpstreamProbe {
  readonly asked: Inference[]
}

function upstream(
  answer: (asked: Inference) => Partial<Inferred>,
  models: Outcome<readonly DiscoveredModel[]> = ok([
    { id: 'acme-large', displayName: null, contextWindow: null },
    { id: 'acme-mini', displayName: null, contextWindow: 8192 },
  ]),
): Fake {
  const asked: Inference[] = []
  return {
    asked,
    models: async () => models,
    async infer(inference) {
      asked.push(inference)
      return {
        status: 200,
        headers: {},
        text: inference.stream === true ? chunks(first, last, usage) : answered,
        durationMs: 12.4,
        errorCode: null,
        requestId: 'req_1',
        account: 'main',
        providerStatus: 200,
        ...answer(inference),
      }
    },
  }
}

const set = { hasSecret: () => true }

describe('provider presets', () => {
  it('lists every type with where its key is and what it needs', async () => {
    const list = (await dataOf(providerPresets, contextOf({}))) as Record<string, unknown>[]
    expect(list.map(({ preset }) => preset)).toEqual(Object.keys(presets))
    const of = (name: string) => list.find(({ preset }) => preset === name)
    expect(of('openai')).toMatchObject({ key_env: 'OPENAI_API_KEY', auth: 'bearer', needs: [], discovery: 'openai' })
    expect(of('anthropic')).toMatchObject({ auth: 'header x-api-key' })
    expect(of('bedrock')).toMatchObject({ needs: ['region'], auth: 'sigv4 bedrock' })
    expect(of('azure')).toMatchObject({ needs: ['base_url'] })
    expect(of('mock')).toMatchObject({ base_url: null, discovery: null, auth: 'none' })
  })
})

describe('provider add', () => {
  const add = async (input: object, more: object = {}) => {
    const editor = recordingEditor()
    const data = await dataOf(
      providerAdd,
      contextOf(document, { editor, isPrivileged: true, hasSecret: () => false, ...more }),
      input,
    )
    return { data: data as Record<string, unknown>, changes: editor.applied[0] }
  }

  it('writes provider, credential, model and route, none of them over what is there', async () => {
    const { data, changes } = await add({ preset: 'groq', model: 'llama', route: 'fast' })
    expect(changes).toEqual([
      {
        path: ['providers', 'groq'],
        value: { type: 'groq', accounts: [{ id: 'main', credential: 'groq' }] },
        existing: 'refuse',
      },
      {
        path: ['credentials', 'groq'],
        value: { type: 'api_key', source: 'env', env: 'GROQ_API_KEY' },
        existing: 'refuse',
      },
      { path: ['models', 'llama'], value: {}, existing: 'fill' },
      { path: ['routes', 'fast'], value: { targets: [{ provider: 'groq', model: 'llama' }] }, existing: 'refuse' },
    ])
    expect(data).toMatchObject({
      id: 'groq',
      key_env: 'GROQ_API_KEY',
      key_is_set: false,
      next: ['export GROQ_API_KEY=…', 'soon', 'signalbox provider certify groq'],
    })
  })

  it('replaces with force, but never the prices of a model', async () => {
    const { changes } = await add({ preset: 'groq', model: 'llama', force: true })
    expect(changes?.map(({ existing }) => existing)).toEqual(['replace', 'replace', 'fill'])
  })

  it('knows a vendor that nobody has heard of by its address and its header', async () => {
    const { changes } = await add({
      preset: 'openai_compatible',
      id: 'new',
      base_url: 'https://new.example/v1',
      api_key_env: 'NEW_KEY',
      auth_header: 'x-new-key',
    })
    expect(changes?.[0]?.value).toEqual({
      type: 'openai_compatible',
      base_url: 'https://new.example/v1',
      auth_scheme: { kind: 'header', name: 'x-new-key' },
      accounts: [{ id: 'main', credential: 'new' }],
    })
  })

  it.each([
    [
      'a server of this machine',
      { preset: 'openai_compatible', id: 'l', base_url: 'http://127.0.0.1:1/v1', local: true, no_key: true },
      {
        type: 'openai_compatible',
        base_url: 'http://127.0.0.1:1/v1',
        auth_scheme: { kind: 'none' },
        allow_private: true,
        allow_http: true,
      },
    ],
    ['a local preset', { preset: 'ollama' }, { type: 'ollama' }],
    ['the mock', { preset: 'mock' }, { type: 'mock' }],
    [
      'Bedrock with the keys of AWS',
      { preset: 'bedrock', region: 'eu-west-1' },
      { type: 'bedrock', accounts: [{ id: 'main', credential: 'bedrock' }], region: 'eu-west-1' },
    ],
  ])('writes %s', async (_what, input, provider) => {
    expect((await add(input)).changes?.[0]?.value).toEqual(provider)
  })

  it.each([
    ['bedrock', { region: 'eu-west-1' }, { type: 'aws', source: 'env' }],
    [
      'bedrock',
      { region: 'eu-west-1', api_key_env: 'BEDROCK_KEY' },
      { type: 'api_key', source: 'env', env: 'BEDROCK_KEY' },
    ],
    ['vertex', { project: 'my-project' }, { type: 'google_service_account', source: 'env' }],
    [
      'azure',
      { base_url: 'https://x.openai.azure.com', api_key_env: 'AZ' },
      { type: 'azure', source: 'env', env: 'AZ' },
    ],
  ])('writes the credential that %s needs with %j', async (preset, input, credential) => {
    expect((await add({ preset, ...input })).changes?.[1]?.value).toEqual(credential)
  })

  it.each([
    ['an unknown preset', { preset: 'grok' }, 'invalid_value', 'groq'],
    ['a route to nowhere', { preset: 'groq', route: 'r' }, 'invalid_value', 'model'],
    ['no address', { preset: 'openai_compatible', api_key_env: 'K' }, 'invalid_value', 'base_url'],
    ['no key', { preset: 'openai_compatible', base_url: 'https://x.example' }, 'invalid_value', 'no_key'],
    ['no region', { preset: 'bedrock' }, 'invalid_value', 'region'],
    [
      'a key in the place of its variable',
      { preset: 'groq', api_key_env: 'gsk_live-1234567890' },
      'invalid_value',
      'name of an environment variable',
    ],
    [
      'a key of the gateway itself',
      { preset: 'groq', api_key_env: 'SIGNALBOX_KEK' },
      'invalid_value',
      'gateway itself',
    ],
    [
      'plain http beyond this network',
      { preset: 'groq', base_url: 'http://groq.example' },
      'invalid_value',
      'say `local`',
    ],
  ])('refuses %s', async (_what, input, code, text) => {
    const editor = recordingEditor()
    const error = await errorOf(providerAdd, contextOf(document, { editor, isPrivileged: true }), input)
    expect(error.code).toBe(code)
    expect(error.message).toContain(text)
    expect(error.message).not.toContain('gsk_live')
    expect(editor.applied).toEqual([])
  })

  it.each(['base_url', 'api_key_env', 'auth_header'])('lets %s be set only by who may see keys', async (param) => {
    const editor = recordingEditor()
    const input = { preset: 'groq', [param]: param === 'base_url' ? 'https://evil.example' : 'OPENAI_API_KEY' }
    const error = await errorOf(providerAdd, contextOf(document, { editor }), input)
    expect(error).toMatchObject({ code: 'insufficient_tier', param })
    expect(editor.applied).toEqual([])
    await dataOf(providerAdd, contextOf(document, { editor }), { preset: 'groq' })
    expect(editor.applied).toHaveLength(1)
  })

  it('lets what is there be replaced only by who may see keys: its proxy and its address would go with it', async () => {
    const editor = recordingEditor()
    const error = await errorOf(providerAdd, contextOf(document, { editor }), { preset: 'openai', force: true })
    expect(error).toMatchObject({ code: 'insufficient_tier', param: 'force' })
    expect(editor.applied).toEqual([])
  })

  it('says that it cannot be done where nothing can be edited', async () => {
    expect((await errorOf(providerAdd, contextOf(document), { preset: 'groq' })).code).toBe('not_configured')
  })
})

describe('provider show', () => {
  it('shows accounts with the variables that are missing, and the routes', async () => {
    const context = contextOf(
      { ...document, routes: { r: { targets: [{ provider: 'acme', model: 'm' }] } } },
      { hasSecret: () => false },
    )
    expect(await dataOf(providerShow, context, { id: 'acme' })).toMatchObject({
      id: 'acme',
      base_url: 'https://acme.example/v1',
      usable: false,
      accounts: [{ id: 'main', missing_env: ['ACME_KEY'] }],
      routes: [{ route: 'r', model: 'm', account: null }],
      discovery: 'openai',
    })
  })

  it('names the nearest one for one that is not there', async () => {
    const error = await errorOf(providerShow, contextOf(document), { id: 'acne' })
    expect(error).toMatchObject({ code: 'not_found', message: 'no provider "acne", did you mean "acme"?' })
  })
})

describe('provider models', () => {
  it('tells which ones the configuration names', async () => {
    const context = contextOf({ ...document, models: { 'acme-mini': {} } }, { upstream: upstream(() => ({})) })
    expect(await dataOf(providerModels, context, { id: 'acme' })).toEqual([
      { model: 'acme-large', display_name: null, context_window: null, configured: false },
      { model: 'acme-mini', display_name: null, context_window: 8192, configured: true },
    ])
  })

  it('fails as the provider did', async () => {
    const context = contextOf(document, { upstream: upstream(() => ({}), failed('upstream_auth', { message: 'no' })) })
    expect(await errorOf(providerModels, context, { id: 'acme' })).toMatchObject({ code: 'upstream_auth' })
  })

  it('does not ask with an account that is not there', async () => {
    const context = contextOf(document, { upstream: upstream(() => ({})) })
    expect(await errorOf(providerModels, context, { id: 'acme', account: 'mian' })).toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('"main"') as unknown,
    })
  })
})

describe('provider sync-models', () => {
  const stored = JSON.stringify({ ...document, models: { 'acme-mini': { cost: { input: 3 }, display_name: 'Mine' } } })
  const sync = async (input: object, models?: Outcome<readonly DiscoveredModel[]>) => {
    const { config } = createMemoryStores()
    await config.publish(stored, 0, noon)
    const editor = createStoreEditor(config, { now: () => noon })
    const context = contextOf(JSON.parse(stored), { upstream: upstream(() => ({}), models), editor })
    return { context, config, input: { id: 'acme', ...input } }
  }

  it('adds what is new, fills in what is absent, and leaves prices and names of ours alone', async () => {
    const { context, config, input } = await sync({})
    expect(await dataOf(providerSyncModels, context, input)).toMatchObject({
      discovered: 2,
      added: ['acme-large'],
      updated: ['acme-mini'],
      unchanged: 0,
      dry_run: false,
      place: 'store',
    })
    const { models } = JSON.parse((await config.load())?.document ?? '') as { models: object }
    expect(models).toEqual({
      'acme-mini': { cost: { input: 3 }, display_name: 'Mine', context_window: 8192 },
      'acme-large': {},
    })
    expect(await dataOf(providerSyncModels, context, input)).toMatchObject({ added: [], updated: [], unchanged: 2 })
    expect((await config.load())?.revision).toBe(2)
  })

  it('tried dry writes nothing, and takes only what begins with the prefix', async () => {
    const { context, config, input } = await sync({ dry_run: true, prefix: 'acme-l' })
    expect(await dataOf(providerSyncModels, context, input)).toMatchObject({
      selected: 1,
      added: ['acme-large'],
      dry_run: true,
    })
    expect((await config.load())?.document).toBe(stored)
  })

  it('writes nothing where the list cannot be had', async () => {
    const { context, config, input } = await sync(
      {},
      failed('upstream_unreachable', { message: 'provider acme: gone' }),
    )
    expect(await errorOf(providerSyncModels, context, input)).toMatchObject({ code: 'upstream_unreachable' })
    expect((await config.load())?.revision).toBe(1)
  })
})

describe('provider certify', () => {
  const certify = async (fake: Fake, input: object = {}, more: object = {}) =>
    (await dataOf(providerCertify, contextOf({ ...document, ...more }, { upstream: fake, ...set }), {
      id: 'acme',
      ...input,
    })) as {
      status: string
      ok: boolean
      model: string
      checks: { name: string; ok: boolean; code: string | null; message: string; next: string | null }[]
      verified_capabilities: string[]
    }
  const check = (found: Awaited<ReturnType<typeof certify>>, name: string) =>
    found.checks.find((one) => one.name === name)

  it('finds a provider ready that answers, streams, and tells its usage', async () => {
    const fake = upstream(() => ({}))
    expect(await certify(fake)).toMatchObject({
      schema: 'signalbox/provider-certification@1',
      ok: true,
      status: 'ready',
      model: 'acme-mini',
      verified_capabilities: ['model_discovery', 'route_preview', 'chat_non_stream', 'chat_stream'],
      missing_env: [],
    })
    expect(fake.asked.map(({ provider, model, stream, dialect }) => [provider, model, stream, dialect])).toEqual([
      ['acme', 'acme-mini', false, 'openai-chat'],
      ['acme', 'acme-mini', true, 'openai-chat'],
    ])
  })

  it.each([
    [
      'the one that was named',
      { model: 'named' },
      { routes: { r: { targets: [{ provider: 'acme', model: 'routed' }] } } },
      'named',
    ],
    [
      'one of a route',
      {},
      {
        routes: {
          any: { match: { model: '*' }, targets: [{ provider: 'acme', model: '*' }] },
          r: { targets: [{ provider: 'acme', model: 'routed' }] },
        },
      },
      'routed',
    ],
    ['one that is configured and listed', {}, { models: { other: {}, 'acme-large': {} } }, 'acme-large'],
  ])('asks %s', async (_what, input, more, model) => {
    expect(
      (
        await certify(
          upstream(() => ({})),
          input,
          more,
        )
      ).model,
    ).toBe(model)
  })

  it.each([
    ['an answer without usage', { text: answered.replace(/,"usage".*$/, '}') }, 'usage_missing'],
    ['an empty answer', { text: answered.replace('"ready"', '""') }, 'answer_empty'],
    ['an answer that is none', { text: '<html>' }, 'answer_unreadable'],
    [
      'a refusal',
      {
        status: 502,
        errorCode: 'upstream_model_missing',
        text: '{"error":{"message":"no such model"}}',
        providerStatus: 404,
      },
      'upstream_model_missing',
    ],
  ])('finds %s', async (_what, answer, code) => {
    const found = await certify(upstream(({ stream }) => (stream === true ? {} : answer)))
    expect(found.ok).toBe(false)
    expect(check(found, 'chat_non_stream')).toMatchObject({ ok: false, code })
  })

  it('says of a stream that broke why it did, in our words', async () => {
    const broken = { errorCode: 'stream_truncated', text: 'data: {"error":{"message":"somebody else"}}\n\n' }
    const found = await certify(upstream(({ stream }) => (stream === true ? broken : {})))
    expect(check(found, 'chat_stream')).toMatchObject({
      ok: false,
      code: 'stream_truncated',
      message: expect.stringMatching(/^the stream ended before the answer was complete/),
    })
  })

  it.each([
    ['a stream that is cut', chunks(first, usage).replace('data: [DONE]\n\n', ''), 'stream_not_legal'],
    ['a stream without its terminal', chunks(first, last, usage).replace('data: [DONE]\n\n', ''), 'stream_not_legal'],
    ['a stream that goes on after its end', chunks(first, last, first, usage), 'stream_not_legal'],
    ['a stream without usage', chunks(first, last), 'usage_missing'],
    [
      'a stream that ends in an error',
      `${chunks(first).replace('data: [DONE]\n\n', '')}data: {"error":{"message":"boom"}}\n\n`,
      'stream_not_legal',
    ],
    ['a whole answer where a stream was asked for', answered, 'stream_not_legal'],
  ])('finds %s, and calls the provider partly usable', async (_what, text, code) => {
    const found = await certify(upstream(({ stream }) => (stream === true ? { text } : {})))
    expect(found.status).toBe('partial')
    expect(check(found, 'chat_stream')).toMatchObject({ ok: false, code })
  })

  it("passes over what Azure's filter says before the answer", async () => {
    const filtered = { prompt_filter_results: [{ prompt_index: 0 }] }
    expect(
      (await certify(upstream(({ stream }) => (stream === true ? { text: chunks(filtered, first, last, usage) } : {}))))
        .status,
    ).toBe('ready')
  })

  it('stops asking a provider that refuses the key, and says whose it is and what to do', async () => {
    const refused = {
      status: 502,
      errorCode: 'upstream_auth',
      text: '{"error":{"message":"the provider refused our credential"}}',
      providerStatus: 401,
    }
    const fake = upstream(() => refused, failed('upstream_auth', { message: 'provider acme (account main): refused' }))
    const found = await certify(fake, { model: 'm' })
    expect(found.status).toBe('failed')
    expect(fake.asked).toHaveLength(1)
    expect(check(found, 'chat_non_stream')).toMatchObject({
      code: 'upstream_auth',
      message: expect.stringContaining('account acme/main, HTTP 401') as unknown,
      next: expect.stringContaining('ACME_KEY') as unknown,
    })
    expect(check(found, 'chat_stream')).toMatchObject({ code: 'skipped' })
  })

  it('without a variable asks nobody and names it', async () => {
    const fake = upstream(() => ({}))
    const context = contextOf(document, { upstream: fake, hasSecret: () => false })
    expect(await dataOf(providerCertify, context, { id: 'acme' })).toMatchObject({
      ok: false,
      status: 'missing_env',
      missing_env: ['ACME_KEY'],
      checks: [],
    })
    expect(fake.asked).toEqual([])
  })

  it('without any model says that one has to be named', async () => {
    const found = await certify(
      upstream(() => ({}), ok([{ id: 'text-embedding-3-small', displayName: null, contextWindow: null }])),
    )
    expect(found.checks.filter(({ code }) => code === 'no_model').map(({ name }) => name)).toEqual([
      'route_preview',
      'chat_non_stream',
      'chat_stream',
    ])
    expect(found.checks.at(-1)?.next).toContain('--model')
  })

  it('fails a command line unless the provider is ready', () => {
    expect(providerCertify.isBad?.({ ok: false })).toBe(true)
    expect(providerCertify.isBad?.({ ok: true })).toBe(false)
  })

  it('of all leaves out, where asked to, those whose variables are not set', async () => {
    const both = { ...document, providers: { ...document.providers, mock: { type: 'mock' } } }
    const context = contextOf(both, { upstream: upstream(() => ({})), hasSecret: () => false })
    expect(await dataOf(providerCertifyAll, context, { skip_missing_env: true })).toMatchObject({
      ok: true,
      ready_count: 1,
      skipped: [{ provider: 'acme', missing_env: ['ACME_KEY'] }],
    })
    expect(await dataOf(providerCertifyAll, context, {})).toMatchObject({
      ok: false,
      ready_count: 1,
      providers: [{ provider: 'acme' }, { provider: 'mock' }],
    })
  })
})

describe('provider test', () => {
  it('sends one request and tells what came of it, without the text of the answer', async () => {
    const fake = upstream(() => ({}))
    const data = await dataOf(providerTest, contextOf(document, { upstream: fake, ...set }), {
      id: 'acme',
      stream: true,
    })
    expect(data).toMatchObject({
      ok: true,
      model: 'acme-mini',
      answered_by: 'up-1',
      stream: true,
      status: 200,
      latency_ms: 12,
      input_tokens: 9,
      output_tokens: 1,
      finish: 'stop',
    })
    expect(JSON.stringify(data)).not.toContain('"ready"')
    expect(fake.asked).toHaveLength(1)
  })

  it('asks for a model where none is known', async () => {
    const context = contextOf(document, { upstream: upstream(() => ({}), ok([])), ...set })
    expect(await errorOf(providerTest, context, { id: 'acme' })).toMatchObject({
      code: 'missing_required_parameter',
      param: 'model',
    })
  })
})

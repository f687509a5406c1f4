// Good and bad configurations: each rule with its path, message and hint, and what a snapshot looks like.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileConfig, type CompileInput } from '../../src/catalog/compile.ts'
import { problemText } from '../../src/catalog/problem.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'

function problems(document: unknown, more: Omit<CompileInput, 'document'> = {}): string[] {
  const compiled = compileConfig({ document, ...more })
  return compiled.ok ? [] : compiled.problems.map(problemText)
}

function snapshot(document: unknown, more: Omit<CompileInput, 'document'> = {}): Snapshot {
  const compiled = compileConfig({ document, ...more })
  if (!compiled.ok) throw new Error(compiled.problems.map(problemText).join('\n'))
  return compiled.snapshot
}

function warnings(document: unknown): string[] {
  return compileConfig({ document }).warnings.map(problemText)
}

const mock = { mock: { type: 'mock' } }
const target = { provider: 'mock', model: 'echo' }
const url = 'https://llm.example.com/v1'

function provider(members: Record<string, unknown>): Record<string, unknown> {
  return { providers: { p: { type: 'openai_compatible', base_url: url, auth_scheme: { kind: 'none' }, ...members } } }
}

function apiKey(env: string): object {
  return { type: 'api_key', secret: { source: 'env', env } }
}

function route(members: Record<string, unknown>, name = 'r'): Record<string, unknown> {
  return { providers: mock, routes: { [name]: { targets: [target], ...members } } }
}

describe('structure', () => {
  it.each<[string, unknown, string]>([
    ['an unknown key at the top', { sever: {} }, 'sever: unknown key, did you mean "server"?'],
    [
      'an unknown key of a record member',
      { routes: { 'internal-lite': { targts: [] } } },
      'routes.internal-lite.targts: unknown key, did you mean "targets"?',
    ],
    [
      'an unknown key of a list member',
      { keys: [{ id: 'a', env: 'A', roels: [] }] },
      'keys[0].roels: unknown key, did you mean "roles"?',
    ],
    [
      'an unknown key behind a default',
      { server: { limits: { max_boddy_bytes: 1 } } },
      'server.limits.max_boddy_bytes: unknown key, did you mean "max_body_bytes"?',
    ],
    [
      'an unknown key behind null',
      { models: { m: { cost: { inputs: 1 } } } },
      'models.m.cost.inputs: unknown key, did you mean "input"?',
    ],
    [
      'an unknown key of a deep list',
      { routes: { r: { targets: [{ ...target, timeouts: { idle: 1 } }] } } },
      'routes.r.targets[0].timeouts.idle: unknown key, did you mean "idle_ms"?',
    ],
    ['camel case', provider({ baseUrl: url }), 'providers.p.baseUrl: unknown key, did you mean "base_url"?'],
    [
      'a key that nothing is near to',
      { observability: { zzzzz: 1 } },
      'observability.zzzzz: unknown key, known: "retention", "sample", "log_level", "body_log_bytes", "prompt_hash", "otlp", "langfuse"',
    ],
    ['another version', { config_version: 2 }, 'config_version: expected 1'],
    ['text for a number', { server: { port: '8787' } }, 'server.port: expected a number, got text'],
    [
      'a fraction for a count',
      { server: { limits: { max_tools: 1.5 } } },
      'server.limits.max_tools: expected a whole number, got a number with a fraction',
    ],
    ['a port out of range', { server: { port: 65_536 } }, 'server.port: expected 65535 or less'],
    [
      'a limit of nothing',
      { server: { limits: { max_body_bytes: 0 } } },
      'server.limits.max_body_bytes: expected 1 or more',
    ],
    [
      'a timer beyond 31 bits',
      { server: { timeouts: { total_ms: 2_147_483_648 } } },
      'server.timeouts.total_ms: expected 2147483647 or less',
    ],
    ['null where no null is', { server: { host: null } }, 'server.host: expected text, got null'],
    ['a list for an object', { server: [] }, 'server: expected an object, got a list'],
    ['an object for a list', { keys: {} }, 'keys: expected a list, got an object'],
    ['no object at all', [], 'expected an object, got a list'],
    ['a missing member', { keys: [{ env: 'A' }] }, 'keys[0].id: required'],
    [
      'a wrong word',
      { observability: { log_level: 'warning' } },
      'observability.log_level: expected one of "debug", "info", "warn", "error"',
    ],
    [
      'a mistyped word',
      { storage: { kind: 'sqllite' } },
      'storage.kind: expected one of "sqlite", "d1", "kv", "memory", did you mean "sqlite"?',
    ],
    ['an empty text', { server: { host: '' } }, 'server.host: empty'],
    ['a sample above 1', { observability: { sample: 1.1 } }, 'observability.sample: expected 1 or less'],
    [
      'a bad duration',
      { observability: { retention: '14 days' } },
      'observability.retention: expected a duration such as "500ms", "30s", "5m", "1h", "14d" or "2w"',
    ],
    [
      'no duration',
      { observability: { retention: '0d' } },
      'observability.retention: expected more than nothing and at most ten years',
    ],
    [
      'a bad environment name',
      { keys: [{ id: 'a', env: 'MY KEY' }] },
      'keys[0].env: expected the name of an environment variable',
    ],
    [
      'a provider id with a slash',
      { providers: { 'a/b': { type: 'mock' } } },
      'providers["a/b"]: expected letters, digits and . _ - @ +, beginning with a letter or digit',
    ],
    [
      'a role that is none',
      { keys: [{ id: 'a', env: 'A', role: 'clien' }] },
      'keys[0].role: expected one of "client", "agent", "operator", "admin", did you mean "client"?',
    ],
    [
      'a tier that is none',
      { mcp: { tiers: ['reed'] } },
      'mcp.tiers[0]: expected one of "read", "mutation", "privileged", did you mean "read"?',
    ],
  ])('refuses %s', (_name, document, problem) => {
    expect(problems(document)).toContain(problem)
  })
})

describe('references', () => {
  const providers = { openai: { type: 'openai', accounts: [{ id: 'main', credential: 'k' }] }, ...mock }
  const credentials = { k: { type: 'api_key', env: 'K' } }

  it.each<[string, unknown, string]>([
    [
      'a target to no provider',
      { providers, credentials, routes: { r: { targets: [{ provider: 'opnai', model: 'm' }] } } },
      'routes.r.targets[0].provider: no provider "opnai", did you mean "openai"?',
    ],
    [
      'a target to no account',
      { providers, credentials, routes: { r: { targets: [{ provider: 'openai', model: 'm', account: 'mian' }] } } },
      'routes.r.targets[0].account: provider "openai" has no account "mian", did you mean "main"?',
    ],
    [
      'an account of a provider without any',
      { providers: mock, routes: { r: { targets: [{ ...target, account: 'a' }] } } },
      'routes.r.targets[0].account: provider "mock" has no account "a", known: "default"',
    ],
    [
      'an account to no credential',
      { providers, credentials: { key: credentials.k } },
      'providers.openai.accounts[0].credential: no credential "k", known: "key"',
    ],
    [
      'a key to no tenant',
      { keys: [{ id: 'a', env: 'A', tenant: 'acne' }], tenants: [{ id: 'acme' }] },
      'keys[0].tenant: no tenant "acne", did you mean "acme"?',
    ],
    [
      'a default provider that is none',
      { providers: mock, server: { default_provider: 'mcok' } },
      'server.default_provider: no provider "mcok", did you mean "mock"?',
    ],
    [
      'a route to degrade to that is none',
      route({ fallback: { degrade_to: ['s'] } }),
      'routes.r.fallback.degrade_to[0]: no route or model "s", did you mean "r"?',
    ],
    [
      'two keys of one id',
      {
        keys: [
          { id: 'a', env: 'A' },
          { id: 'a', env: 'B' },
        ],
      },
      'keys[1].id: duplicate id "a", also at index 0',
    ],
    [
      'two keys in one variable',
      {
        keys: [
          { id: 'a', env: 'A' },
          { id: 'b', env: 'A' },
        ],
      },
      'keys[1].env: duplicate env "A", also at index 0',
    ],
    [
      'two tenants of one id',
      { tenants: [{ id: 'a' }, { id: 'a' }] },
      'tenants[1].id: duplicate id "a", also at index 0',
    ],
    [
      'two accounts of one id',
      {
        credentials,
        providers: {
          o: {
            type: 'openai',
            accounts: [
              { id: 'a', credential: 'k' },
              { id: 'a', credential: 'k' },
            ],
          },
        },
      },
      'providers.o.accounts[1].id: duplicate id "a", also at index 0',
    ],
    [
      'two targets of one name',
      route({
        targets: [
          { ...target, name: 't' },
          { ...target, name: 't' },
        ],
      }),
      'routes.r.targets[1].name: duplicate name "t", also at index 0',
    ],
  ])('refuses %s', (_name, document, problem) => {
    expect(problems(document)).toContain(problem)
  })
})

describe('keys and credentials', () => {
  it.each<[string, unknown, string]>([
    [
      'a key without a place',
      { keys: [{ id: 'a' }] },
      'keys[0].env: required, the environment variable that holds the key',
    ],
    [
      'a key with two places',
      { keys: [{ id: 'a', env: 'A', hash: 'x' }] },
      'keys[0]: has both "env" and "hash", keep one',
    ],
    [
      'role beside roles',
      { keys: [{ id: 'a', env: 'A', role: 'client', roles: ['admin'] }] },
      'keys[0].role: stands beside "roles", keep one of the two',
    ],
    ['no roles at all', { keys: [{ id: 'a', env: 'A', roles: [] }] }, 'keys[0].roles: expected 1 or more entries'],
    [
      'a time without a zone',
      { keys: [{ id: 'a', env: 'A', expires_at: '2027-01-31T12:00:00' }] },
      'keys[0].expires_at: not a time, write "2027-01-31" or "2027-01-31T12:00:00Z"',
    ],
    [
      'a time that is neither text nor number',
      { keys: [{ id: 'a', env: 'A', expires_at: true }] },
      'keys[0].expires_at: not accepted here: true or false',
    ],
    [
      'a credential without a variable',
      { credentials: { k: { type: 'api_key' } } },
      'credentials.k.env: required, the environment variable that holds the secret',
    ],
  ])('refuses %s', (_name, document, problem) => {
    expect(problems(document)).toContain(problem)
  })

  it('compiles to roles, expiry and revocation', () => {
    const keys = [
      { id: 'a', env: 'A' },
      { id: 'b', env: 'B', role: 'admin', expires_at: '2020-01-01T00:00:00Z' },
      { id: 'c', env: 'C', roles: ['operator', 'client', 'operator'], revoked: true, tenant: 't' },
    ]
    expect(snapshot({ providers: mock, keys, tenants: [{ id: 't' }] }).keys).toEqual([
      { id: 'a', env: 'A', roles: ['client'], tenant: null, expiresAt: null, revoked: false },
      { id: 'b', env: 'B', roles: ['admin'], tenant: null, expiresAt: Date.UTC(2020, 0, 1), revoked: false },
      { id: 'c', env: 'C', roles: ['operator', 'client'], tenant: 't', expiresAt: null, revoked: true },
    ])
  })
})

describe('providers', () => {
  it.each<[string, unknown, string]>([
    [
      'a missing address',
      { providers: { p: { type: 'openai_compatible', auth_scheme: { kind: 'none' } } } },
      'providers.p.base_url: required, type "openai_compatible" has no address of its own',
    ],
    [
      'an address of a mock',
      { providers: { p: { type: 'mock', base_url: url } } },
      'providers.p.base_url: a provider of type "mock" has no address',
    ],
    ['an address that is none', provider({ base_url: 'llm.example.com' }), 'providers.p.base_url: not a URL'],
    [
      'an address with a line break',
      provider({ base_url: 'https://api.example.com/\r\nX: y' }),
      'providers.p.base_url: not a URL',
    ],
    [
      'an address with backslashes',
      provider({ base_url: 'https:\\\\api.example.com' }),
      'providers.p.base_url: not a URL',
    ],
    [
      'http',
      provider({ base_url: 'http://llm.example.com/v1' }),
      'providers.p.base_url: only https URLs are accepted unless allow_http is set',
    ],
    [
      'a private address',
      provider({ base_url: 'https://10.0.0.1/v1' }),
      'providers.p.base_url: the address is a private address',
    ],
    [
      'a user name',
      provider({ base_url: 'https://me@llm.example.com/v1' }),
      'providers.p.base_url: the URL must not hold a user name or password',
    ],
    ['a fragment', provider({ base_url: `${url}#x` }), 'providers.p.base_url: the URL must not have a fragment'],
    [
      'a credential header',
      provider({ headers: { Authorization: 'x' } }),
      'providers.p.headers.Authorization: set by the gateway and not configurable',
    ],
    [
      'a header with a line break',
      provider({ headers: { 'x-a': 'a\nb' } }),
      'providers.p.headers.x-a: the value holds a line break or a character outside of printable ASCII',
    ],
    [
      'two spellings of a header',
      provider({ headers: { 'x-a': '1', 'X-A': '2' } }),
      'providers.p.headers.X-A: duplicate header',
    ],
    [
      'the header of its own key',
      provider({ api_key: 'k', auth_scheme: { kind: 'header', name: 'X-Key' }, headers: { 'x-key': '1' } }),
      'providers.p.headers.x-key: carries the key of the account, remove it here',
    ],
    [
      'a header scheme without a name',
      provider({ auth_scheme: { kind: 'header' } }),
      'providers.p.auth_scheme.name: required, the name of the header that carries the key',
    ],
    [
      'a header scheme over a cookie',
      provider({ auth_scheme: { kind: 'header', name: 'cookie' } }),
      'providers.p.auth_scheme.name: set by the gateway and not configurable',
    ],
    [
      'a query scheme with an odd name',
      provider({ auth_scheme: { kind: 'query', name: 'a&b' } }),
      'providers.p.auth_scheme.name: not a plain query parameter name',
    ],
    [
      'a bearer scheme with a name',
      provider({ auth_scheme: { kind: 'bearer', name: 'x' } }),
      'providers.p.auth_scheme.name: kind "bearer" takes no name',
    ],
    [
      'no way to a key',
      provider({ auth_scheme: { kind: 'bearer' } }),
      'providers.p: has no credential, add "accounts", or "auth_scheme": { "kind": "none" }',
    ],
    [
      'an account without a credential',
      { providers: { p: { type: 'openai', accounts: [{ id: 'a' }] } } },
      'providers.p.accounts[0].credential: required, the name of an entry in "credentials"',
    ],
    [
      'an inline key beside accounts',
      {
        credentials: { k: { type: 'api_key', env: 'K' } },
        providers: { p: { type: 'openai', api_key: 'x', accounts: [{ id: 'a', credential: 'k' }] } },
      },
      'providers.p.api_key: stands beside "accounts", keep one of the two',
    ],
    [
      'a header of the server that carries keys',
      { server: { headers: { 'X-Api-Key': 'k' } } },
      'server.headers.X-Api-Key: set by the gateway and not configurable',
    ],
  ])('refuses %s', (_name, document, problem) => {
    expect(problems(document)).toContain(problem)
  })

  const openai = ['openai-chat', 'openai-responses', 'openai-completions', 'openai-embeddings']
  // What is not here speaks Chat alone. Each by the vendor's own pages, which stand beside its row in presets.ts.
  const dialects: Readonly<Record<string, readonly string[]>> = {
    anthropic: ['anthropic-messages'],
    openai,
    openrouter: ['openai-chat', 'openai-responses', 'openai-embeddings', 'anthropic-messages'],
    deepseek: ['openai-chat', 'openai-responses'],
    mistral: ['openai-chat', 'openai-embeddings'],
    together: ['openai-chat', 'openai-completions', 'openai-embeddings'],
    fireworks: [...openai, 'anthropic-messages'],
    xai: ['openai-chat', 'openai-responses'],
    nvidia: ['openai-chat', 'openai-embeddings'],
    huggingface: ['openai-chat', 'openai-responses', 'anthropic-messages'],
    moonshot: ['openai-chat', 'openai-responses'],
    alibaba: ['openai-chat', 'openai-embeddings'],
    sambanova: ['openai-chat', 'openai-embeddings', 'anthropic-messages'],
    deepinfra: ['openai-chat', 'openai-completions', 'openai-embeddings'],
    novita: ['openai-chat', 'openai-completions', 'openai-embeddings'],
    cohere: ['openai-chat', 'openai-embeddings'],
    gemini_openai: ['openai-chat', 'openai-embeddings'],
  }

  it.each([
    ['openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
    ['anthropic', 'https://api.anthropic.com', 'ANTHROPIC_API_KEY'],
    ['openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'],
    ['deepseek', 'https://api.deepseek.com', 'DEEPSEEK_API_KEY'],
    ['groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY'],
    ['mistral', 'https://api.mistral.ai/v1', 'MISTRAL_API_KEY'],
    ['together', 'https://api.together.ai/v1', 'TOGETHER_API_KEY'],
    ['fireworks', 'https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY'],
    ['cerebras', 'https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'],
    ['xai', 'https://api.x.ai/v1', 'XAI_API_KEY'],
    ['nvidia', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY'],
  ])('%s needs nothing but its type', (type, baseUrl, env) => {
    const record = snapshot({ providers: { p: { type } } }).providers.get('p')
    expect(record).toMatchObject({
      type,
      baseUrl,
      dialects: dialects[type] ?? ['openai-chat'],
      authScheme: type === 'anthropic' ? { kind: 'header', name: 'x-api-key' } : { kind: 'bearer' },
      accounts: [{ id: 'default', credential: { recipe: apiKey(env) }, priority: 0, egress: null }],
      allowPrivate: false,
      allowHttp: false,
      traits: { maxTokensField: type === 'openai' ? 'max_completion_tokens' : 'max_tokens' },
    })
  })

  it.each([
    ['perplexity', 'https://api.perplexity.ai', 'PERPLEXITY_API_KEY'],
    ['huggingface', 'https://router.huggingface.co/v1', 'HF_TOKEN'],
    ['zai', 'https://api.z.ai/api/paas/v4', 'ZAI_API_KEY'],
    ['moonshot', 'https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'],
    ['alibaba', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'DASHSCOPE_API_KEY'],
    ['avian', 'https://api.avian.io/v1', 'AVIAN_API_KEY'],
    ['sambanova', 'https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY'],
    ['deepinfra', 'https://api.deepinfra.com/v1/openai', 'DEEPINFRA_TOKEN'],
    ['novita', 'https://api.novita.ai/openai/v1', 'NOVITA_API_KEY'],
    ['cohere', 'https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY'],
    ['gemini_openai', 'https://generativelanguage.googleapis.com/v1beta/openai', 'GEMINI_API_KEY'],
    ['anthropic_openai', 'https://api.anthropic.com/v1', 'ANTHROPIC_API_KEY'],
  ])('%s, which imitates Chat, needs nothing but its type', (type, baseUrl, env) => {
    const record = snapshot({ providers: { p: { type } } }).providers.get('p')
    expect(record).toMatchObject({
      baseUrl,
      dialects: dialects[type] ?? ['openai-chat'],
      authScheme: { kind: 'bearer' },
      accounts: [{ id: 'default', credential: { recipe: apiKey(env) }, priority: 0, egress: null }],
    })
  })

  const xApiKey = { kind: 'header', name: 'x-api-key' }
  it.each<[string, string, string, object]>([
    ['deepseek_anthropic', 'https://api.deepseek.com/anthropic', 'DEEPSEEK_API_KEY', xApiKey],
    ['zai_anthropic', 'https://api.z.ai/api/anthropic', 'ZAI_API_KEY', { kind: 'bearer' }],
    ['moonshot_anthropic', 'https://api.moonshot.ai/anthropic', 'MOONSHOT_API_KEY', { kind: 'bearer' }],
    ['alibaba_anthropic', 'https://dashscope-intl.aliyuncs.com/apps/anthropic', 'DASHSCOPE_API_KEY', xApiKey],
  ])('%s is a door for the clients of Anthropic, with the key of its vendor', (type, baseUrl, env, authScheme) => {
    const record = snapshot({ providers: { p: { type } } }).providers.get('p')
    expect(record).toMatchObject({
      baseUrl,
      dialects: ['anthropic-messages'],
      authScheme,
      accounts: [{ id: 'default', credential: { recipe: apiKey(env) } }],
      discovery: null,
      traits: { quirks: [] },
    })
  })

  it.each([
    ['snowflake', 'claude-sonnet-4-5', ['openai-chat', 'anthropic-messages']],
    ['snowflake', 'llama3.1-70b', ['openai-chat']],
    ['sambanova', 'gpt-oss-120b', ['openai-chat', 'anthropic-messages']],
    ['sambanova', 'DeepSeek-V3.1', ['openai-chat', 'openai-embeddings']],
  ])('%s speaks to %s on %j', (type, model, spoken) => {
    const record = snapshot({ providers: { p: { type, base_url: url } } }).providers.get('p')
    const found = record?.dialectsByModel?.find(({ prefix }) => model.startsWith(prefix))
    expect(found?.dialects).toEqual(spoken)
    for (const dialect of spoken) expect(record?.dialects).toContain(dialect)
  })

  it('what a vendor passes over in silence is not asked of it', () => {
    const record = snapshot({ providers: { p: { type: 'anthropic_openai' } } }).providers.get('p')
    expect(record?.capabilities).toEqual({ audio: false, jsonSchema: false })
  })

  it('an imitator of Chat comes with its quirks, and the owner of the wire with none', () => {
    const quirksOf = (type: string, members: object = {}): readonly string[] | undefined =>
      snapshot({ providers: { p: { type, base_url: url, ...members } } }).providers.get('p')?.traits.quirks
    const key = { auth_scheme: { kind: 'none' } }
    expect(quirksOf('openai')).toEqual([])
    expect(quirksOf('xai')).toContain('reasoning_excluded')
    expect(quirksOf('openai_compatible', key)).toContain('tool_index')
    expect(quirksOf('openai_compatible', { ...key, quirks: ['id_changes'] })).toEqual(['id_changes'])
    expect(quirksOf('openai_compatible', { ...key, quirks: ['id_changes'], normalize: false })).toEqual([])
    expect(quirksOf('snowflake', { normalize: false })).toEqual([])
    expect(problems({ providers: { p: { type: 'openai', quirks: ['unheard_of'] } } })).toEqual([
      expect.stringMatching(/^providers\.p\.quirks\[0\]: /),
    ])
  })

  it.each([
    ['ollama', 'http://127.0.0.1:11434/v1'],
    ['vllm', 'http://127.0.0.1:8000/v1'],
    ['llama_cpp', 'http://127.0.0.1:8080/v1'],
    ['lm_studio', 'http://127.0.0.1:1234/v1'],
  ])('%s is on this machine and asks for no key', (type, baseUrl) => {
    const record = snapshot({ providers: { p: { type } } }).providers.get('p')
    expect(record).toMatchObject({ baseUrl, authScheme: { kind: 'none' }, allowPrivate: true, allowHttp: true })
    expect(record?.dialects).toEqual([...openai, 'anthropic-messages'])
    expect(record?.accounts).toEqual([{ id: 'default', credential: null, priority: 0, egress: null }])
  })

  it('a local server with a key is sent it', () => {
    const document = {
      credentials: { k: { type: 'api_key', env: 'K' } },
      providers: { p: { type: 'vllm', accounts: [{ id: 'a', credential: 'k' }] } },
    }
    expect(snapshot(document).providers.get('p')).toMatchObject({
      authScheme: { kind: 'bearer' },
      accounts: [{ id: 'a', credential: { id: 'k', recipe: apiKey('K') } }],
    })
  })

  it.each([
    ['runpod', 'https://api.runpod.ai/v2/abc/openai/v1'],
    ['snowflake', 'https://acme-eu.snowflakecomputing.com/api/v2/cortex/v1'],
  ])('%s needs an address of its own and nothing else', (type, base) => {
    expect(problems({ providers: { p: { type } } })).toHaveLength(1)
    expect(snapshot({ providers: { p: { type, base_url: `${base}/` } } }).providers.get('p')).toMatchObject({
      baseUrl: base,
    })
  })

  describe('of a cloud', () => {
    const credentials = {
      aws: { type: 'aws', source: 'env' },
      gcp: { type: 'google_service_account', source: 'env', env: 'SA' },
      az: { type: 'azure', source: 'managed_identity' },
      key: { type: 'api_key', env: 'K' },
    }
    const cloud = (members: object): Record<string, unknown> => ({ credentials, providers: { p: members } })
    const account = (credential: string): object => ({ accounts: [{ id: 'a', credential }] })

    it('bedrock needs a region or keys that bring one, and signs', () => {
      expect(snapshot(cloud({ type: 'bedrock', region: 'eu-west-1' })).providers.get('p')).toMatchObject({
        baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
        dialects: ['bedrock-converse'],
        authScheme: { kind: 'sigv4', service: 'bedrock' },
        accounts: [{ credential: { recipe: { type: 'aws', keys: { accessKeyEnv: 'AWS_ACCESS_KEY_ID' } } } }],
        region: 'eu-west-1',
        discovery: 'bedrock',
      })
      expect(problems(cloud({ type: 'bedrock', ...account('aws') }))).toEqual([])
      expect(problems(cloud({ type: 'bedrock', ...account('key') }))).toEqual([
        'providers.p.region: required, the region, such as "us-east-1"',
      ])
      const vpc = { type: 'bedrock', ...account('key'), base_url: 'https://bedrock.example.com' }
      expect(problems(cloud(vpc))).toEqual([])
    })

    it('vertex needs a project, and speaks to Claude on its own wire', () => {
      const record = snapshot(cloud({ type: 'vertex', project: 'my-project' })).providers.get('p')
      expect(record).toMatchObject({
        baseUrl: 'https://{region}-aiplatform.googleapis.com',
        dialects: ['gemini', 'anthropic-messages'],
        authScheme: { kind: 'bearer' },
        project: 'my-project',
        region: null,
        traits: { bodyVersion: 'vertex-2023-10-16' },
      })
      expect(record?.dialectsByModel?.[0]).toEqual({ prefix: 'claude-', dialects: ['anthropic-messages'] })
      expect(problems(cloud({ type: 'vertex' }))).toEqual(['providers.p.project: required, the id of a Google project'])
    })

    it.each<[string, object, string]>([
      ['a region with a path', { type: 'bedrock', region: 'us-east-1/x' }, 'providers.p.region: not a region'],
      ['a project with a path', { type: 'vertex', project: '../other' }, 'providers.p.project: not the id'],
      [
        'keys of AWS where nothing signs',
        { type: 'openai', ...account('aws') },
        'providers.p.accounts[0].credential: AWS keys sign, and cannot be sent with the scheme "bearer"',
      ],
      [
        "Google's key at AWS",
        { type: 'bedrock', region: 'us-east-1', ...account('gcp') },
        'providers.p.accounts[0].credential: a credential of type "google_service_account" is not one of AWS',
      ],
      [
        'a profile that is none',
        { type: 'bedrock', region: 'us-east-1', inference_profile: 'mars' },
        'providers.p.inference_profile:',
      ],
      ['a block that is none', { type: 'ollama', allow_private: ['10.0.0.1/8'] }, 'providers.p.allow_private[0]: bits'],
      [
        'the metadata of a machine',
        { type: 'ollama', allow_private: ['169.254.169.254/32'] },
        'providers.p.allow_private[0]:',
      ],
      [
        'an address outside of the blocks',
        { type: 'ollama', base_url: 'http://10.2.3.4/v1', allow_private: ['10.9.0.0/16'] },
        'providers.p.base_url: the address is',
      ],
    ])('refuses %s', (_name, members, problem) => {
      expect(problems(cloud(members))).toContainEqual(expect.stringContaining(problem))
    })

    it.each<[string, object, string]>([
      ['region', { type: 'groq', region: 'eu' }, 'providers.p.region: has no effect'],
      ['api_version', { type: 'openai', api_version: '2024-10-21' }, 'providers.p.api_version: has no effect'],
      [
        'deployment',
        { type: 'vertex', project: 'my-project', deployment: 'x' },
        'providers.p.deployment: has no effect',
      ],
      ['inference_profile', { type: 'groq', inference_profile: 'eu' }, 'providers.p.inference_profile: has no effect'],
      ['quirks', { type: 'anthropic', quirks: ['tool_index'] }, 'providers.p.quirks: has no effect'],
    ])('warns about a %s that nobody reads', (_name, members, warning) => {
      expect(warnings(cloud(members))).toEqual([expect.stringContaining(warning)])
    })

    it('a target has a region that is one, where its provider has more than one address', () => {
      const to = (type: object, region: string): Record<string, unknown> => ({
        ...cloud(type),
        routes: { r: { targets: [{ provider: 'p', model: 'm', region }] } },
      })
      const bedrock = { type: 'bedrock', region: 'us-east-1' }
      expect(problems(to(bedrock, 'eu-west-1'))).toEqual([])
      expect(warnings(to(bedrock, 'eu-west-1'))).toEqual([])
      expect(problems(to(bedrock, 'evil.example.org/'))).toEqual([
        expect.stringContaining('routes.r.targets[0].region: not a region'),
      ])
      expect(warnings(to({ type: 'groq' }, 'eu-west-1'))).toEqual([
        expect.stringContaining('routes.r.targets[0].region: has no effect'),
      ])
    })

    it('any address may hold the region', () => {
      const members = { type: 'openai_compatible', base_url: 'https://llm.{region}.example.com/v1/', ...account('key') }
      expect(problems(cloud(members))).toEqual(['providers.p.region: required, the region, such as "us-east-1"'])
      expect(snapshot(cloud({ ...members, region: 'eu-1' })).providers.get('p')).toMatchObject({
        baseUrl: 'https://llm.{region}.example.com/v1',
      })
      const elsewhere = { ...members, base_url: 'https://example.com/{region}/v1', region: 'eu-1' }
      expect(snapshot(cloud(elsewhere)).providers.get('p')).toMatchObject({
        baseUrl: 'https://example.com/{region}/v1',
      })
    })
  })

  it('names of models may get their creators', () => {
    const record = snapshot(provider({ model_id_format: 'creator/model' })).providers.get('p')
    expect(record).toMatchObject({ modelIdFormat: 'creator/model' })
    expect(snapshot(provider({})).providers.get('p')).not.toHaveProperty('modelIdFormat')
  })

  it('a mock has no address and speaks every dialect', () => {
    const record = snapshot({ providers: mock }).providers.get('mock')
    expect(record).toMatchObject({
      baseUrl: null,
      dialects: [
        'openai-chat',
        'openai-responses',
        'openai-completions',
        'openai-embeddings',
        'anthropic-messages',
        'gemini',
        'bedrock-converse',
      ],
      authScheme: { kind: 'none' },
    })
  })

  it('what the file says goes before the preset', () => {
    const document = provider({
      type: 'openai',
      api_formats: ['anthropic_messages', 'openai_responses', 'openai_chat'],
      auth_scheme: { kind: 'query', name: 'key' },
      max_tokens_field: 'max_tokens',
      headers: { 'x-team': 'a' },
      capabilities: {
        vision_in: false,
        tool_calling: true,
        image_out: true,
        parallel_tool_calls: false,
        max_context_tokens: 8192,
        max_output_tokens: 512,
      },
    })
    expect(snapshot(document).providers.get('p')).toMatchObject({
      baseUrl: url,
      dialects: ['anthropic-messages', 'openai-responses', 'openai-chat'],
      authScheme: { kind: 'query', name: 'key' },
      traits: { maxTokensField: 'max_tokens' },
      headers: { 'x-team': 'a' },
    })
    expect(snapshot(document).providers.get('p')?.capabilities).toEqual({
      images: false,
      tools: true,
      imageOutput: true,
      parallelToolCalls: false,
      maxContextTokens: 8192,
      maxOutputTokens: 512,
    })
  })

  it('an inline key works, is warned about, and shows up in no serialisation', () => {
    const document = { providers: { p: { type: 'openai', api_key: 'sk-canary-0123456789' } } }
    const compiled = snapshot(document)
    const credential = compiled.providers.get('p')?.accounts[0]?.credential
    const secret = credential?.recipe.type === 'api_key' ? credential.recipe.secret : undefined
    expect(secret?.source === 'inline' ? secret.reveal() : undefined).toBe('sk-canary-0123456789')
    expect(warnings(document)).toEqual([
      'providers.p.api_key: a key in the file, name an environment variable in "credentials" instead',
    ])
    expect(JSON.stringify([...compiled.providers])).not.toContain('canary')
    // The revision is public, so it says nothing about the key either.
    expect(compiled.revision).toBe(snapshot({ providers: { p: { type: 'openai', api_key: 'another' } } }).revision)
  })
})

describe('routes', () => {
  it.each<[string, unknown, string]>([
    ['an empty name', route({}, ''), 'routes[""]: a route name is not empty and has no blanks around it'],
    ['blanks around a name', route({}, ' a'), 'routes[" a"]: a route name is not empty and has no blanks around it'],
    ['a control character', route({}, 'a\u0007'), 'routes["a\\u0007"]: a route name has printable characters only'],
    ['an invisible character', route({}, 'a\u200bb'), 'routes["a\u200bb"]: a route name has printable characters only'],
    ['a line separator', route({}, 'a\u2028b'), 'routes["a\u2028b"]: a route name has printable characters only'],
    ['a lone surrogate', route({}, 'a\ud800'), 'routes["a\\ud800"]: a route name has printable characters only'],
    [
      'a name too long',
      route({}, 'a'.repeat(257)),
      `routes.${'a'.repeat(257)}: a route name has at most 256 characters`,
    ],
    [
      'two colons',
      route({}, 'a::b'),
      'routes["a::b"]: a route name must not hold "::", it separates profile and model',
    ],
    [
      'a glob for a name',
      route({}, 'gpt-*'),
      'routes["gpt-*"]: a route name is taken literally, write "match": { "model": "gpt-*" }',
    ],
    ['no target', route({ targets: [] }), 'routes.r.targets: a route needs at least one target'],
    [
      'a star without a match',
      route({ targets: [{ provider: 'mock', model: '*' }] }),
      'routes.r.targets[0].model: "*" passes on what the client asked for, so the route needs a "match"',
    ],
    [
      'a star inside a model',
      route({ match: { model: 'a*' }, targets: [{ provider: 'mock', model: 'gpt-*' }] }),
      'routes.r.targets[0].model: a model is taken literally, or is "*" alone',
    ],
    [
      'a blank in a model',
      route({ targets: [{ provider: 'mock', model: 'a b' }] }),
      'routes.r.targets[0].model: a model has no blanks or control characters',
    ],
    [
      'a blank in a glob',
      route({ match: { model: 'a *' } }),
      'routes.r.match.model: a glob has no blanks or control characters',
    ],
    ['two stars', route({ match: { model: 'a**' } }), 'routes.r.match.model: "*" already stands for any characters'],
    [
      'a prefix to strip without a match',
      route({ strip_prefix: true }),
      'routes.r.strip_prefix: needs a match with text before its "*", such as "azure/*"',
    ],
    [
      'a prefix to strip that is empty',
      route({ strip_prefix: true, match: { model: '*' } }),
      'routes.r.strip_prefix: needs a match with text before its "*", such as "azure/*"',
    ],
    ['a default model', route({ defaults: { model: 'x' } }), 'routes.r.defaults.model: cannot be set by a route'],
    ['default messages', route({ defaults: { messages: [] } }), 'routes.r.defaults.messages: cannot be set by a route'],
    [
      'a format that the provider lacks',
      {
        providers: { a: { type: 'anthropic' } },
        routes: { r: { targets: [{ provider: 'a', model: 'm', api_format: 'openai_chat' }] } },
      },
      'routes.r.targets[0].api_format: provider "a" does not offer "openai_chat"',
    ],
    [
      'an unknown timer',
      route({ targets: [{ ...target, timeouts: { total: 1 } }] }),
      'routes.r.targets[0].timeouts.total: unknown key, did you mean "total_ms"?',
    ],
  ])('refuses %s', (_name, document, problem) => {
    expect(problems(document)).toContain(problem)
  })

  it.each(['mock/echo', 'mock-echo', 'gpt-4.1', 'a:b', 'claude[1m]', 'моделі', 'two words'])(
    'accepts the name %s',
    (name) => {
      expect([...snapshot(route({}, name)).routes.keys()]).toEqual([name])
    },
  )

  it('compiles targets with names of their own', () => {
    const targets = [
      { ...target, api_format: 'anthropic_messages', priority: 2, weight: 5, max_retries: 1, timeouts: { idle_ms: 7 } },
      target,
      { ...target, name: 'mock/echo#2' },
    ]
    const compiled = snapshot(route({ targets, defaults: { temperature: 0.3 }, display_name: 'R' })).routes.get('r')
    expect(compiled?.targets.map((one) => one.name)).toEqual(['mock/echo', 'mock/echo#3', 'mock/echo#2'])
    expect(compiled?.targets[0]).toMatchObject({
      name: 'mock/echo',
      provider: 'mock',
      model: 'echo',
      dialect: 'anthropic-messages',
      account: null,
      priority: 2,
      weight: 5,
      timeouts: { idleMs: 7 },
      maxRetries: 1,
      region: null,
      onAbort: 'cancel',
      permanent: { enabled: true, baseMs: 300_000, maxExponent: 4 },
    })
    expect(compiled).toMatchObject({
      match: null,
      stripPrefix: false,
      strategy: 'priority',
      defaults: { temperature: 0.3 },
      displayName: 'R',
      fallback: { enabled: true, maxAttempts: 3, onContextOverflow: true },
      malformedEvent: 'skip',
    })
  })

  it.each([
    [{}, 300_000],
    [{ reset_timeout_ms: 90_000 }, 450_000],
    [{ reset_timeout_ms: 1000 }, 300_000],
    [{ reset_timeout_ms: 90_000, permanent: { timeout_multiplier: 2 } }, 300_000],
    [{ reset_timeout_ms: 1000, permanent: { base_timeout_ms: 4000, timeout_multiplier: 5 } }, 5000],
  ])('SW-08: a failure that does not pass by itself rests for the longer of both times: %j', (breaker, baseMs) => {
    expect(snapshot(route({ breaker })).routes.get('r')?.targets[0]?.permanent?.baseMs).toBe(baseMs)
  })

  it('orders globs by literal prefix, then by declaration, whatever the exact routes between them', () => {
    const star = [{ provider: 'mock', model: '*' }]
    const globs = { all: '*', claude: 'claude-*', claude2: 'claude-*x', haiku: 'claude-haiku-*' }
    const routes = Object.fromEntries(
      Object.entries(globs).map(([name, model]) => [name, { match: { model }, targets: star }]),
    )
    const compiled = snapshot({ providers: mock, routes: { exact: { targets: [target] }, ...routes } })
    expect(compiled.globRoutes.map((one) => one.name)).toEqual(['haiku', 'claude', 'claude2', 'all'])
  })

  it('warns where a glob looks like more than it is', () => {
    const star = { targets: [{ provider: 'mock', model: '*' }] }
    expect(warnings(route({ match: { model: 'gpt-[0-9]*' }, ...star }))).toHaveLength(1)
    expect(warnings(route({ match: { model: 'gpt-?*' }, ...star }))).toHaveLength(1)
    expect(warnings(route({ match: { model: '*[1m]' }, ...star }))).toEqual([])
  })
})

describe('the regions of a target', () => {
  const bedrock = { bedrock: { type: 'bedrock', region: 'us-east-1' } }
  const at = (target: object, more: object = {}) => ({
    providers: { ...bedrock, mock: { type: 'mock' }, ...more },
    routes: { r: { targets: [{ provider: 'bedrock', model: 'm', ...target }] } },
  })

  it('make targets of it, one for each, in the order of the list', () => {
    const compiled = snapshot(at({ regions: ['eu-west-1', 'us-west-2'], weight: 7 }))
    expect(compiled.routes.get('r')?.targets).toMatchObject([
      { name: 'bedrock/m@eu-west-1', region: 'eu-west-1', weight: 7 },
      { name: 'bedrock/m@us-west-2', region: 'us-west-2', weight: 7 },
    ])
    const named = snapshot(at({ name: 'n', regions: ['eu-west-1'] }))
    expect(named.routes.get('r')?.targets.map(({ name }) => name)).toEqual(['n@eu-west-1'])
  })

  it.each<[string, object, string]>([
    [
      'both ways of saying it',
      { region: 'a-1', regions: ['b-1'] },
      'routes.r.targets[0].regions: stands beside "region"',
    ],
    ['what is no region', { regions: ['ok-1', 'Not/One'] }, 'routes.r.targets[0].regions[1]: not a region'],
    ['one twice', { regions: ['a-1', 'a-1'] }, 'routes.r.targets[0].regions[1]: "a-1" is listed twice'],
    ['none at all', { regions: [] }, 'routes.r.targets[0].regions: '],
  ])('refuses %s', (_what, target, problem) => {
    expect(problems(at(target))).toEqual([expect.stringContaining(problem)])
  })

  it('are of use where an address has a place for one', () => {
    const regional = (base_url: string) =>
      at(
        { provider: 'own', regions: ['eu'] },
        { own: { type: 'openai_compatible', base_url, region: 'us', auth_scheme: { kind: 'none' } } },
      )
    expect(warnings(regional('https://{region}.example.com/v1'))).toEqual([])
    expect(warnings(regional('https://example.com/v1'))).toContainEqual(
      expect.stringContaining('regions[0]: has no effect'),
    )
  })

  it('do not take the name of another target', () => {
    const targets = [
      { name: 'n', provider: 'bedrock', model: 'm', regions: ['eu'] },
      { name: 'n@eu', provider: 'mock', model: 'm' },
    ]
    expect(problems({ ...at({}), routes: { r: { targets } } })).toEqual([
      expect.stringContaining('another target is called "n@eu"'),
    ])
  })
})

describe('routing', () => {
  const target = { provider: 'mock', model: 'm' }
  const route = (more: object, name = 'r') => ({
    providers: mock,
    models: { small: {} },
    routes: { [name]: { targets: [target], ...more }, other: { targets: [target] } },
  })

  it.each<[string, object, string]>([
    ['degrading to what there is not', { fallback: { degrade_to: ['smal'] } }, 'no route or model "smal"'],
    [
      'degrading to itself',
      { fallback: { degrade_to: ['r'] } },
      'routes.r.fallback.degrade_to[0]: is this route itself',
    ],
    ['degrading twice to one thing', { fallback: { degrade_to: ['small', 'small'] } }, '"small" is listed twice'],
    ['weights that are all 0', { strategy: 'weighted', targets: [{ ...target, weight: 0 }] }, 'every weight is 0'],
    ['a name of more than one line', { targets: [{ ...target, name: 'a\nb' }] }, 'printable characters only'],
    ['a name that is too long', { targets: [{ ...target, name: 'n'.repeat(257) }] }, 'at most 256 characters'],
    ['a name that objects have', { targets: [{ ...target, name: '__proto__' }] }, 'not a name for a target'],
  ])('refuses %s', (_what, more, problem) => {
    expect(problems(route(more))).toEqual([expect.stringContaining(problem)])
  })

  it('warns about a profile that nothing looks at, and a name that promises one', () => {
    expect(warnings(route({ profile: 'cheap' }))).toEqual([expect.stringContaining('routes.r.profile: has no effect')])
    expect(warnings(route({}, 'auto/fast'))).toEqual([expect.stringContaining('"priority" does not score')])
    expect(warnings(route({ strategy: 'score' }, 'auto/fast'))).toEqual([])
    expect(warnings(route({ strategy: 'score', profile: 'cheap' }))).toEqual([])
  })

  it('takes the names of earlier systems for their headers, and no other', () => {
    const compat = (headers: readonly string[]) => ({ providers: mock, server: { compat: { headers } } })
    expect(snapshot(compat(['switchback', 'switchmaxxer', 'switch'])).server.compatHeaders).toHaveLength(3)
    expect(problems(compat(['x-switchback-route']))).toEqual([expect.stringContaining('server.compat.headers[0]')])
  })

  it('knows the lane of a type, unless the file says another', () => {
    const lanes = snapshot({
      providers: {
        hub: { type: 'openrouter' },
        own: { type: 'openrouter', lane: 'standard' },
        plain: { type: 'openai' },
      },
    })
    expect(['hub', 'own', 'plain'].map((id) => lanes.providers.get(id)?.lane)).toEqual([
      'aggregator',
      'standard',
      undefined,
    ])
  })

  it('says the sources of images in the words of the file', () => {
    const capabilities = { vision_sources: ['inline_base64', 'remote_url'] }
    const compiled = snapshot({ providers: { mock: { type: 'mock', capabilities } } })
    expect(compiled.providers.get('mock')?.capabilities.imageSources).toEqual(['inline_base64', 'remote_url'])
    expect(problems({ providers: { mock: { type: 'mock', capabilities: { vision_sources: ['fax'] } } } })).toHaveLength(
      1,
    )
  })
})

describe('models', () => {
  it('has exact prices, and null where none is known', () => {
    const cost = { input: 0.15, output: 0.6, cache_read: 0.075, request: 0 }
    const compiled = snapshot({
      providers: mock,
      models: { m: { creator: 'openai', context_window: 128_000, cost }, n: {} },
    })
    expect(compiled.models.get('m')).toEqual({
      id: 'm',
      creator: 'openai',
      displayName: null,
      contextWindow: 128_000,
      capabilities: {},
      strengths: [],
      price: {
        input: 150_000_000,
        output: 600_000_000,
        cacheRead: 75_000_000,
        cacheWrite: null,
        cacheWrite1h: null,
        request: 0,
      },
    })
    expect(compiled.models.get('n')?.price).toBeNull()
  })

  it('says what a model can do in the words of providers, and what it is good at', () => {
    const capabilities = { vision_in: false, server_tools: true, max_context_tokens: 200_000 }
    const compiled = snapshot({ providers: mock, models: { m: { capabilities, strengths: ['coding'] } } })
    expect(compiled.models.get('m')).toMatchObject({
      capabilities: { images: false, serverTools: true, maxContextTokens: 200_000 },
      strengths: ['coding'],
    })
  })

  it.each<[string, number, string]>([
    ['too fine', 1e-10, 'finer than a billionth of a dollar'],
    ['too large', 1e7, 'larger than 9007199 dollars'],
    ['negative', -1, 'expected 0 or more'],
  ])('refuses a price that is %s', (_name, input, message) => {
    expect(problems({ models: { m: { cost: { input } } } })).toEqual([`models.m.cost.input: ${message}`])
  })
})

describe('server', () => {
  it.each<[string, unknown, string]>([
    [
      'a wildcard host',
      { server: { allowed_hosts: ['*'] } },
      'server.allowed_hosts[0]: expected a host name or address, with or without a port',
    ],
    [
      'a URL for a host',
      { server: { allowed_hosts: ['https://x'] } },
      'server.allowed_hosts[0]: expected a host name or address, with or without a port',
    ],
    [
      'a wildcard origin',
      { server: { cors: { allowed_origins: ['*'] } } },
      'server.cors.allowed_origins[0]: expected an exact origin, such as "https://app.example.com", with no path and no wildcard',
    ],
    [
      'the null origin',
      { server: { cors: { allowed_origins: ['null'] } } },
      'server.cors.allowed_origins[0]: expected an exact origin, such as "https://app.example.com", with no path and no wildcard',
    ],
    [
      'an origin with a path',
      { server: { cors: { allowed_origins: ['https://a.example/'] } } },
      'server.cors.allowed_origins[0]: expected an exact origin, such as "https://app.example.com", with no path and no wildcard',
    ],
  ])('refuses %s', (_name, document, problem) => {
    expect(problems(document)).toContain(problem)
  })

  it('accepts hosts and origins', () => {
    const server = {
      allowed_hosts: ['LLM.example.com', '10.0.0.1:8787', '[::1]:8787'],
      cors: { allowed_origins: ['https://app.example.com', 'http://localhost:3000'] },
    }
    expect(snapshot({ providers: mock, server }).server).toMatchObject({
      allowedHosts: ['llm.example.com', '10.0.0.1:8787', '[::1]:8787'],
      corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
    })
  })
})

function resolvePath(path: string): string {
  return `/somewhere/${path}`
}

describe('storage', () => {
  it('resolves the path of sqlite only, and the revision does not see where', () => {
    expect(snapshot({ providers: mock }, { resolvePath }).storage).toEqual({
      kind: 'sqlite',
      path: '/somewhere/.signalbox/state.sqlite',
    })
    expect(snapshot({ providers: mock, storage: { kind: 'memory' } }, { resolvePath }).storage).toEqual({
      kind: 'memory',
      path: null,
    })
    expect(snapshot({ providers: mock }, { resolvePath }).revision).toBe(snapshot({ providers: mock }).revision)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a budget of a key', { keys: [{ id: 'a', env: 'A', budget_usd: 1 }] }, 'keys[0].budget_usd'],
    ['a budget of a tenant', { tenants: [{ id: 'a', budget_usd: 1 }] }, 'tenants[0].budget_usd'],
    ['a rate limit', { tenants: [{ id: 'a', rate_limit: { requests: 1 } }] }, 'tenants[0].rate_limit'],
    ['concurrency of a tenant', { tenants: [{ id: 'a', max_concurrency: 1 }] }, 'tenants[0].max_concurrency'],
    ['concurrency of all', { server: { limits: { max_concurrency: 1 } } }, 'server.limits.max_concurrency'],
    ['a budget of a provider', { providers: { m: { type: 'mock', budget_usd: 1 } } }, 'providers.m.budget_usd'],
    ['a budget of all', { policy: { budget_usd: 1 } }, 'policy.budget_usd'],
  ])('refuses kv with %s', (_name, document, what) => {
    const refusal = `storage.kind: "kv" cannot enforce ${what}, use "d1" or "sqlite"`
    expect(problems({ ...document, storage: { kind: 'kv' } })).toContain(refusal)
    expect(problems({ ...document, storage: { kind: 'd1' } })).not.toContain(refusal)
  })

  it('keeps sealed reasoning for a day unless told otherwise', () => {
    expect(snapshot({ providers: mock }).reasoningState).toEqual({ enabled: true, ttlMs: 86_400_000 })
    const storage = { reasoning_state: { enabled: false, ttl: '90m' } }
    expect(snapshot({ providers: mock, storage }).reasoningState).toEqual({ enabled: false, ttlMs: 5_400_000 })
    expect(problems({ storage: { reasoning_state: { ttl: '0h' } } })).toContain(
      'storage.reasoning_state.ttl: expected more than nothing and at most ten years',
    )
  })

  it('accepts kv with a limit that a Durable Object counts', () => {
    const server = { limits: { max_concurrency: 5 } }
    const coordination = { backend: 'durable_object' }
    expect(snapshot({ providers: mock, storage: { kind: 'kv' }, server, coordination }).storage.kind).toBe('kv')
  })

  it('accepts kv with nothing to count', () => {
    expect(snapshot({ providers: mock, storage: { kind: 'kv' } }).storage.kind).toBe('kv')
  })
})

describe('the report', () => {
  it('names structural and other problems together', () => {
    const document = {
      sever: {},
      server: { port: 'x', default_provider: 'opnai' },
      providers: { openai: { type: 'openai', heders: {} } },
      routes: { 'a::b': { targts: [{ provider: 'opena', model: 'm' }] } },
    }
    expect(problems(document).sort()).toEqual([
      'providers.openai.heders: unknown key, did you mean "headers"?',
      'routes["a::b"].targets[0].provider: no provider "opena", did you mean "openai"?',
      'routes["a::b"].targts: unknown key, did you mean "targets"?',
      'server.default_provider: no provider "opnai", did you mean "openai"?',
      'server.port: expected a number, got text',
      'sever: unknown key, did you mean "server"?',
    ])
  })

  it('does not report the consequences of a mistake as mistakes', () => {
    const credentials = { k: { type: 'api_key', env: 'K' } }
    const routes = { r: { targets: [{ provider: 'o', model: 'm', account: 'main' }] } }
    const document = {
      credentials,
      routes,
      providers: { o: { type: 'openai_compatible', base_url: 7, acounts: [{ id: 'main', credential: 'k' }] } },
    }
    expect(problems(document).sort()).toEqual([
      'providers.o.acounts: unknown key, did you mean "accounts"?',
      'providers.o.base_url: expected text, got a whole number',
    ])
  })

  it('never throws, whatever the document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.jsonValue(), { nil: undefined }), (document, catalog) => {
        expect(() => compileConfig({ document, catalog, secrets: catalog })).not.toThrow()
      }),
    )
    const sections = ['server', 'keys', 'tenants', 'credentials', 'providers', 'models', 'routes', 'policy', 'storage']
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...sections), fc.jsonValue()), (document) => {
        expect(() => compileConfig({ document })).not.toThrow()
      }),
    )
  })

  it('warns about a gateway that can reach nothing', () => {
    expect(warnings({})).toEqual(['providers: empty, the gateway has nowhere to send a request'])
  })
})

describe('catalog.json and secrets.json', () => {
  const catalog = { $schema: 'x', catalog_version: 1, providers: mock, routes: { r: { targets: [target] } } }

  it('bring the sections that the configuration leaves out', () => {
    const compiled = snapshot({ models: { m: {} } }, { catalog })
    expect([...compiled.routes.keys(), ...compiled.models.keys()]).toEqual(['r', 'm'])
    const whole = { providers: catalog.providers, routes: catalog.routes, models: { m: {} } }
    expect(compiled.revision).toBe(snapshot(whole).revision)
  })

  it.each<[string, unknown, unknown, string]>([
    [
      'a section in both files',
      { providers: {} },
      catalog,
      'catalog.json: providers: is in the configuration as well, keep one',
    ],
    [
      'a section of the configuration',
      {},
      { server: {} },
      'catalog.json: server: unknown key, it belongs in the configuration file',
    ],
    ['a mistyped section', {}, { route: {} }, 'catalog.json: route: unknown key, did you mean "routes"?'],
    ['another version', {}, { catalog_version: 2 }, 'catalog.json: catalog_version: expected 1'],
    ['something else than an object', {}, [], 'catalog.json: expected an object'],
    [
      'a problem inside',
      {},
      { routes: { r: { targets: [{ provider: 'x', model: 'm' }] } } },
      'catalog.json: routes.r.targets[0].provider: no provider "x"',
    ],
    [
      'an unknown key inside',
      {},
      { routes: { r: { targts: [] } } },
      'catalog.json: routes.r.targts: unknown key, did you mean "targets"?',
    ],
  ])('refuses %s', (_name, document, second, problem) => {
    expect(problems(document, { catalog: second })).toContain(problem)
  })

  it('give values that come before the environment, and keep them out of the snapshot', () => {
    const secrets = { api_key_overrides: { OPENAI_API_KEY: 'sk-canary-0123456789' } }
    const compiled = compileConfig({ document: { providers: mock }, secrets })
    expect(compiled.ok && compiled.secrets.get('OPENAI_API_KEY')).toBe('sk-canary-0123456789')
    expect(compiled.ok && compiled.secrets.get('OTHER')).toBeUndefined()
    expect(JSON.stringify(compiled)).not.toContain('canary')
  })

  it.each<[string, unknown, string]>([
    ['an unknown key', { api_keys: {} }, 'secrets.json: api_keys: unknown key, did you mean "$schema"?'],
    ['a section', { providers: {} }, 'secrets.json: providers: unknown key, known: "$schema", "api_key_overrides"'],
    ['an empty value', { api_key_overrides: { A: '' } }, 'secrets.json: api_key_overrides.A: empty'],
    [
      'a bad name',
      { api_key_overrides: { 'A B': 'x' } },
      'secrets.json: api_key_overrides["A B"]: expected the name of an environment variable',
    ],
  ])('refuses %s in secrets.json', (_name, secrets, problem) => {
    const found = problems({ providers: mock }, { secrets })
    expect(found.map((text) => text.split(',')[0])).toContain(problem.split(',')[0])
  })
})

describe('a snapshot', () => {
  it('is frozen all the way down', () => {
    const compiled = snapshot({ ...route({ defaults: { stop: ['a'] } }), keys: [{ id: 'a', env: 'A' }] })
    const loose: string[] = []
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) loose.push(path)
      const members = value instanceof Map ? [...value] : Object.entries(value)
      for (const [key, member] of members) visit(member, `${path}.${String(key)}`)
    }
    visit(compiled, 'snapshot')
    expect(loose).toEqual([])
  })

  it('does not freeze or share the document it came from', () => {
    const document = route({ defaults: { stop: ['a'] } })
    snapshot(document)
    const routes = document['routes'] as { r: { defaults: { stop: string[] } } }
    routes.r.defaults.stop.push('b')
    expect(routes.r.defaults.stop).toEqual(['a', 'b'])
  })
})

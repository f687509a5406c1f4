import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { credentialMisfit } from '../../src/catalog/provider-settings.ts'
import type { AuthScheme, CredentialRecipe } from '../../src/catalog/snapshot.ts'

function compile(credentials: Record<string, object>, resolvePath?: (path: string) => string) {
  return compileConfig({ document: { credentials }, ...(resolvePath && { resolvePath }) })
}

/** `path: message` of everything that is wrong with one credential `c`. */
function problemsOf(credential: object, others: Record<string, object> = {}): string[] {
  const compiled = compile({ c: credential, ...others })
  return compiled.ok
    ? []
    : compiled.problems.map(({ path, message }) => `${path.replace('credentials.', '')}: ${message}`)
}

function recipeOf(credential: object): CredentialRecipe | undefined {
  const compiled = compile({ c: credential })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.snapshot.credentials.get('c')?.recipe
}

describe('a credential that is right', () => {
  const cases: readonly (readonly [object, unknown])[] = [
    [
      { type: 'api_key', env: 'KEY' },
      { type: 'api_key', secret: { source: 'env', env: 'KEY' } },
    ],
    [
      { type: 'api_key', source: 'file', path: '/run/key', field: 'a' },
      { type: 'api_key', secret: { source: 'file', path: '/run/key', field: 'a' } },
    ],
    [
      { type: 'api_key', source: 'hashicorp_vault', path: 'llm/openai' },
      {
        type: 'api_key',
        secret: {
          source: 'hashicorp_vault',
          mount: 'secret',
          path: 'llm/openai',
          field: 'value',
          addressEnv: 'VAULT_ADDR',
          tokenEnv: 'VAULT_TOKEN',
          namespaceEnv: 'VAULT_NAMESPACE',
        },
      },
    ],
    [
      { type: 'api_key', source: 'aws_secrets', name: 'llm/key', region: 'eu-west-1' },
      {
        type: 'api_key',
        secret: { source: 'aws_secrets', name: 'llm/key', region: 'eu-west-1', field: null, credential: null },
      },
    ],
    [
      { type: 'aws', source: 'instance_profile' },
      { type: 'aws', keys: { from: 'instance_profile' } },
    ],
    [
      { type: 'aws', source: 'web_identity', role_arn_env: 'ROLE' },
      { keys: { from: 'web_identity', roleArnEnv: 'ROLE' } },
    ],
    [{ type: 'google_service_account' }, { secret: { source: 'env', env: 'GOOGLE_SERVICE_ACCOUNT_JSON' } }],
    [{ type: 'azure' }, { access: { by: 'environment' } }],
    [
      { type: 'azure', source: 'managed_identity', client_id: 'id' },
      { access: { by: 'managed_identity', clientId: 'id' } },
    ],
    [
      {
        type: 'azure',
        tenant_id: 't',
        client_id: 'c',
        client_secret: { source: 'sealed', name: 'az' },
      },
      { access: { by: 'client_credentials', tenantId: 't', clientId: 'c' } },
    ],
    [
      {
        type: 'oauth',
        refresh: { source: 'sealed', name: 'r1' },
        token_url: 'https://auth.example.com/token',
        client_id: 'me',
        client_auth: 'basic',
      },
      { type: 'oauth', clientAuth: 'basic', refresh: { source: 'sealed', name: 'r1', field: null } },
    ],
    [
      { type: 'codex_oauth', source: 'file', path: '~/codex.json' },
      { type: 'codex_oauth', path: '~/codex.json' },
    ],
  ]
  it.each(cases)('%j compiles', (credential, expected) => {
    expect(recipeOf(credential)).toMatchObject(expected as object)
  })

  it('says how long its value is kept, when it is to be changed, and what it may reach', () => {
    const compiled = compile({
      c: {
        type: 'api_key',
        env: 'K',
        cache_ttl_s: 60,
        rotation_interval: '90d',
        allow_private: true,
        allow_http: true,
      },
    })
    expect(compiled.ok && compiled.snapshot.credentials.get('c')).toMatchObject({
      cacheTtlMs: 60_000,
      rotationMs: 90 * 86_400_000,
      allowPrivate: true,
      allowHttp: true,
    })
  })

  it('has the path of its file from where the configuration lies, and ~/ as it was written', () => {
    const path = (given: string): unknown => {
      const compiled = compile({ c: { type: 'api_key', source: 'file', path: given } }, (text) => `/etc/${text}`)
      return compiled.ok && compiled.snapshot.credentials.get('c')?.recipe
    }
    expect(path('key')).toMatchObject({ secret: { path: '/etc/key' } })
    expect(path('~/key')).toMatchObject({ secret: { path: '~/key' } })
  })
})

describe('a credential that is wrong', () => {
  const cases: readonly (readonly [name: string, credential: object, problems: readonly string[]])[] = [
    ['names no variable', { type: 'api_key' }, ['c.env: required']],
    ['names no file', { type: 'api_key', source: 'file' }, ['c.path: required']],
    ['names no entry', { type: 'api_key', source: 'sealed' }, ['c.name: required']],
    ['names no path', { type: 'api_key', source: 'hashicorp_vault' }, ['c.path: required']],
    ['names no secret', { type: 'api_key', source: 'aws_secrets' }, ['c.name: required']],
    [
      'has a path beside a variable',
      { type: 'api_key', source: 'env', env: 'K', path: '/x' },
      ['c.path: does not belong to type "api_key" with source "env"'],
    ],
    [
      'has a field beside a variable',
      { type: 'api_key', env: 'K', field: 'a' },
      ['c.field: does not belong to type "api_key" with source "env"'],
    ],
    [
      'has a variable beside a file',
      { type: 'api_key', source: 'file', path: '/x', env: 'K' },
      ['c.env: does not belong to type "api_key" with source "file"'],
    ],
    [
      'has what belongs to OAuth',
      { type: 'api_key', env: 'K', token_url: 'https://x.example', client_auth: 'basic' },
      [
        'c.token_url: does not belong to type "api_key" with source "env"',
        'c.client_auth: does not belong to type "api_key" with source "env"',
      ],
    ],
    [
      'is AWS and names one variable',
      { type: 'aws', env: 'K' },
      ['c.env: does not belong to type "aws" with source "env"'],
    ],
    [
      'is AWS of a role and names keys',
      { type: 'aws', source: 'instance_profile', access_key_env: 'K' },
      ['c.access_key_env: does not belong to type "aws" with source "instance_profile"'],
    ],
    [
      'has the source of another type',
      { type: 'api_key', source: 'instance_profile' },
      ['c.source: is not one of a credential of type "api_key"'],
    ],
    [
      'is OAuth with a source of its own',
      {
        type: 'oauth',
        source: 'sealed',
        name: 'x',
        refresh: { source: 'env', env: 'R' },
        token_url: 'https://a.b',
        client_id: 'c',
      },
      ['c.source: is not one of a credential of type "oauth"'],
    ],
    [
      'is OAuth with nothing',
      { type: 'oauth' },
      ['c.refresh: required', 'c.token_url: required', 'c.client_id: required'],
    ],
    [
      'has a member in a secret that its source does not know',
      { type: 'oauth', refresh: { source: 'env', env: 'R', path: '/x' }, token_url: 'https://a.b', client_id: 'c' },
      ['c.refresh.path: does not belong to source "env"'],
    ],
    [
      'is Azure with a tenant alone',
      { type: 'azure', tenant_id: 't' },
      ['c.tenant_id: does not belong to type "azure" with source "env"'],
    ],
    [
      'is Azure with a secret alone',
      { type: 'azure', client_secret: { source: 'env', env: 'S' } },
      ['c.tenant_id: required', 'c.client_id: required'],
    ],
    [
      'reads Secrets Manager with nobody',
      { type: 'api_key', source: 'aws_secrets', name: 'x', credential: 'aws-man' },
      ['c.credential: no credential "aws-man" of type "aws"'],
    ],
    ['is relayed, which is reserved', { type: 'codex_native_relay' }, ['c.type: is reserved and not served']],
    [
      'has a rotation of nothing',
      { type: 'api_key', env: 'K', rotation_interval: '0s' },
      ['c.rotation_interval: expected more than nothing and at most ten years'],
    ],
    [
      'has a vault name with a blank',
      { type: 'api_key', source: 'sealed', name: 'a b' },
      ['c.name: not the name of a vault entry'],
    ],
    [
      'climbs out of the mount',
      { type: 'api_key', source: 'hashicorp_vault', path: '../sys/seal' },
      ['c.path: not the path of an entry'],
    ],
    [
      'has a region that is a host',
      { type: 'api_key', source: 'aws_secrets', name: 'x', region: 'evil.example/' },
      ['c.region: not a region such as eu-west-1'],
    ],
    [
      'allows http only',
      { type: 'api_key', env: 'K', allow_http: true },
      ['c.allow_http: http is accepted for private addresses only'],
    ],
  ]
  it.each(cases)('%s', (_name, credential, problems) => {
    expect(problemsOf(credential)).toEqual(problems)
  })

  it.each([
    ['http://auth.example.com/token', /unless allow_http is set/],
    ['https://127.0.0.1/token', /a loopback address/],
    ['https://auth.internal/token', /private/],
    ['https://user:pass@auth.example.com/', /user name or password/],
    ['https://169.254.169.254/', /link-local/],
    ['auth.example.com', /not a URL/],
    ['https://auth.example.com/a b', /not a URL/],
  ])('has the token endpoint %s', (url, message) => {
    const refresh = { source: 'env', env: 'R' }
    const found = problemsOf({ type: 'oauth', refresh, token_url: url, client_id: 'c' })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^c\.token_url: /)
    expect(found[0]).toMatch(message)
  })

  it('has a private token endpoint where that was said', () => {
    const oauth = { type: 'oauth', refresh: { source: 'env', env: 'R' }, client_id: 'c' }
    expect(problemsOf({ ...oauth, token_url: 'https://127.0.0.1/t', allow_private: true })).toEqual([])
    expect(problemsOf({ ...oauth, token_url: 'http://127.0.0.1/t', allow_private: true, allow_http: true })).toEqual([])
  })

  it('is needed to read itself, directly or in a circle', () => {
    const read = (credential: string) => ({ type: 'aws', source: 'aws_secrets', name: 'k', credential })
    expect(problemsOf(read('c'))).toEqual(['c.credential: is needed to read itself'])
    expect(problemsOf(read('d'), { d: read('c') })).toEqual([
      'c.credential: is needed to read itself',
      'd.credential: is needed to read itself',
    ])
    expect(problemsOf(read('d'), { d: { type: 'aws' } })).toEqual([])
  })

  it('is named where no account finds it, with the nearest name', () => {
    const compiled = compileConfig({
      document: {
        credentials: { 'openai-main': { type: 'api_key', env: 'K' } },
        providers: { p: { type: 'openai', accounts: [{ id: 'a', credential: 'openai-mian' }] } },
      },
    })
    expect(compiled.ok ? [] : compiled.problems).toEqual([
      {
        path: 'providers.p.accounts[0].credential',
        message: 'no credential "openai-mian"',
        hint: 'did you mean "openai-main"?',
      },
    ])
  })

  it('never shows a value that was written where a name belongs', () => {
    const found = compile({ c: { type: 'api_key', env: 'sk-live-0123456789abcdef' } })
    expect(found.ok).toBe(false)
    expect(JSON.stringify(found)).not.toContain('sk-live')
  })

  it('hints at the usual mistake with KV version 2', () => {
    const compiled = compile({ c: { type: 'api_key', source: 'hashicorp_vault', path: 'data/llm' } })
    expect(compiled.warnings.map(({ path, message }) => `${path}: ${message}`)).toContain(
      'credentials.c.path: is below the mount, without "data/"',
    )
  })
})

describe('a credential and a provider', () => {
  const aws = { type: 'aws', keys: { from: 'instance_profile' }, regionEnv: 'R' } as const
  const key = { type: 'api_key', secret: { source: 'env', env: 'K' } } as const
  const google = { type: 'google_service_account', secret: { source: 'env', env: 'K' }, scope: 's' } as const
  const bearer: AuthScheme = { kind: 'bearer' }
  const sigv4: AuthScheme = { kind: 'sigv4', service: 'bedrock' }
  const cases: readonly (readonly [CredentialRecipe, AuthScheme, RegExp | undefined])[] = [
    [aws, sigv4, undefined],
    [aws, bearer, /AWS keys sign, and cannot be sent/],
    [aws, { kind: 'header', name: 'x-api-key' }, /"header"/],
    [key, bearer, undefined],
    // Bedrock takes keys of its own as bearer.
    [key, sigv4, undefined],
    [google, bearer, undefined],
    [google, sigv4, /is not one of AWS/],
    [aws, { kind: 'none' }, undefined],
  ]
  it.each(cases)('%j with %j', (recipe, scheme, expected) => {
    const found = credentialMisfit(recipe, scheme)
    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(expected)
  })
})

describe('the id of an OAuth account', () => {
  const oauth = { type: 'oauth', token_url: 'https://auth.example.com/token', client_id: 'c' }
  const storage = { kind: 'sqlite', path: '/nowhere/x.sqlite' }
  const problems = (id: string, refresh: object) => {
    const compiled = compileConfig({ document: { storage, credentials: { [id]: { ...oauth, refresh } } } })
    return compiled.ok ? [] : compiled.problems.map(({ message }) => message)
  }

  it('leaves room for the entry that keeps its tokens, unless they have one of their own', () => {
    const elsewhere = { source: 'env', env: 'REFRESH' }
    expect(problems('x'.repeat(122), elsewhere)).toEqual([])
    expect(problems('x'.repeat(123), elsewhere)).toEqual(['its id is too long'])
    expect(problems('x'.repeat(123), { source: 'sealed', name: 'mine' })).toEqual([])
  })
})

// Every place where a secret can lie, one row each: what it adds to the configuration, to the environment and to the home.
import { generateKeyPairSync } from 'node:crypto'
import { canary, type Canary } from './forms.ts'
import type { EchoProvider } from './provider.ts'

type Gives = EchoProvider['gives']

export interface Slot {
  readonly name: string
  readonly canaries: readonly Canary[]
  readonly env?: Readonly<Record<string, string>>
  /** Members of the configuration. */
  readonly credential?: object
  readonly provider?: object
  readonly egress?: object
  /** Owner-only files of the home. */
  readonly files?: Readonly<Record<string, string>>
  /** Entries of the vault, to be set through the operation. */
  readonly vault?: Readonly<Record<string, string>>
}

/** The rows, around a fake provider that hands out tokens; `home` is where files lie. */
export function slotsAt({ url: upstream, gives }: Pick<EchoProvider, 'url' | 'gives'>, home: string): readonly Slot[] {
  return [
    bearer(upstream),
    header(upstream),
    query(upstream),
    gemini(upstream),
    responses(upstream),
    awsKeys(upstream),
    google(upstream, gives),
    oauth(upstream, gives),
    oauthRefused(upstream),
    azure(upstream, gives),
    inline(upstream),
    staticHeader(upstream),
    file(upstream, home),
    vaultEntry(upstream),
    hashicorp(upstream, gives),
    codex(upstream, home),
    claudeCode(upstream, home),
    proxy(upstream),
  ]
}

const near = { allow_private: true, allow_http: true }

function compatible(name: string, upstream: string, extra: object = {}): object {
  const accounts = [{ id: 'main', credential: name }]
  return {
    type: 'openai_compatible',
    base_url: `${upstream}/v1`,
    api_formats: ['openai_chat'],
    ...near,
    accounts,
    ...extra,
  }
}

/** A credential that is one text in a variable. */
function fromEnvironment(name: string, provider: object, sign?: string): Slot {
  const one = canary(name, sign)
  const env = `CANARY_${name.replaceAll('-', '_').toUpperCase()}`
  return {
    name,
    canaries: [one],
    env: { [env]: one.value },
    credential: { type: 'api_key', source: 'env', env },
    provider,
  }
}

const bearer = (upstream: string): Slot => fromEnvironment('bearer', compatible('bearer', upstream))

const header = (upstream: string): Slot =>
  fromEnvironment('header', {
    type: 'anthropic',
    base_url: upstream,
    ...near,
    accounts: [{ id: 'main', credential: 'header' }],
  })

const query = (upstream: string): Slot =>
  fromEnvironment('query', compatible('query', upstream, { auth_scheme: { kind: 'query', name: 'key' } }))

const gemini = (upstream: string): Slot =>
  fromEnvironment('gemini', {
    type: 'gemini',
    base_url: upstream,
    ...near,
    accounts: [{ id: 'main', credential: 'gemini' }],
  })

const responses = (upstream: string): Slot =>
  fromEnvironment('responses', compatible('responses', upstream, { api_formats: ['openai_responses'] }))

function awsKeys(upstream: string): Slot {
  const [secret, session] = [canary('aws-secret'), canary('aws-session')]
  return {
    name: 'aws',
    canaries: [secret, session],
    env: { CANARY_AWS_ID: 'AKIAIOSFODNN7EXAMPLE', CANARY_AWS_SECRET: secret.value, CANARY_AWS_SESSION: session.value },
    credential: {
      type: 'aws',
      source: 'env',
      access_key_env: 'CANARY_AWS_ID',
      secret_key_env: 'CANARY_AWS_SECRET',
      session_token_env: 'CANARY_AWS_SESSION',
    },
    provider: {
      type: 'bedrock',
      region: 'us-east-1',
      base_url: upstream,
      ...near,
      accounts: [{ id: 'main', credential: 'aws' }],
    },
  }
}

function google(upstream: string, gives: Gives): Slot {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const access = canary('google-access', '+/')
  gives.set('google', access.value)
  // Any line of the key will do; that of its middle is nowhere else.
  const line = pem.split('\n')[12] ?? ''
  const account = {
    type: 'service_account',
    project_id: 'acme',
    private_key_id: 'k1',
    private_key: pem,
    client_email: 'x@acme.iam.gserviceaccount.com',
    token_uri: `${upstream}/token/google`,
  }
  return {
    name: 'google',
    canaries: [{ slot: 'google-key', value: line }, access],
    env: { CANARY_GOOGLE: JSON.stringify(account) },
    credential: { type: 'google_service_account', source: 'env', env: 'CANARY_GOOGLE', ...near },
    provider: compatible('google', upstream),
  }
}

function oauth(upstream: string, gives: Gives): Slot {
  const [refresh, secret, access] = [
    canary('oauth-refresh'),
    canary('oauth-client-secret'),
    canary('oauth-access', '+/'),
  ]
  gives.set('oauth', access.value)
  return {
    name: 'oauth',
    canaries: [refresh, secret, access],
    env: { CANARY_REFRESH: refresh.value, CANARY_CLIENT_SECRET: secret.value },
    credential: {
      type: 'oauth',
      refresh: { source: 'env', env: 'CANARY_REFRESH' },
      client_secret: { source: 'env', env: 'CANARY_CLIENT_SECRET' },
      client_id: 'client',
      token_url: `${upstream}/token/oauth`,
      ...near,
    },
    provider: compatible('oauth', upstream),
  }
}

function oauthRefused(upstream: string): Slot {
  const [refresh, secret] = [canary('refused-refresh'), canary('refused-client-secret')]
  return {
    name: 'oauth-refused',
    canaries: [refresh, secret],
    env: { CANARY_REFUSED: refresh.value, CANARY_REFUSED_SECRET: secret.value },
    credential: {
      type: 'oauth',
      refresh: { source: 'env', env: 'CANARY_REFUSED' },
      client_secret: { source: 'env', env: 'CANARY_REFUSED_SECRET' },
      client_id: 'client',
      token_url: `${upstream}/token/refuse`,
      ...near,
    },
    provider: compatible('oauth-refused', upstream),
  }
}

function azure(upstream: string, gives: Gives): Slot {
  const [secret, access] = [canary('azure-client-secret'), canary('azure-access', '+')]
  gives.set('azure', access.value)
  return {
    name: 'azure',
    canaries: [secret, access],
    env: {
      CANARY_AZURE_SECRET: secret.value,
      AZURE_AUTHORITY_HOST: `${upstream}/token/azure`,
    },
    credential: {
      type: 'azure',
      tenant_id: '11111111-2222-3333-4444-555555555555',
      client_id: 'client',
      client_secret: { source: 'env', env: 'CANARY_AZURE_SECRET' },
      ...near,
    },
    provider: compatible('azure', upstream),
  }
}

function inline(upstream: string): Slot {
  const one = canary('inline')
  const provider = {
    type: 'openai_compatible',
    base_url: `${upstream}/v1`,
    api_formats: ['openai_chat'],
    ...near,
    api_key: one.value,
  }
  return { name: 'inline', canaries: [one], provider }
}

function staticHeader(upstream: string): Slot {
  const one = canary('static-header')
  const provider = {
    type: 'openai_compatible',
    base_url: `${upstream}/v1`,
    api_formats: ['openai_chat'],
    ...near,
    auth_scheme: { kind: 'none' },
    headers: { 'x-extra-token': one.value },
  }
  return { name: 'static-header', canaries: [one], provider }
}

function file(upstream: string, home: string): Slot {
  const one = canary('file')
  return {
    name: 'file',
    canaries: [one],
    files: { 'key.txt': `${one.value}\n` },
    credential: { type: 'api_key', source: 'file', path: `${home}/key.txt` },
    provider: compatible('file', upstream),
  }
}

function vaultEntry(upstream: string): Slot {
  const one = canary('vault-entry')
  return {
    name: 'sealed',
    canaries: [one],
    vault: { entry: one.value },
    credential: { type: 'api_key', source: 'sealed', name: 'entry' },
    provider: compatible('sealed', upstream),
  }
}

function hashicorp(upstream: string, gives: Gives): Slot {
  const [token, value] = [canary('vault-token'), canary('vault-value', '+')]
  gives.set('llm', value.value)
  return {
    name: 'hashicorp',
    canaries: [token, value],
    env: { CANARY_VAULT_ADDR: `${upstream}/vault`, CANARY_VAULT_TOKEN: token.value },
    credential: {
      type: 'api_key',
      source: 'hashicorp_vault',
      path: 'teams/llm',
      field: 'value',
      address_env: 'CANARY_VAULT_ADDR',
      token_env: 'CANARY_VAULT_TOKEN',
      ...near,
    },
    provider: compatible('hashicorp', upstream),
  }
}

function codex(upstream: string, home: string): Slot {
  const one = canary('codex-login', '+/')
  return {
    name: 'codex',
    canaries: [one],
    files: { 'auth.json': JSON.stringify({ tokens: { access_token: one.value, account_id: 'a' } }) },
    credential: { type: 'codex_oauth', source: 'file', path: `${home}/auth.json` },
    provider: compatible('codex', upstream),
  }
}

function claudeCode(upstream: string, home: string): Slot {
  const one = canary('claude-login', '+/')
  const login = { claudeAiOauth: { accessToken: one.value, expiresAt: Date.now() + 3_600_000 } }
  return {
    name: 'claude-code',
    canaries: [one],
    files: { '.credentials.json': JSON.stringify(login) },
    credential: { type: 'claude_code_oauth', source: 'file', path: `${home}/.credentials.json` },
    provider: { type: 'anthropic', base_url: upstream, ...near, accounts: [{ id: 'main', credential: 'claude-code' }] },
  }
}

// It refuses everybody, and says what they showed.
function proxy(upstream: string): Slot {
  const password = canary('proxy-password', '+')
  const address = `http://user:${encodeURIComponent(password.value)}@${new URL(upstream).host}`
  return {
    name: 'proxied',
    canaries: [password],
    env: { CANARY_PROXY: address },
    egress: { id: 'office', kind: 'proxy', url_env: 'CANARY_PROXY' },
    provider: {
      type: 'openai_compatible',
      base_url: `${upstream}/v1`,
      api_formats: ['openai_chat'],
      ...near,
      auth_scheme: { kind: 'none' },
      egress: 'office',
    },
  }
}

// Who may come in, and with which secrets the gateway goes out: `keys`, `tenants`, `credentials`.
import { z } from 'zod'
import { count, duration, envName, identifier, natural, text, usd } from './schema-parts.ts'

export const roles = ['client', 'agent', 'operator', 'admin'] as const

/** One gateway key. Exactly one of `env` and `hash`; `role` is short for a list of one. */
export function keySchema() {
  return z.strictObject({
    id: identifier(),
    env: envName().optional().describe('The environment variable that holds the key'),
    hash: text().optional(),
    role: z.enum(roles).optional().describe('Short for a list of one'),
    roles: z.array(z.enum(roles)).min(1).optional().describe('client where neither is given'),
    tenant: identifier().nullable().default(null),
    budget_usd: usd().nullable().default(null),
    expires_at: z
      .union([z.string(), z.int()])
      .nullable()
      .default(null)
      .describe('ISO 8601 with a time zone, a date (UTC), or Unix seconds or milliseconds'),
    revoked: z.boolean().default(false),
  })
}

/** One tenant with what it may spend and use. */
export function tenantSchema() {
  return z.strictObject({
    id: identifier(),
    budget_usd: usd().nullable().default(null),
    max_concurrency: count().nullable().default(null),
    rate_limit: z
      .strictObject({
        requests: count().nullable().default(null),
        tokens: count().nullable().default(null),
        window: duration().default('1m'),
      })
      .nullable()
      .default(null),
    allowed_routes: z.array(text()).default([]),
    allowed_providers: z.array(text()).default([]),
    allowed_accounts: z.array(text()).default([]),
  })
}

const sources = ['env', 'file', 'sealed', 'hashicorp_vault', 'aws_secrets'] as const

/** Where a machine or a workload on it proves who it is, besides where secrets are kept. */
const machineSources = ['instance_profile', 'web_identity', 'managed_identity'] as const

function secretPlace() {
  return {
    env: envName().optional(),
    name: text().optional().describe('Of an entry of the vault or of Secrets Manager'),
    path: text().optional().describe('Of a file, or of an entry in HashiCorp Vault'),
    field: text().optional().describe('The member of a secret that is JSON'),
    mount: text().optional().describe('Of the KV engine of HashiCorp Vault; "secret" where left out'),
    address_env: envName().optional(),
    token_env: envName().optional(),
    namespace_env: envName().optional(),
    credential: identifier().optional().describe('Of type aws: who may read Secrets Manager'),
    region: text().optional(),
  }
}

function secretReference() {
  return z.strictObject({ source: z.enum(sources), ...secretPlace() })
}

/** The types of credential; the last two are reserved and refused. */
const credentialTypes = [
  'api_key',
  'aws',
  'google_service_account',
  'azure',
  'oauth',
  'codex_oauth',
  'claude_code_oauth',
  'codex_native_relay',
  'claude_code_native_relay',
] as const

/** One credential. Which members it needs depends on `type` and `source`, and is checked in compile. */
export function credentialSchema() {
  return z.strictObject({
    type: z.enum(credentialTypes),
    source: z.enum([...sources, ...machineSources]).default('env'),
    ...secretPlace(),
    cache_ttl_s: natural().default(3600),
    rotation_interval: duration().nullable().default(null).describe('How often the value is meant to be changed'),
    region_env: envName().optional(),
    access_key_env: envName().optional(),
    secret_key_env: envName().optional(),
    session_token_env: envName().optional(),
    role_arn_env: envName().optional(),
    token_file_env: envName().optional(),
    refresh: secretReference().optional(),
    token_url: text().optional(),
    tenant_id: text().optional(),
    client_id: text().optional(),
    client_secret: secretReference().optional(),
    scope: text().optional(),
    client_auth: z
      .enum(['body', 'basic'])
      .default('body')
      .describe('How the client proves itself to the token endpoint'),
    allow_private: z.boolean().default(false).describe('Token endpoints and secret stores may have private addresses'),
    allow_http: z.boolean().default(false).describe('And may be reached without encryption; needs allow_private'),
  })
}

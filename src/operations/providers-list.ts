// `providers list`: what can be reached and with which accounts. Names of secrets, never their values.
import { z } from 'zod'
import { providerView } from './provider-view.ts'
import { credentialPlace } from './credentials-view.ts'
import { defineOperation, type OperationContext } from './operation.ts'
import type { CredentialRecord, ProviderRecord } from '../catalog/snapshot.ts'

export const providersList = defineOperation({
  verb: 'providers list',
  tier: 'read',
  summary: 'List the providers with their wire formats and accounts, without secrets.',
  examples: ['providers list', 'providers list --json'],
  scope: 'anywhere',
  positional: [],
  columns: ['id', 'type', 'base_url', 'api_formats', 'accounts'],
  input: z.strictObject({}),
  output: z.array(
    z.strictObject({
      id: z.string(),
      type: z.string(),
      base_url: z.string().nullable(),
      api_formats: z.array(z.string()),
      auth: z.string(),
      accounts: z.array(
        z.strictObject({
          id: z.string(),
          priority: z.int(),
          credential: z.string().nullable().describe('Where the secret comes from'),
          resolvable: z.boolean().nullable().describe('Whether it has a value; null where that cannot be known here'),
        }),
      ),
      allow_private: z.union([z.boolean(), z.array(z.string())]),
      allow_http: z.boolean(),
      capabilities: z.record(z.string(), z.union([z.boolean(), z.number(), z.array(z.string())])),
    }),
  ),
  run: async (context) =>
    [...context.snapshot.providers.values()].map((provider) => {
      const { type, base_url, api_formats, auth_scheme, allow_private, allow_http, capabilities } =
        providerView(provider)
      const accounts = provider.accounts.map((account) => ({
        id: account.id,
        priority: account.priority,
        credential: account.credential === null ? null : credentialPlace(account.credential.recipe),
        resolvable: isResolvable(account.credential, provider, context),
      }))
      return {
        id: provider.id,
        type,
        base_url,
        api_formats,
        auth: auth_scheme.kind,
        accounts,
        allow_private: typeof allow_private === 'boolean' ? allow_private : [...allow_private],
        allow_http,
        capabilities,
      }
    }),
})

function isResolvable(
  credential: CredentialRecord | null,
  provider: ProviderRecord,
  context: OperationContext,
): boolean | null {
  if (provider.authScheme.kind === 'none') return true
  if (credential === null) return false
  if (credential.recipe.type !== 'api_key') return null
  const { secret } = credential.recipe
  if (secret.source === 'inline') return true
  return secret.source !== 'env' || context.hasSecret === undefined ? null : context.hasSecret(secret.env)
}

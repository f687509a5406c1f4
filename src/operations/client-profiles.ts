// `client-profiles`: which coding clients are expected, what they may use, and whether they could be served now.
import { z } from 'zod'
import type { ClientProfile, ProviderRecord, Snapshot } from '../catalog/snapshot.ts'
import { allowsAccount, allowsModel, clientKind } from '../policy/client-profile.ts'
import { listModels } from '../policy/list-models.ts'
import { matchRoute } from '../policy/match-route.ts'
import { credentialPlace } from './credentials-view.ts'
import { defineOperation } from './operation.ts'

const profileSchema = z.strictObject({
  id: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  mode: z.string(),
  ready: z.boolean().describe('Whether a request could be served now, as far as can be told without sending one'),
  reasons: z.array(z.string()).describe('Why not'),
  protocol: z.string(),
  endpoints: z.array(z.string()),
  models: z.array(z.string()).describe('Names that it may send; globs are not spelled out'),
  allowed_models: z.array(z.string()).describe('Globs; empty: all'),
  accounts: z.array(
    z.strictObject({
      provider: z.string(),
      account: z.string(),
      credential: z.string().nullable().describe('Where its secret is kept, never what it is'),
      resolvable: z.boolean().nullable().describe('Whether it has a value; null where that cannot be known here'),
    }),
  ),
})

export type ClientProfileView = z.output<typeof profileSchema>

export const clientProfiles = defineOperation({
  verb: 'client-profiles',
  tier: 'read',
  summary:
    'List the coding clients that are expected (Codex, Claude Code), what they may use, and whether they are ready.',
  examples: ['client-profiles', 'client-profiles --json'],
  scope: 'anywhere',
  positional: [],
  columns: ['id', 'kind', 'ready', 'reasons', 'models', 'accounts'],
  input: z.strictObject({}),
  output: z.array(profileSchema),
  run: async ({ snapshot, hasSecret }) => clientProfileViews(snapshot, hasSecret),
})

type HasSecret = ((name: string) => boolean) | undefined

/** Every profile with its readiness. Reads whether variables are set, never what they hold. */
export function clientProfileViews(snapshot: Snapshot, hasSecret: HasSecret): ClientProfileView[] {
  return snapshot.clientProfiles.map((profile) => viewOf(profile, snapshot, hasSecret))
}

function viewOf(profile: ClientProfile, snapshot: Snapshot, hasSecret: HasSecret): ClientProfileView {
  const models = listModels(snapshot)
    .map(({ id }) => id)
    .filter((id) => allowsModel(profile, id))
  const providers = providersBehind(models, profile, snapshot)
  const accounts = providers.flatMap((provider) => accountsOf(provider, profile, hasSecret))
  const usable = accounts.some(({ resolvable }) => resolvable !== false)
  const isOpen = providers.some(({ authScheme }) => authScheme.kind === 'none')
  const reasons = [
    ...(profile.enabled ? [] : ['switched off']),
    ...(profile.mode === 'ingress' ? [] : [`mode ${profile.mode} is reserved`]),
    ...(providers.length > 0 ? [] : ['no model that it may name leads to a provider']),
    ...(providers.length === 0 || isOpen || usable ? [] : ['no account that it may use has a secret']),
  ]
  return {
    id: profile.id,
    kind: profile.kind,
    enabled: profile.enabled,
    mode: profile.mode,
    ready: reasons.length === 0,
    reasons,
    protocol: clientKind(profile.kind)?.protocol ?? '',
    endpoints: [...(clientKind(profile.kind)?.endpoints ?? [])],
    models,
    allowed_models: [...profile.models],
    accounts,
  }
}

// Names behind a glob are in no list, so a literal name of the profile is asked for as a request would.
function providersBehind(models: readonly string[], profile: ClientProfile, snapshot: Snapshot): ProviderRecord[] {
  const literal = profile.models.filter((glob) => !/[*?]/.test(glob))
  const globs = profile.models.length === 0 ? snapshot.globRoutes.flatMap(({ match }) => match ?? []) : []
  const names = [...models, ...literal, ...globs, ...profile.models]
  const ids = names.flatMap((name) => matchRoute(name, snapshot)?.targets.map(({ provider }) => provider) ?? [])
  return [...new Set(ids)].flatMap((id) => snapshot.providers.get(id) ?? [])
}

function accountsOf(provider: ProviderRecord, profile: ClientProfile, hasSecret: HasSecret) {
  if (provider.authScheme.kind === 'none') return []
  return provider.accounts
    .filter(({ id }) => allowsAccount(profile, provider.id, id))
    .map(({ id, credential }) => ({
      provider: provider.id,
      account: id,
      credential: credential === null ? null : credentialPlace(credential.recipe),
      resolvable: credential === null ? false : isResolvable(credential.recipe, hasSecret),
    }))
}

type Recipe = Parameters<typeof credentialPlace>[0]

function isResolvable(recipe: Recipe, hasSecret: HasSecret): boolean | null {
  if (recipe.type !== 'api_key') return null
  if (recipe.secret.source === 'inline') return true
  return recipe.secret.source !== 'env' || hasSecret === undefined ? null : hasSecret(recipe.secret.env)
}

// `provider show`: one provider with its accounts, where their secrets come from, and which routes lead to it.
import { z } from 'zod'
import { credentialView, variablesOf } from './credentials-view.ts'
import { defineOperation } from './operation.ts'
import { findProvider, missingVariables } from './provider-lookup.ts'
import { providerView } from './provider-view.ts'

export const providerShow = defineOperation({
  verb: 'provider show',
  tier: 'read',
  summary: 'Show one provider with its accounts and the routes that lead to it, without secrets.',
  examples: ['provider show openai', 'provider show openai --json'],
  scope: 'anywhere',
  positional: ['id'],
  input: z.strictObject({ id: z.string().min(1).describe('The provider') }),
  output: z.looseObject({
    id: z.string(),
    accounts: z.array(
      z.strictObject({
        id: z.string(),
        priority: z.int(),
        credential: z.record(z.string(), z.unknown()).nullable(),
        missing_env: z.array(z.string()).describe('Variables that have to be set first'),
      }),
    ),
    discovery: z.string().nullable(),
    routes: z.array(z.strictObject({ route: z.string(), model: z.string(), account: z.string().nullable() })),
  }),
  run: async (context, { id }) => {
    const provider = findProvider(context, id)
    const { accounts: _, ...view } = providerView(provider)
    const accounts = provider.accounts.map((account) => ({
      id: account.id,
      priority: account.priority,
      credential: account.credential === null ? null : credentialView(account.credential),
      missing_env: variablesOf(account.credential).filter((name) => context.hasSecret?.(name) === false),
    }))
    const routes = [...context.snapshot.routes.values()].flatMap((route) =>
      route.targets
        .filter((target) => target.provider === id)
        .map(({ model, account }) => ({ route: route.name, model, account })),
    )
    const { region, project, apiVersion, deployment } = provider
    return {
      id,
      ...view,
      ...Object.fromEntries(
        Object.entries({ region, project, api_version: apiVersion, deployment }).filter(([, value]) => value !== null),
      ),
      discovery: provider.baseUrl === null ? null : provider.discovery,
      usable: missingVariables(context, provider, null).length === 0,
      accounts,
      routes,
    }
  },
})

// `provider models`: what a vendor says it has, asked with one account's key.
import { z } from 'zod'
import { defineOperation } from './operation.ts'
import { checkAccount, findProvider, probeOf } from './provider-lookup.ts'

export const providerModels = defineOperation({
  verb: 'provider models',
  tier: 'read',
  summary: 'Ask a provider which models it has; nothing is changed.',
  examples: ['provider models openai', 'provider models claude --account b --json'],
  scope: 'anywhere',
  positional: ['id'],
  needsUpstream: true,
  columns: ['model', 'display_name', 'context_window', 'configured'],
  input: z.strictObject({
    id: z.string().min(1).describe('The provider'),
    account: z.string().min(1).optional().describe('Whose key is used; the first account where left out'),
  }),
  output: z.array(
    z.strictObject({
      model: z.string(),
      display_name: z.string().nullable(),
      context_window: z.int().nullable(),
      configured: z.boolean().describe('Whether "models" or a route names it'),
    }),
  ),
  run: async (context, { id, account }) => {
    const provider = findProvider(context, id)
    const found = await probeOf(context).models(id, checkAccount(provider, account))
    if (!found.ok) throw found.error
    const named = new Set([
      ...context.snapshot.models.keys(),
      ...[...context.snapshot.routes.values()].flatMap((route) =>
        route.targets.filter((target) => target.provider === id).map((target) => target.model),
      ),
    ])
    return found.value.map((model) => ({
      model: model.id,
      display_name: model.displayName,
      context_window: model.contextWindow,
      configured: named.has(model.id),
    }))
  },
})

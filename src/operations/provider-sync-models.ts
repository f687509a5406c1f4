// `provider sync-models`: the vendor's list of models into the configuration. What is there already keeps its prices and
// every edit by hand: only members that are absent are filled in.
import { z } from 'zod'
import type { ConfigChange, DiscoveredModel } from './operation.ts'
import { defineOperation } from './operation.ts'
import { checkAccount, editorOf, findProvider, probeOf } from './provider-lookup.ts'

export const providerSyncModels = defineOperation({
  verb: 'provider sync-models',
  tier: 'mutation',
  summary: 'Write the models that a provider says it has into the configuration; prices and edits by hand stay.',
  examples: ['provider sync-models openai --dry-run', 'provider sync-models openrouter --prefix anthropic/'],
  scope: 'anywhere',
  positional: ['id'],
  needsUpstream: true,
  input: z.strictObject({
    id: z.string().min(1).describe('The provider'),
    account: z.string().min(1).optional().describe('Whose key is used; the first account where left out'),
    dry_run: z.boolean().default(false).describe('Show what would be written, and write nothing'),
    prefix: z.string().min(1).optional().describe('Only models whose name begins with this'),
  }),
  output: z.strictObject({
    provider: z.string(),
    dry_run: z.boolean(),
    discovered: z.int().describe('Models in the list of the provider'),
    selected: z.int().describe('Those whose name begins with the prefix'),
    added: z.array(z.string()),
    updated: z.array(z.string()).describe('Known before, and something that was absent was filled in'),
    unchanged: z.int(),
    place: z.string().describe('Where it is written'),
    live: z.string().nullable().describe('The gateway that goes by it already'),
    revision: z.string(),
    warnings: z.array(z.string()),
    next: z.string().nullable(),
  }),
  run: async (context, { id, account, dry_run: dryRun, prefix = '' }) => {
    const provider = findProvider(context, id)
    const editor = editorOf(context)
    const found = await probeOf(context).models(id, checkAccount(provider, account))
    if (!found.ok) throw found.error
    const selected = found.value.filter((model) => model.id.startsWith(prefix))
    const edited = await editor.apply(selected.map(changeOf), { dryRun })
    if (!edited.ok) throw edited.error
    const { revision, warnings, changed } = edited.value
    const namesOf = (length: (steps: number) => boolean): string[] => [
      ...new Set(changed.filter((path) => length(path.length)).map((path) => String(path[1]))),
    ]
    const added = namesOf((steps) => steps === 2)
    const updated = namesOf((steps) => steps > 2)
    return {
      provider: id,
      dry_run: dryRun,
      discovered: found.value.length,
      selected: selected.length,
      added,
      updated,
      unchanged: selected.length - added.length - updated.length,
      place: editor.place,
      live: edited.value.live ?? null,
      revision,
      warnings: [...warnings],
      next: dryRun || changed.length === 0 ? null : editor.takesEffect,
    }
  },
})

function changeOf({ id, displayName, contextWindow }: DiscoveredModel): ConfigChange {
  const members = [
    ...(displayName === null || displayName === id ? [] : [['display_name', displayName] as const]),
    ...(contextWindow === null ? [] : [['context_window', contextWindow] as const]),
  ]
  return { path: ['models', id], value: Object.fromEntries(members), existing: 'fill' }
}

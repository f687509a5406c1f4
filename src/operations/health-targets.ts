// `health targets`: which targets may be used now, why the others may not, and until when.
import { z } from 'zod'
import { timeOf } from './credentials-view.ts'
import { defineOperation } from './operation.ts'
import { coordinationOf } from './provider-lookup.ts'
import { targetsHealth } from './target-health.ts'

export const healthTargets = defineOperation({
  verb: 'health targets',
  tier: 'read',
  summary: 'List every target with whether a request would try it now, why not, and until when.',
  examples: ['health targets', 'health targets --json'],
  scope: 'gateway',
  positional: ['route'],
  columns: ['route', 'target', 'model', 'usable', 'reason', 'failure', 'until', 'accounts_ready', 'accounts'],
  input: z.strictObject({ route: z.string().min(1).optional().describe('Only the targets of this route') }),
  output: z.array(
    z.strictObject({
      route: z.string().nullable().describe('Null: a provider that is named directly'),
      target: z.string(),
      provider: z.string(),
      model: z.string().describe('The id at the provider; "*" stands for all that nobody has asked for yet'),
      usable: z.boolean(),
      reason: z
        .enum([
          'provider_missing',
          'missing_credential',
          'target_locked',
          'account_locked',
          'breaker_open',
          'breaker_probing',
        ])
        .nullable(),
      failure: z.string().nullable().describe('The code of the failure behind it'),
      until: z.iso.datetime().nullable().describe('Null: it does not end by itself'),
      accounts: z.int(),
      accounts_ready: z.int().describe('Those that are not left out'),
    }),
  ),
  run: async (context, { route }) => {
    const sight = await coordinationOf(context).look()
    return targetsHealth(context, sight, route).map((row) => ({
      route: row.route,
      target: row.target.name,
      provider: row.target.provider,
      model: row.model,
      usable: row.trouble === null,
      reason: row.trouble,
      failure: row.failure,
      until: timeOf(row.until),
      accounts: row.accounts.all,
      accounts_ready: row.accounts.ready,
    }))
  },
})

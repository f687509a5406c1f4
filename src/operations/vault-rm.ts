// `vault rm`: takes an entry out of the vault.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { defineOperation } from './operation.ts'
import { fromStore } from './trace-view.ts'
import { credentialsReading, forget, usedByOutput, vaultNameInput, vaultOf } from './vault-view.ts'

export const vaultRm = defineOperation({
  verb: 'vault rm',
  tier: 'privileged',
  summary: 'Remove an entry from the vault.',
  examples: ['vault rm openai-key'],
  scope: 'anywhere',
  positional: ['name'],
  needsStores: true,
  input: z.strictObject({ name: vaultNameInput }),
  output: z.strictObject({ name: z.string(), removed: z.literal(true), used_by: usedByOutput }),
  run: async (context, { name }) => {
    if (!(await fromStore(vaultOf(context).remove(name))))
      throw new GatewayError('not_found', { message: `the vault has no entry ${JSON.stringify(name)}`, param: 'name' })
    const usedBy = credentialsReading(name, context.snapshot)
    forget(usedBy, context)
    return { name, removed: true as const, used_by: [...usedBy] }
  },
})

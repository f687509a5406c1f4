// `vault set`: one value into the vault. It is never shown again, here or anywhere.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { Secret } from '../ir/secret.ts'
import { defineOperation } from './operation.ts'
import { fromStore } from './trace-view.ts'
import { credentialsReading, forget, usedByOutput, vaultNameInput, vaultOf } from './vault-view.ts'

export const vaultSet = defineOperation({
  verb: 'vault set',
  tier: 'privileged',
  summary: 'Seal a value into the vault, in the place of the one that was there.',
  examples: ['vault set openai-key < key.txt', 'vault set openai-key --from-env OPENAI_API_KEY'],
  scope: 'anywhere',
  positional: ['name'],
  needsStores: true,
  input: z.strictObject({
    name: vaultNameInput,
    value: z.string().describe('The value; a command line takes it from standard input where this flag is not given'),
  }),
  output: z.strictObject({
    name: z.string(),
    version: z.int().describe('1 for a new entry'),
    used_by: usedByOutput,
  }),
  run: async (context, { name, value }) => {
    // Sealed into the memory of a command that is about to end, it would be lost without a word.
    if (context.status === undefined && context.snapshot.storage.kind === 'memory')
      throw new GatewayError('not_configured', {
        message:
          'this configuration keeps the vault in memory: set "storage": {"kind": "sqlite"}, or ask the running gateway',
      })
    const set = await fromStore(vaultOf(context).set(name, new Secret(name, value)))
    if (!set.ok) throw set.error
    const usedBy = credentialsReading(name, context.snapshot)
    forget(usedBy, context)
    return { name, version: set.value, used_by: [...usedBy] }
  },
})

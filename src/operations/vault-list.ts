// `vault list`: what is in the vault, by name. Never a value.
import { z } from 'zod'
import { defineOperation } from './operation.ts'
import { fromStore } from './trace-view.ts'
import { credentialsReading, usedByOutput, vaultOf } from './vault-view.ts'

export const vaultList = defineOperation({
  verb: 'vault list',
  tier: 'privileged',
  summary: 'List the entries of the vault with their dates and keys, without values.',
  examples: ['vault list', 'vault list --json'],
  scope: 'anywhere',
  positional: [],
  needsStores: true,
  columns: ['name', 'version', 'key_id', 'opens', 'used_by', 'updated_at'],
  input: z.strictObject({}),
  output: z.array(
    z.strictObject({
      name: z.string(),
      version: z.int().describe('Counts up with each change'),
      key_id: z.string().describe('The name of the key that it is sealed with'),
      opens: z.boolean().describe('Whether a key of this gateway opens it'),
      used_by: usedByOutput,
      created_at: z.string(),
      updated_at: z.string(),
    }),
  ),
  run: async (context) => {
    const entries = await fromStore(vaultOf(context).list())
    return entries.map(({ name, keyId, version, createdAt, updatedAt, opens }) => ({
      name,
      version,
      key_id: keyId,
      opens,
      used_by: [...credentialsReading(name, context.snapshot)],
      created_at: new Date(createdAt).toISOString(),
      updated_at: new Date(updatedAt).toISOString(),
    }))
  },
})

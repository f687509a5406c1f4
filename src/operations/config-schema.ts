// `config schema`: the JSON Schema of the configuration file, for editors and for whoever writes one.
import { z } from 'zod'
import { catalogJsonSchema, configJsonSchema } from '../catalog/json-schema.ts'
import { defineOperation } from './operation.ts'

export const configSchemaOperation = defineOperation({
  verb: 'config schema',
  tier: 'read',
  summary: 'Print the JSON Schema of the configuration file.',
  examples: ['config schema', 'config schema --catalog'],
  scope: 'nowhere',
  positional: [],
  input: z.strictObject({
    catalog: z.boolean().default(false).describe('The schema of catalog.json instead'),
  }),
  output: z.record(z.string(), z.unknown()),
  run: async (_context, { catalog }) => (catalog ? catalogJsonSchema() : configJsonSchema()),
})

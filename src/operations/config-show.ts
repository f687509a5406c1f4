// `config show`: the configuration in effect, without secrets.
import { z } from 'zod'
import { configView } from './config-view.ts'
import { defineOperation } from './operation.ts'

export const configShow = defineOperation({
  verb: 'config show',
  tier: 'read',
  summary: 'Show the configuration in effect with every default filled in; secrets are never shown.',
  examples: ['config show', 'config show --config gateway.jsonc --json'],
  scope: 'anywhere',
  positional: [],
  input: z.strictObject({}),
  output: z.strictObject({
    revision: z.string().describe('Changes whenever the configuration does'),
    config: z.record(z.string(), z.unknown()),
  }),
  run: async ({ snapshot }) => ({ revision: snapshot.revision, config: configView(snapshot) }),
})

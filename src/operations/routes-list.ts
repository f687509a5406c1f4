// `routes list`: the names that clients may send, with what stands behind each.
import { z } from 'zod'
import { defineOperation } from './operation.ts'

export const routesList = defineOperation({
  verb: 'routes list',
  tier: 'read',
  summary: 'List the routes with their strategy and targets.',
  examples: ['routes list', 'routes list --json'],
  scope: 'anywhere',
  positional: [],
  columns: ['name', 'match', 'strategy', 'targets'],
  input: z.strictObject({}),
  output: z.array(
    z.strictObject({
      name: z.string(),
      match: z.string().nullable().describe('The glob over model names; null where only the name itself matches'),
      strategy: z.string(),
      targets: z.array(z.string()).describe('As provider/model, in the order of the configuration'),
      display_name: z.string().nullable(),
    }),
  ),
  run: async ({ snapshot }) =>
    [...snapshot.routes.values()].map((route) => ({
      name: route.name,
      match: route.match,
      strategy: route.strategy,
      targets: route.targets.map((target) => `${target.provider}/${target.model}`),
      display_name: route.displayName,
    })),
})

// `routes show`: one route as the configuration has it, defaults filled in.
import { z } from 'zod'
import { didYouMean } from '../catalog/hints.ts'
import { GatewayError } from '../ir/error.ts'
import { routeView } from './route-view.ts'
import { defineOperation } from './operation.ts'

export const routesShow = defineOperation({
  verb: 'routes show',
  tier: 'read',
  summary: 'Show one route with its targets and settings.',
  examples: ['routes show internal-lite'],
  scope: 'anywhere',
  positional: ['name'],
  input: z.strictObject({ name: z.string().min(1).describe('The name of the route') }),
  output: z.looseObject({ name: z.string() }),
  run: async ({ snapshot }, { name }) => {
    const route = snapshot.routes.get(name)
    if (route === undefined) {
      const hint = didYouMean(name, snapshot.routes.keys())
      throw new GatewayError('not_found', {
        message: `no route ${JSON.stringify(name)}${hint === undefined ? '' : `, ${hint}`}`,
        param: 'name',
      })
    }
    return { name, ...routeView(route) }
  },
})

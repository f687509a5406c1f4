// `gateway reload`: the configuration as it is now, for every request from here on.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { defineOperation } from './operation.ts'

export const gatewayReload = defineOperation({
  verb: 'gateway reload',
  tier: 'mutation',
  summary: 'Read the configuration again and go by it; one that is refused changes nothing.',
  examples: ['gateway reload', 'gateway reload --port 8787'],
  scope: 'gateway',
  positional: [],
  lines: ({ revision, previous, changed, warnings, needs_restart }) => [
    revision === previous && changed.length === 0
      ? `nothing changed, revision ${revision}`
      : `revision ${revision} is in use, before it was ${previous}`,
    ...changed.map((name) => `changed: ${name}`),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...(needs_restart.length === 0
      ? []
      : [`takes effect when the gateway is started again: ${needs_restart.join(', ')}`]),
  ],
  input: z.strictObject({}),
  output: z.strictObject({
    revision: z.string().describe('Of the configuration in use from now on'),
    previous: z.string(),
    changed: z.array(z.string()).describe('By the names of the file, such as routes.fast; never a value'),
    warnings: z.array(z.string()),
    needs_restart: z.array(z.string()).describe('Settings that differ from those the gateway began with, and stay so'),
  }),
  run: async ({ reload }) => {
    if (reload === undefined)
      throw new GatewayError('not_configured', {
        message: 'no gateway is running here, or it cannot read its configuration again',
      })
    const outcome = await reload()
    if (!outcome.ok) throw outcome.error
    const { revision, previous, changed, warnings, needsRestart } = outcome.value
    return { revision, previous, changed: [...changed], warnings: [...warnings], needs_restart: [...needsRestart] }
  },
})

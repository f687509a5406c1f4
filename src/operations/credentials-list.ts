// `credentials list`: which secrets the gateway uses, where they are kept, and how they fare. Never their values.
import { z } from 'zod'
import { credentialPlace, timeOf, usedCredentials } from './credentials-view.ts'
import { defineOperation } from './operation.ts'

export const credentialsList = defineOperation({
  verb: 'credentials list',
  tier: 'privileged',
  summary: 'List the credentials with their sources and what the running gateway knows of them, without their values.',
  examples: ['credentials list', 'credentials list --json'],
  scope: 'anywhere',
  positional: [],
  columns: [
    'id',
    'type',
    'source',
    'accounts',
    'cached',
    'expires_at',
    'last_read',
    'last_changed',
    'rotation_due',
    'problem',
  ],
  input: z.strictObject({}),
  output: z.array(
    z.strictObject({
      id: z.string(),
      type: z.string(),
      source: z.string().describe('Where the secret is kept'),
      accounts: z.array(z.string()).describe('Who uses it, as provider/account'),
      cached: z.boolean().nullable().describe('Whether a value is ready; null where no gateway was asked'),
      expires_at: z.iso.datetime().nullable().describe('When its source is asked again; null where nothing is kept'),
      last_read: z.iso.datetime().nullable(),
      last_changed: z.iso.datetime().nullable().describe('As far back as it was watched'),
      rotation_due: z.boolean().nullable().describe('It is older than rotation_interval says'),
      problem: z.string().nullable().describe('The error code of the last look'),
    }),
  ),
  run: async ({ snapshot, credentialStates }) => {
    const states = credentialStates?.()
    return usedCredentials(snapshot).map(({ record, accounts }) => {
      // One per region where it depends on that: the newest look speaks for it.
      const state = states
        ?.filter(({ id }) => id === record.id)
        .toSorted((left, right) => (right.readAt ?? 0) - (left.readAt ?? 0))[0]
      return {
        id: record.id,
        type: record.recipe.type,
        source: credentialPlace(record.recipe),
        accounts: [...accounts],
        cached: states === undefined ? null : (state?.cached ?? false),
        expires_at: timeOf(state?.expiresAt),
        last_read: timeOf(state?.readAt),
        last_changed: timeOf(state?.changedAt),
        rotation_due: states === undefined ? null : (state?.rotationDue ?? false),
        problem: state?.problem ?? null,
      }
    })
  },
})

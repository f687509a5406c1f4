// `credentials check`: asks the sources now, and says what is wrong.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { credentialPlace, usedCredentials } from './credentials-view.ts'
import { defineOperation } from './operation.ts'

export const credentialsCheck = defineOperation({
  verb: 'credentials check',
  tier: 'privileged',
  summary: 'Ask the source of one credential, or of all, now, and say whether a value can be had.',
  examples: ['credentials check', 'credentials check openai-main', 'credentials check --json'],
  scope: 'anywhere',
  positional: ['id'],
  needsStores: true,
  needsUpstream: true,
  columns: ['id', 'type', 'source', 'ok', 'code', 'message'],
  isBad: (data) => Array.isArray(data) && data.some((row: { readonly ok?: unknown }) => row.ok === false),
  input: z.strictObject({ id: z.string().min(1).optional().describe('Only this credential') }),
  output: z.array(
    z.strictObject({
      id: z.string(),
      type: z.string(),
      source: z.string(),
      ok: z.boolean(),
      code: z.string().nullable().describe('The error code where it is not well'),
      message: z.string().nullable().describe('What is wrong and what to do about it'),
    }),
  ),
  run: async ({ snapshot, checkCredential }, { id }) => {
    if (checkCredential === undefined)
      throw new GatewayError('not_configured', { message: 'credentials cannot be checked from here' })
    const asked = usedCredentials(snapshot).filter(({ record }) => id === undefined || record.id === id)
    if (id !== undefined && asked.length === 0)
      throw new GatewayError('not_found', { message: `no credential ${id}`, param: 'id' })
    return Promise.all(
      asked.map(async ({ record }) => {
        const checked = await checkCredential(record.id)
        return {
          id: record.id,
          type: record.recipe.type,
          source: credentialPlace(record.recipe),
          ok: checked.ok,
          code: checked.ok ? null : checked.error.code,
          message: checked.ok ? null : checked.error.message,
        }
      }),
    )
  },
})

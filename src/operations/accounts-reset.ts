// `accounts reset`: takes locks away before they end by themselves.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { defineOperation } from './operation.ts'
import { coordinationOf, checkAccount, findProvider } from './provider-lookup.ts'

export const accountsReset = defineOperation({
  verb: 'accounts reset',
  tier: 'mutation',
  summary: 'Use everything, a provider, an account or a model again at once, although it failed a moment ago.',
  examples: ['accounts reset', 'accounts reset openai', 'accounts reset openai main --model gpt-4o'],
  scope: 'gateway',
  positional: ['provider', 'account'],
  input: z.strictObject({
    provider: z.string().min(1).optional().describe('Only this provider; without it all of them'),
    account: z.string().min(1).optional().describe('Only this account; without it also targets locked for all of them'),
    model: z.string().min(1).optional().describe("Only this model, by the provider's id"),
  }),
  output: z.strictObject({
    provider: z.string().nullable().describe('Null: all of them'),
    account: z.string().nullable(),
    model: z.string().nullable(),
    unlocked: z.int().describe('How many locks were taken away'),
  }),
  run: async (context, { provider, account, model }) => {
    const control = coordinationOf(context)
    if (provider === undefined && account !== undefined)
      throw new GatewayError('missing_required_parameter', {
        message: 'name the provider of the account too',
        param: 'provider',
      })
    const selected = provider === undefined ? null : checkAccount(findProvider(context, provider, 'provider'), account)
    const unlocked = await control.resetLocks({
      provider: provider ?? null,
      account: selected,
      model: model ?? null,
    })
    return { provider: provider ?? null, account: selected, model: model ?? null, unlocked }
  },
})

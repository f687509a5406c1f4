// `accounts reset`: takes locks away before they end by themselves.
import { z } from 'zod'
import { accountsOf, checkAccount, providerNamed } from './accounts-view.ts'
import { defineOperation } from './operation.ts'

export const accountsReset = defineOperation({
  verb: 'accounts reset',
  tier: 'mutation',
  summary: 'Use a provider, an account or a model of it again at once, although it failed a moment ago.',
  examples: ['accounts reset openai', 'accounts reset openai main', 'accounts reset openai main --model gpt-4o'],
  scope: 'gateway',
  positional: ['provider', 'account'],
  input: z.strictObject({
    provider: z.string().min(1),
    account: z.string().min(1).optional().describe('Only this account; without it also targets locked for all of them'),
    model: z.string().min(1).optional().describe("Only this model, by the provider's id"),
  }),
  output: z.strictObject({
    provider: z.string(),
    account: z.string().nullable(),
    model: z.string().nullable(),
    unlocked: z.int().describe('How many locks were taken away'),
  }),
  run: async (context, { provider, account, model }) => {
    const control = accountsOf(context)
    const record = providerNamed(context.snapshot, provider)
    if (account !== undefined) checkAccount(record, account)
    const unlocked = control.reset(provider, account ?? null, model ?? null)
    return { provider, account: account ?? null, model: model ?? null, unlocked }
  },
})

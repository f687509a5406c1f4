// `provider certify`: is it ready for clients?
import { z } from 'zod'
import { certificationSchema, certify, isNotReady } from './certification.ts'
import { certificationLines } from './certification-text.ts'
import { defineOperation } from './operation.ts'
import { checkAccount, findProvider } from './provider-lookup.ts'

export const providerCertify = defineOperation({
  verb: 'provider certify',
  tier: 'mutation',
  summary: 'Try everything that clients will need of a provider: models, route, answer, stream, embeddings.',
  examples: ['provider certify openai', 'provider certify claude --model claude-haiku-4-5 --json'],
  scope: 'anywhere',
  positional: ['id'],
  needsUpstream: true,
  isBad: isNotReady,
  lines: certificationLines,
  input: z.strictObject({
    id: z.string().min(1).describe('The provider'),
    model: z
      .string()
      .min(1)
      .optional()
      .describe('The model to ask; one of a route, of the configuration or of its list'),
    embedding_model: z.string().min(1).optional().describe('The model to ask for a vector'),
    account: z.string().min(1).optional().describe('Only this account; as the provider selects where left out'),
  }),
  output: certificationSchema,
  run: async (context, { id, model, embedding_model: embeddingModel, account }) => {
    const provider = findProvider(context, id)
    return certify(context, { provider, account: checkAccount(provider, account), model, embeddingModel })
  },
})

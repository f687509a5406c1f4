// `provider certify-all`: the same for every provider, a few at a time.
import { z } from 'zod'
import { certificationSchema, certify, isNotReady, type Certification } from './certification.ts'
import { certificationLines } from './certification-text.ts'
import { defineOperation } from './operation.ts'
import { missingVariables } from './provider-lookup.ts'

/** Providers that are tried at the same time. */
const atOnce = 4

export const providerCertifyAll = defineOperation({
  verb: 'provider certify-all',
  tier: 'mutation',
  summary: 'Certify every provider of the configuration.',
  examples: ['provider certify-all', 'provider certify-all --skip-missing-env --json'],
  scope: 'anywhere',
  positional: [],
  needsUpstream: true,
  isBad: isNotReady,
  lines: ({ summary, providers, skipped }) => [
    ...providers.flatMap((certification) => [...certificationLines({ ...certification, next_commands: [] }), '']),
    ...skipped.map(({ provider, missing_env: names }) => `${provider} was left out: ${names.join(' and ')} not set`),
    summary,
  ],
  input: z.strictObject({
    skip_missing_env: z.boolean().default(false).describe('Leave out providers whose variables are not set'),
  }),
  output: z.strictObject({
    schema: z.literal('signalbox/provider-certifications@1'),
    ok: z.boolean().describe('Every provider that was tried is ready'),
    summary: z.string(),
    ready_count: z.int(),
    providers: z.array(certificationSchema),
    skipped: z.array(z.strictObject({ provider: z.string(), missing_env: z.array(z.string()) })),
  }),
  run: async (context, { skip_missing_env: skips }) => {
    const all = [...context.snapshot.providers.values()].map((provider) => ({
      provider,
      missing: missingVariables(context, provider, null),
    }))
    const skipped = all.filter(({ missing }) => skips && missing.length > 0)
    const waiting = all.filter((entry) => !skipped.includes(entry)).map(({ provider }, place) => ({ provider, place }))
    const providers: Certification[] = []
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        providers[next.place] = await certify(context, {
          provider: next.provider,
          account: null,
          model: undefined,
          embeddingModel: undefined,
        })
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    const ready = providers.filter((certification) => certification.ok).length
    const left = skipped.length === 0 ? '' : `, ${skipped.length} left out for want of variables`
    return {
      schema: 'signalbox/provider-certifications@1' as const,
      ok: ready === providers.length,
      summary: `${ready} of ${providers.length} providers are ready${left}`,
      ready_count: ready,
      providers,
      skipped: skipped.map(({ provider, missing }) => ({ provider: provider.id, missing_env: [...missing] })),
    }
  },
})

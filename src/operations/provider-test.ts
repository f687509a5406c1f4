// `provider test`: one small request, and what came of it.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { isNotReady } from './certification.ts'
import { defineOperation, type OperationContext } from './operation.ts'
import { chatModel } from './probe-model.ts'
import { generateProbe } from './probe-request.ts'
import { probe } from './probe-result.ts'
import { checkAccount, commandLine, findProvider, probeOf } from './provider-lookup.ts'
import type { ProviderRecord } from '../catalog/snapshot.ts'

export const providerTest = defineOperation({
  verb: 'provider test',
  tier: 'mutation',
  summary: 'Send one small request to a provider the way a client would, and show what came of it.',
  examples: ['provider test openai', 'provider test claude --model claude-haiku-4-5 --stream --account b'],
  scope: 'anywhere',
  positional: ['id'],
  needsUpstream: true,
  isBad: isNotReady,
  input: z.strictObject({
    id: z.string().min(1).describe('The provider'),
    model: z
      .string()
      .min(1)
      .optional()
      .describe('The model to ask; one of a route, of the configuration or of its list'),
    stream: z.boolean().default(false).describe('Ask for a stream, and check it'),
    account: z.string().min(1).optional().describe('Only this account; as the provider selects where left out'),
  }),
  output: z.strictObject({
    ok: z.boolean(),
    provider: z.string(),
    account: z.string().nullable().describe('The account that was asked last'),
    model: z.string().describe('The model that was asked'),
    answered_by: z.string().nullable().describe('The model as the provider names it'),
    stream: z.boolean(),
    status: z.int().nullable().describe('HTTP status of the provider; null where no answer came'),
    latency_ms: z.int(),
    input_tokens: z.int().nullable(),
    output_tokens: z.int().nullable(),
    finish: z.string().nullable(),
    error_code: z.string().nullable(),
    message: z.string(),
    next: z.string().nullable().describe('What to do about it'),
    request_id: z.string(),
  }),
  run: async (context, { id, model, stream, account: named }) => {
    const provider = findProvider(context, id)
    const account = checkAccount(provider, named)
    const upstream = probeOf(context)
    const chosen = model ?? (await modelOf(context, provider, account))
    const result = await probe(context, upstream, provider, generateProbe({ provider, account, model: chosen, stream }))
    const { inferred, answer } = result
    return {
      ok: result.ok,
      provider: id,
      account: inferred.account ?? account,
      model: chosen,
      answered_by: answer?.model ?? null,
      stream,
      status: inferred.providerStatus,
      latency_ms: Math.round(inferred.durationMs),
      input_tokens: answer?.inputTokens ?? null,
      output_tokens: answer?.outputTokens ?? null,
      finish: answer?.finish ?? null,
      error_code: result.code,
      message: result.message,
      next: result.next,
      request_id: inferred.requestId,
    }
  },
})

async function modelOf(context: OperationContext, provider: ProviderRecord, account: string | null): Promise<string> {
  const known = chatModel(provider, context.snapshot, undefined)
  if (known !== undefined) return known
  const found = await probeOf(context).models(provider.id, account)
  if (!found.ok && found.error.code !== 'unsupported_content') throw found.error
  const listed = found.ok ? chatModel(provider, context.snapshot, found.value) : undefined
  if (listed !== undefined) return listed
  throw new GatewayError('missing_required_parameter', {
    message: `model: required, none of this provider is configured or listed: ${commandLine(context, `provider test ${provider.id} --model MODEL`)}`,
    param: 'model',
  })
}

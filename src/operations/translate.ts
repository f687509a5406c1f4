// `translate`: what a request becomes on another wire, and what of it would be lost. Sends nothing.
import { z } from 'zod'
import type { DialectId } from '../ir/dialect-id.ts'
import { defineOperation } from './operation.ts'

const dialectIds = [
  'openai-chat',
  'openai-responses',
  'openai-completions',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
] as const satisfies readonly DialectId[]

const modelInPath: ReadonlySet<DialectId> = new Set(['gemini', 'bedrock-converse'])

const entry = z.strictObject({
  pointer: z.string().describe('RFC 6901, into the body that was given'),
  reason: z.string(),
  lossiness: z.enum(['low', 'medium', 'high']).optional().describe("How much of a schema's meaning is gone"),
})

export const translate = defineOperation({
  verb: 'translate',
  tier: 'read',
  summary: 'Show what a request becomes on another wire and what of it would be lost; nothing is sent.',
  examples: ['translate --from openai-chat --to gemini --model gemini-2.5-flash --body @request.json'],
  scope: 'anywhere',
  positional: [],
  input: z.strictObject({
    from: z.enum(dialectIds).default('openai-chat').describe('The wire that the body is written in'),
    to: z.enum(dialectIds).describe('The wire of the provider'),
    model: z.string().min(1).describe("The provider's name of the model"),
    body: z.record(z.string(), z.unknown()).describe('The request body'),
  }),
  output: z.strictObject({
    path: z.string().nullable().describe("Below the provider's base URL; null where the request is refused"),
    headers: z.record(z.string(), z.string()).nullable(),
    body: z.unknown().describe('What would be sent; null where the request is refused'),
    mapped: z.array(z.string()).describe('Members that keep their meaning'),
    approximated: z.array(entry),
    dropped: z.array(entry),
    refused: z.array(entry),
  }),
  run: async (context, { from, to, model, body }) => {
    // Asked for by `model` already: only a body that was recorded as it was sent names one of its own.
    const isNamed = body['model'] !== undefined || modelInPath.has(from)
    const translated = context.translate({ from, to, model, body: isNamed ? body : { ...body, model } })
    if (!translated.ok) throw translated.error
    const { call, ledger } = translated.value
    return {
      path: call?.path ?? null,
      headers: call === undefined ? null : { ...call.headers },
      body: call?.body ?? null,
      mapped: ledger.mapped.filter((pointer) => isNamed || pointer !== '/model'),
      approximated: [...ledger.approximated],
      dropped: [...ledger.dropped],
      refused: [...ledger.refused],
    }
  },
})

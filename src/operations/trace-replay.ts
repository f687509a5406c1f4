// `trace replay`: decides a past request again, by the configuration and the health of now, and says what differs. What the
// request needed and the number that was drawn come from its trace.
import { z } from 'zod'
import { decisionDetail } from '../engine/observe.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import { GatewayError } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import { restrictToProfile } from '../policy/client-profile.ts'
import type { RouteDecision } from '../policy/decision.ts'
import { planRoute } from '../policy/plan.ts'
import { parseJson } from '../wire/json-parse.ts'
import { defineOperation, type OperationContext } from './operation.ts'
import { fromStore } from './trace-view.ts'

const remembered = z.looseObject({
  facts: z.looseObject({
    task: z.enum(['generate', 'embed', 'count-tokens']),
    needs: z.array(z.string()),
    choices: z.int(),
    input_tokens: z.int(),
    max_output_tokens: z.int().optional(),
    image_sources: z.array(z.enum(['inline_base64', 'remote_url', 'provider_file_ref'])).optional(),
  }),
  decision: z.looseObject({ random: z.number(), reasons: z.array(z.string()) }),
})

type Remembered = z.output<typeof remembered>

export const traceReplay = defineOperation({
  verb: 'trace replay',
  tier: 'read',
  summary: 'Decide a past request again as things are now, and show what differs; nothing is sent.',
  examples: ['trace replay req_abc123', 'trace replay req_abc123 --session chat-7'],
  scope: 'anywhere',
  positional: ['request_id'],
  needsStores: true,
  input: z.strictObject({
    request_id: z.string().min(1).describe('As the answer named it in x-signalbox-request-id'),
    session: z.string().min(1).optional().describe('The session of the client, which no trace holds'),
  }),
  output: z.strictObject({
    request_id: z.string(),
    revision_then: z.string(),
    revision_now: z.string(),
    same: z.boolean(),
    differs: z.array(z.string()).describe('The members of the decision that are not what they were'),
    before: z.unknown().describe('The decision of the request'),
    now: z.unknown().describe('The decision that it would get now; null where nothing answers to its model any more'),
  }),
  run: async (context, { request_id, session }) => {
    const row = await fromStore(context.stores.ledger.trace(request_id))
    if (row === undefined)
      throw new GatewayError('not_found', { message: 'no trace of this request', param: 'request_id' })
    const detail = parseJson(row.detail)
    const kept = remembered.safeParse(detail)
    if (!kept.success || row.inboundModel === null)
      throw new GatewayError('invalid_value', {
        message: 'the trace holds no decision: the request was refused before, or its detail was left out',
        param: 'request_id',
      })
    const asked = { dialect: row.dialect as DialectId, model: row.inboundModel, stream: row.streamed }
    const { facts, decision: then } = kept.data
    const now = await decideNow(context, factsOf(facts, asked, session), then)
    const differs = Object.keys({ ...then, ...now }).filter((name) => !isSame(then[name], now?.[name]))
    return {
      request_id,
      revision_then: row.revision,
      revision_now: context.snapshot.revision,
      same: differs.length === 0,
      differs,
      // As it was written: the schema would have put the members that it knows first.
      before: (detail as { readonly decision: unknown }).decision,
      now,
    }
  },
})

/** Null where nothing answers to the name any more. */
async function decideNow(
  { coordination, snapshot }: OperationContext,
  facts: RequestFacts,
  { random, reasons }: Remembered['decision'],
): Promise<Record<string, unknown> | null> {
  const sight = await coordination?.look()
  const decision = planRoute(facts, snapshot, sight?.health, random)
  return decision === undefined ? null : decisionDetail(restricted(decision))

  function restricted(planned: RouteDecision): RouteDecision {
    const profile = snapshot.clientProfiles.find(({ id }) => reasons.includes(`client_profile=${id}`))
    return profile === undefined ? planned : restrictToProfile(planned, profile)
  }
}

function factsOf(
  { task, needs, choices, input_tokens, max_output_tokens, image_sources }: Remembered['facts'],
  asked: Pick<RequestFacts, 'dialect' | 'model' | 'stream'>,
  session: string | undefined,
): RequestFacts {
  return {
    ...asked,
    task,
    wantsUsage: asked.stream,
    needsTools: needs.includes('tools'),
    needsImages: needs.includes('images'),
    needsAudio: needs.includes('audio'),
    needsFiles: needs.includes('files'),
    needsSchema: needs.includes('schema'),
    needsReasoning: needs.includes('reasoning'),
    needsServerTools: needs.includes('server_tools'),
    needsImageOutput: needs.includes('image_output'),
    choices,
    approxInputTokens: input_tokens,
    ...(max_output_tokens !== undefined && { maxOutputTokens: max_output_tokens }),
    ...(image_sources !== undefined && { imageSources: image_sources }),
    ...(session !== undefined && { sessionKey: session }),
  }
}

function isSame(then: unknown, now: unknown): boolean {
  return JSON.stringify(then) === JSON.stringify(now)
}

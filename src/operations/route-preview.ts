// `route preview`: which targets a request would be sent to, and why. Asks the planner that serving asks, changes nothing.
import { z } from 'zod'
import { decisionDetail } from '../engine/observe.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import { GatewayError } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import { hintOnName } from '../policy/match-route.ts'
import { planRoute } from '../policy/plan.ts'
import { defineOperation, type OperationContext } from './operation.ts'

const dialectIds = [
  'openai-chat',
  'openai-responses',
  'openai-completions',
  'anthropic-messages',
  'gemini',
  'openai-embeddings',
] as const satisfies readonly DialectId[]

const flag = (what: string) => z.boolean().default(false).describe(what)

const input = z.strictObject({
  model: z.string().min(1).optional().describe('The model name as a client would send it'),
  dialect: z.enum(dialectIds).default('openai-chat').describe('The wire that the client speaks'),
  stream: flag('The answer has to be streamed'),
  tools: flag('The request declares tools'),
  images: flag('The request holds images'),
  audio: flag('The request holds audio'),
  files: flag('The request holds documents'),
  schema: flag('The request wants structured output'),
  reasoning: flag('The request asks for reasoning'),
  server_tools: flag('The request wants tools that the provider runs'),
  image_output: flag('The answer may hold pictures'),
  choices: z.int().min(1).max(128).default(1).describe('How many answers are asked for'),
  session: z.string().min(1).optional().describe('The session of the client, which keeps its account and its target'),
  input_tokens: z.int().min(0).default(0).describe('About how long the input is'),
  output_tokens: z.int().min(0).optional().describe('The longest answer that is asked for'),
  random: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('The number that was drawn for a request, as its trace has it: to make its decision again'),
  body: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('A whole request body instead of the flags; a model given beside it takes the place of its own'),
})

type Input = z.output<typeof input>

export const routePreview = defineOperation({
  verb: 'route preview',
  tier: 'read',
  summary: 'Show which targets a request would be sent to and why the others would not; nothing is sent.',
  examples: [
    'route preview gpt-4o-mini',
    'route preview claude-sonnet --dialect anthropic-messages --stream --tools',
    'route preview auto/cheap --input-tokens 20000 --session chat-7',
    'route preview --body @request.json',
  ],
  scope: 'anywhere',
  positional: ['model'],
  input,
  output: z.looseObject({
    requested: z.unknown().describe('The model name as it was asked for'),
    route: z.unknown().describe('The name of the route; null where a provider was named directly'),
    strategy: z.unknown().describe('What brought the targets into their order'),
    selected: z.unknown().describe('The first target; null where none can take the request'),
    fallbacks: z.unknown().describe('The targets after it, in order'),
    rejected: z.unknown().describe('Targets and accounts that cannot take the request, each with its reason'),
    reasons: z.unknown().describe('What the decision went by'),
    scores: z.unknown().optional().describe('How strategy score came to its order, factor by factor'),
    cursor: z.unknown().optional().describe('Whose turn it is, and how turns would move on; nothing moves here'),
    random: z.unknown().describe('The number that was drawn'),
    facts: z.record(z.string(), z.unknown()).describe('What the request was understood to need'),
  }),
  run: async (context, asked) => {
    const facts = factsOf(context, asked)
    const sight = await context.coordination?.look()
    const decision = planRoute(facts, context.snapshot, sight?.health, asked.random)
    if (decision === undefined)
      throw new GatewayError('model_not_found', {
        message: `no route found for model ${JSON.stringify(facts.model)}${hintOnName(facts.model)}`,
        param: 'model',
      })
    const { requested, route, strategy, selected, fallbacks, rejected, reasons, random, ...rest } =
      decisionDetail(decision)
    const head = { requested, route, strategy, selected, fallbacks, rejected, reasons, random }
    return { ...head, ...rest, facts: factsView(facts) }
  },
})

function factsOf(context: OperationContext, asked: Input): RequestFacts {
  if (asked.body !== undefined) return bodyFacts(context, asked, asked.body)
  if (asked.model === undefined)
    throw new GatewayError('missing_required_parameter', { message: 'model: required without a body', param: 'model' })
  return {
    dialect: asked.dialect,
    task: asked.dialect === 'openai-embeddings' ? 'embed' : 'generate',
    model: asked.model,
    stream: asked.stream,
    wantsUsage: asked.stream,
    needsTools: asked.tools,
    needsImages: asked.images,
    needsAudio: asked.audio,
    needsFiles: asked.files,
    needsSchema: asked.schema,
    needsReasoning: asked.reasoning,
    choices: asked.choices,
    approxInputTokens: asked.input_tokens,
    ...(asked.server_tools && { needsServerTools: true }),
    ...(asked.image_output && { needsImageOutput: true }),
    ...(asked.output_tokens !== undefined && { maxOutputTokens: asked.output_tokens }),
    ...(asked.session !== undefined && { sessionKey: asked.session }),
  }
}

function bodyFacts(context: OperationContext, asked: Input, body: Record<string, unknown>): RequestFacts {
  const flags = [
    'stream',
    'tools',
    'images',
    'audio',
    'files',
    'schema',
    'reasoning',
    'server_tools',
    'image_output',
    'output_tokens',
  ] as const
  const extra = flags.find((name) => asked[name] !== false && asked[name] !== undefined)
  if (extra !== undefined)
    throw new GatewayError('invalid_value', { message: `${extra}: the body says this itself`, param: extra })
  if (asked.model === undefined && asked.dialect === 'gemini' && body['model'] === undefined)
    throw new GatewayError('missing_required_parameter', {
      message: 'model: required beside a body of gemini, whose path names it',
      param: 'model',
    })
  const facts = context.factsOf(asked.dialect, asked.model === undefined ? body : { ...body, model: asked.model })
  if (!facts.ok) throw facts.error
  return asked.session === undefined ? facts.value : { ...facts.value, sessionKey: asked.session }
}

function factsView(facts: RequestFacts): Record<string, unknown> {
  return {
    dialect: facts.dialect,
    stream: facts.stream,
    tools: facts.needsTools,
    images: facts.needsImages,
    audio: facts.needsAudio,
    files: facts.needsFiles,
    schema: facts.needsSchema,
    reasoning: facts.needsReasoning,
    server_tools: facts.needsServerTools ?? false,
    image_output: facts.needsImageOutput ?? false,
    image_sources: facts.imageSources ?? [],
    choices: facts.choices,
    input_tokens: facts.approxInputTokens,
    max_output_tokens: facts.maxOutputTokens ?? null,
  }
}

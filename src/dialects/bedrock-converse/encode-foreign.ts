// A request that came from another wire: what of it this one can say, what it costs, and what makes it impossible.
import { ok, type Outcome } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest } from '../../ir/request.ts'
import type { CodecTarget } from '../dialect.ts'
import { present } from '../kit/present.ts'
import type { WireBlock } from './encode-content.ts'
import { encodeForeignTools, type ToolPlan } from './encode-tools.ts'
import { encodeTurns, type Conversation } from './encode-turns.ts'
import { objectOf, type Members } from './extras.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { encodeTextFormat } from './output-format.ts'
import { planReasoning } from './reasoning.ts'

/** A request body with what it lost. */
export interface EncodedBody {
  readonly body: WireBlock
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
}

/** Below this, Anthropic refuses `top_p` beside thinking. */
const minTopPWithThinking = 0.95

/** Encodes a foreign request; fails where a part of it has no place here and cannot be left out. */
export function encodeForeign(request: IrRequest, { model }: CodecTarget): Outcome<EncodedBody> {
  const ledger = createLedger(request, model)
  if (request.choices !== undefined && request.choices > 1)
    ledger.refuse(ledger.paths.choices, 'only one answer per request')
  if (request.bound !== undefined) ledger.refuse(request.bound.param, request.bound.reason)
  if (request.user !== undefined) ledger.drop(ledger.paths.user, 'the provider is not told who its user is')
  ledger.dropExtras(request.extras)

  const conversation = encodeTurns(request, ledger)
  const tools = encodeForeignTools(request, conversation.messages, ledger)
  const reasoning = planReasoning(request, { model, obstacle: obstacleToThinking(conversation, tools), ledger })
  const sampling = encodeSampling(request, reasoning.thinks, ledger)
  const fields = { ...sampling.fields, ...tools.fields, ...reasoning.fields }
  const outputConfig = present({ textFormat: encodeOutput(request, ledger), effort: reasoning.effort })
  const body = withoutSurplus(
    {
      messages: conversation.messages,
      ...present({
        system: conversation.system.length > 0 ? conversation.system : undefined,
        inferenceConfig: record(sampling.inference),
        toolConfig: tools.config,
        additionalModelRequestFields: record(fields),
        additionalModelResponseFieldPaths: sampling.responsePaths,
        outputConfig: record(outputConfig),
      }),
    },
    conversation,
    ledger,
  )
  const refusal = ledger.refusal()
  return refusal === undefined
    ? ok({ body, losses: ledger.losses, toolNames: ledger.toolNames })
    : { ok: false, error: refusal }
}

function record(members: Members): Members | undefined {
  return Object.keys(members).length > 0 ? members : undefined
}

function obstacleToThinking({ messages }: Conversation, { forced }: ToolPlan): string | undefined {
  if (forced) return 'no thinking where a tool call is forced'
  const assistant = messages.findLast((message) => message.role === 'assistant')
  const kinds = new Set(assistant?.content.flatMap((block) => Object.keys(block)))
  if (kinds.has('toolUse') && !kinds.has('reasoningContent'))
    return 'no thinking where the last tool calls came without signed thinking'
  if (messages.at(-1)?.role === 'assistant') return 'no thinking behind a prefill'
  return undefined
}

interface SamplingPlan {
  readonly inference: Members
  /** What only the model's maker has a word for. */
  readonly fields: Members
  readonly responsePaths?: readonly string[]
}

function encodeSampling({ sampling }: IrRequest, thinks: boolean, ledger: Ledger): SamplingPlan {
  for (const name of ['seed', 'frequencyPenalty', 'presencePenalty'] as const)
    if (sampling[name] !== undefined) ledger.drop(ledger.paths[name], 'no counterpart in Bedrock Converse')
  const stop = encodeStop(sampling.stop, ledger)
  return {
    inference: present({
      maxTokens: sampling.maxOutputTokens,
      ...encodeRandomness(sampling, thinks, ledger),
      stopSequences: stop,
    }),
    fields: encodeTopK(sampling.topK, thinks, ledger),
    // Which sequence was met, Anthropic says only where it is asked.
    ...(stop !== undefined && ledger.family === 'anthropic' && { responsePaths: ['/stop_sequence'] }),
  }
}

function encodeRandomness(sampling: IrRequest['sampling'], thinks: boolean, ledger: Ledger): Members {
  let { temperature, topP } = sampling
  if (temperature !== undefined && temperature > 1) {
    ledger.approximate(ledger.paths.temperature, 'at most 1 here')
    temperature = 1
  }
  if (thinks && temperature !== undefined && temperature !== 1) {
    ledger.drop(ledger.paths.temperature, 'not accepted beside thinking')
    temperature = undefined
  }
  if (thinks && topP !== undefined && topP < minTopPWithThinking) {
    ledger.drop(ledger.paths.topP, 'not accepted beside thinking')
    topP = undefined
  }
  // Claude 4.1 and later refuse both at once (seen 2025-10). A 1 says nothing, so it is left out first.
  if (ledger.family === 'anthropic' && temperature !== undefined && topP !== undefined) {
    if (topP !== 1 && temperature === 1) temperature = undefined
    else {
      if (topP !== 1) ledger.drop(ledger.paths.topP, 'not accepted beside temperature')
      topP = undefined
    }
  }
  return { temperature, topP }
}

function encodeTopK(topK: number | undefined, thinks: boolean, ledger: Ledger): Members {
  if (topK === undefined) return {}
  if (thinks) ledger.drop(ledger.paths.topK, 'not accepted beside thinking')
  else if (ledger.family === 'anthropic') return { top_k: topK }
  else if (ledger.family === 'nova') return { inferenceConfig: { topK } }
  else ledger.drop(ledger.paths.topK, 'the model has no such parameter')
  return {}
}

function encodeStop(stop: readonly string[] | undefined, ledger: Ledger): readonly string[] | undefined {
  const kept = stop?.filter((sequence) => sequence.trim() !== '')
  if (kept !== undefined && kept.length !== stop?.length)
    ledger.drop(ledger.paths.stop, 'a stop sequence of white space alone')
  return kept !== undefined && kept.length > 0 ? kept : undefined
}

function encodeOutput({ output }: IrRequest, ledger: Ledger): WireBlock | undefined {
  switch (output?.type) {
    case 'json-object':
      ledger.drop(ledger.paths.output, 'JSON without a schema cannot be asked for')
      return undefined
    case 'json-schema':
      return encodeTextFormat(output)
    case 'text':
    case undefined:
      return undefined
  }
}

/** The body with no more cache points than the service takes; they count in the order in which the model reads them. */
function withoutSurplus(body: WireBlock, { system, messages }: Conversation, ledger: Ledger): WireBlock {
  const { tools = [], ...config } = objectOf(body['toolConfig']) as { tools?: readonly WireBlock[] }
  const surplus = ledger.limitCachePoints([...tools, ...system, ...messages.flatMap(({ content }) => content)])
  if (surplus.size === 0) return body
  const kept = (blocks: readonly WireBlock[]): WireBlock[] => blocks.filter((block) => !surplus.has(block))
  return {
    ...body,
    messages: messages.map((message) => ({ ...message, content: kept(message.content) })),
    ...(system.length > 0 && { system: kept(system) }),
    ...(tools.length > 0 && { toolConfig: { ...config, tools: kept(tools) } }),
  }
}

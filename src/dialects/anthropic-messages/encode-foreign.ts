// A request that came from another wire: what of it this one can say, what it costs, and what makes it impossible.
import { ok, type Outcome } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrRequest } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget } from '../dialect.ts'
import type { WireBlock } from './content.ts'
import { encodeTurns, type Conversation } from './encode-turns.ts'
import { objectSchema, sayableChoice } from '../kit/foreign-tools.ts'
import { cachePath } from '../kit/ledger.ts'
import { createBlockLedger, type BlockLedger } from './ledger.ts'
import { reasoningPath } from '../kit/client-paths.ts'
import { present } from '../kit/present.ts'
import { planThinking } from './thinking.ts'
import { encodeFunctionTool, encodeToolChoice } from './tools.ts'

export interface ForeignRequest {
  readonly body: WireBlock
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
}

/** Anthropic takes no more breakpoints than this. */
const maxCacheMarkers = 4

/** The words of `output_config.effort`. */
const efforts: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max'])

/** Below this, Anthropic refuses `top_p` beside thinking. */
const minTopPWithThinking = 0.95

/** Encodes a foreign request; fails where a part of it has no place here and cannot be left out. */
export function encodeForeign(request: IrRequest, target: CodecTarget): Outcome<ForeignRequest> {
  const ledger = createBlockLedger(request)
  if (request.choices !== undefined && request.choices > 1)
    ledger.refuse(ledger.paths.choices, 'only one answer per request')
  ledger.dropExtras(request.extras, '')

  const conversation = encodeTurns(request, ledger)
  const tools = request.tools.map((tool) => encodeTool(tool, ledger)).filter((tool) => tool !== undefined)
  const choice = encodeChoice(request, tools.length > 0, ledger)
  const thinking = encodeThinking(request, conversation, choice, ledger)
  const body: WireBlock = {
    model: target.model,
    max_tokens: thinking.maxTokens,
    ...(conversation.system.length > 0 && { system: conversation.system }),
    messages: conversation.messages,
    ...(tools.length > 0 && { tools }),
    ...present({ tool_choice: choice, thinking: thinking.thinking }),
    ...encodeSampling(request, thinking.thinking !== undefined, ledger),
    ...present({ output_config: encodeOutputConfig(request, ledger) }),
    ...(request.user !== undefined && { metadata: { user_id: request.user } }),
    ...(request.stream && { stream: true }),
  }
  limitCacheMarkers(tools, conversation, ledger)
  const refusal = ledger.refusal()
  return refusal === undefined
    ? ok({ body, losses: ledger.losses, toolNames: ledger.toolNames })
    : { ok: false, error: refusal }
}

function encodeTool(tool: IrRequest['tools'][number], ledger: BlockLedger): WireBlock | undefined {
  const at = tool.at ?? 'tools'
  if (tool.type === 'custom') ledger.refuse(at, 'a free-text tool')
  else if (tool.type === 'opaque') ledger.drop(at, `a tool of another provider (${tool.kind})`)
  else {
    ledger.dropExtras(tool.extras, at)
    const { extras: _extras, strict, cache, ...rest } = tool
    if (cache !== undefined) ledger.dropExtras(cache.extras, cachePath(cache, at))
    const encoded = encodeFunctionTool({
      ...rest,
      name: ledger.toolName(tool.name),
      schema: objectSchema(tool, at, ledger),
      ...(strict === true && { strict }),
      ...(cache !== undefined && { cache: present({ ttl: cache.ttl }) }),
    })
    return ledger.place(encoded, at, tool.cache)
  }
  return undefined
}

function encodeChoice(request: IrRequest, hasTools: boolean, ledger: BlockLedger): WireBlock | undefined {
  const choice = sayableChoice(request, hasTools, ledger)
  const single = hasTools && request.parallelToolCalls === false && choice?.mode !== 'none'
  if (choice === undefined) return single ? { type: 'auto', disable_parallel_tool_use: true } : undefined
  return { ...encodeToolChoice(choice), ...(single && { disable_parallel_tool_use: true }) }
}

function encodeThinking(
  request: IrRequest,
  conversation: Conversation,
  choice: WireBlock | undefined,
  ledger: BlockLedger,
): { readonly thinking?: WireBlock; readonly maxTokens: number } {
  const plan = planThinking(request, obstacleToThinking(conversation, choice))
  if (plan.loss !== undefined) {
    const path = reasoningPath(request.reasoning ?? {}, ledger.paths)
    if (plan.loss.action === 'dropped') ledger.drop(path, plan.loss.reason)
    else ledger.approximate(path, plan.loss.reason)
  }
  ledger.dropExtras(request.reasoning?.extras, ledger.paths.reasoning)
  return plan
}

function obstacleToThinking({ messages }: Conversation, choice: WireBlock | undefined): string | undefined {
  if (choice?.['type'] === 'any' || choice?.['type'] === 'tool') return 'no thinking where tool_choice forces a call'
  const assistant = messages.findLast((message) => message.role === 'assistant')
  const types = new Set(assistant?.content.map((block) => block['type']))
  if (types.has('tool_use') && !types.has('thinking') && !types.has('redacted_thinking'))
    return 'no thinking where the last tool calls came without signed thinking'
  if (messages.at(-1)?.role === 'assistant') return 'no thinking behind a prefill'
  return undefined
}

function encodeSampling({ sampling }: IrRequest, thinks: boolean, ledger: BlockLedger): WireBlock {
  for (const name of ['seed', 'frequencyPenalty', 'presencePenalty'] as const)
    if (sampling[name] !== undefined) ledger.drop(ledger.paths[name], 'no counterpart in Anthropic Messages')
  return present({
    ...encodeRandomness(sampling, thinks, ledger),
    stop_sequences: encodeStop(sampling.stop, ledger),
  })
}

function encodeRandomness(sampling: IrRequest['sampling'], thinks: boolean, ledger: BlockLedger): WireBlock {
  let { temperature, topP, topK } = sampling
  if (temperature !== undefined && temperature > 1) {
    ledger.approximate(ledger.paths.temperature, 'at most 1 here')
    temperature = 1
  }
  if (thinks) {
    if (temperature !== undefined && temperature !== 1) {
      ledger.drop(ledger.paths.temperature, 'not accepted beside thinking')
      temperature = undefined
    }
    if (topK !== undefined) ledger.drop(ledger.paths.topK, 'not accepted beside thinking')
    topK = undefined
    if (topP !== undefined && topP < minTopPWithThinking) {
      ledger.drop(ledger.paths.topP, 'not accepted beside thinking')
      topP = undefined
    }
  }
  // Claude 4.1 and later refuse both at once (seen 2025-10). A 1 says nothing, so it is left out first.
  if (temperature !== undefined && topP !== undefined) {
    if (topP !== 1 && temperature === 1) temperature = undefined
    else {
      if (topP !== 1) ledger.drop(ledger.paths.topP, 'not accepted beside temperature')
      topP = undefined
    }
  }
  return { temperature, top_p: topP, top_k: topK }
}

function encodeStop(stop: readonly string[] | undefined, ledger: BlockLedger): readonly string[] | undefined {
  const kept = stop?.filter((sequence) => sequence.trim() !== '')
  if (kept !== undefined && kept.length !== stop?.length)
    ledger.drop(ledger.paths.stop, 'a stop sequence of white space alone')
  return kept !== undefined && kept.length > 0 ? kept : undefined
}

function encodeOutputConfig(request: IrRequest, ledger: BlockLedger): WireBlock | undefined {
  const config = present({ effort: encodeEffort(request, ledger), format: encodeFormat(request, ledger) })
  return Object.keys(config).length > 0 ? config : undefined
}

/** An effort beside a budget. Only Bedrock's clients can mean this wire's own; alone, an effort becomes a budget. */
function encodeEffort({ source, reasoning }: IrRequest, ledger: BlockLedger): string | undefined {
  const { mode, effort, budgetTokens } = reasoning ?? {}
  if (effort === undefined || mode === undefined) return undefined
  if (source === 'bedrock-converse' && efforts.has(effort)) return effort
  if (budgetTokens !== undefined || mode !== 'enabled')
    ledger.drop(ledger.paths.effort, 'the other of the two words for reasoning was sent')
  return undefined
}

function encodeFormat({ output }: IrRequest, ledger: BlockLedger): WireBlock | undefined {
  switch (output?.type) {
    case 'json-object':
      ledger.drop(ledger.paths.output, 'JSON without a schema cannot be asked for')
      return undefined
    case 'json-schema':
      if (output.description !== undefined) ledger.drop(ledger.paths.outputDescription, 'a format has no description')
      return { type: 'json_schema', schema: output.schema }
    case 'text':
    case undefined:
      return undefined
  }
}

/** Keeps the last breakpoints: they end the longest prefixes. */
function limitCacheMarkers(tools: readonly WireBlock[], conversation: Conversation, ledger: BlockLedger): void {
  const blocks = [
    ...tools,
    ...conversation.system,
    ...conversation.messages.flatMap((message) => message.content.flatMap(withNested)),
  ]
  const marked = blocks.filter((block) => block['cache_control'] !== undefined)
  for (const block of marked.slice(0, -maxCacheMarkers)) {
    delete block['cache_control']
    ledger.drop(ledger.cachePathOf(block), 'at most four cache breakpoints')
  }
}

function withNested(block: WireBlock): WireBlock[] {
  const inner =
    block['type'] === 'tool_result' && Array.isArray(block['content']) ? block['content'].filter(isObject) : []
  return [...inner, block]
}

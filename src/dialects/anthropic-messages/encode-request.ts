// The canonical request as a request of this wire. A request that came from this wire goes back as it was, member by
// member, and the provider judges it; any other passes through encode-foreign.ts.
import { ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, Tool } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CodecTarget, EncodedRequest } from '../dialect.ts'
import { encodeBlock, type WireBlock } from './content.ts'
import { encodeForeign } from './encode-foreign.ts'
import { ownMembers, spellingOf } from './extras.ts'
import { namedBody } from './hosted.ts'
import { present } from '../kit/present.ts'
import { encodeOwnThinking } from './thinking.ts'
import { encodeFunctionTool, encodeToolChoice } from './tools.ts'

/** The path below a provider's base URL. */
export const messagesPath = '/v1/messages'

/** The version that knows every parameter we send; a client's own version is forwarded where its bytes are. */
export const defaultVersion = '2023-06-01'

const encoder = new TextEncoder()

/** Encodes a request for the target's model; fails where sending less would change what the client asked. */
export function encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest> {
  if (request.source !== 'anthropic-messages') {
    const encoded = encodeForeign(request, target)
    if (!encoded.ok) return encoded
    const { body, losses, toolNames } = encoded.value
    return ok({ call: callOf(body, target), losses, toolNames })
  }
  return ok({ call: callOf(encodeOwn(request, target), target), losses: [], toolNames: new Map() })
}

function callOf(body: WireBlock, target: CodecTarget): EncodedRequest['call'] {
  const version = target.traits?.bodyVersion === undefined ? { 'anthropic-version': defaultVersion } : {}
  return {
    path: messagesPath,
    headers: { 'content-type': 'application/json', ...version },
    body: encoder.encode(JSON.stringify(namedBody(body, target))),
  }
}

function encodeOwn(request: IrRequest, target: CodecTarget): WireBlock {
  const { sampling } = request
  const { output_format: _legacy, ...own } = { ...ownMembers(request.extras) }
  return {
    ...own,
    model: target.model,
    ...present({
      max_tokens: sampling.maxOutputTokens,
      system: request.instructions.length > 0 ? request.instructions.map(encodeBlock) : undefined,
    }),
    messages: request.turns.map((turn) => ({
      ...ownMembers(turn.extras),
      role: turn.role,
      content: turn.parts.map(encodeBlock),
    })),
    ...present({
      tools: request.tools.length > 0 ? request.tools.map(encodeOwnTool) : undefined,
      tool_choice: encodeOwnChoice(request, own['tool_choice']),
      temperature: sampling.temperature,
      top_p: sampling.topP,
      top_k: sampling.topK,
      stop_sequences: sampling.stop,
      thinking: encodeOwnThinking(request.reasoning) ?? own['thinking'],
      metadata: merged(own['metadata'], present({ user_id: request.user })),
      stream: request.stream ? true : own['stream'],
    }),
    ...encodeOwnOutput(request, own['output_config']),
  }
}

function encodeOwnTool(tool: Tool): WireBlock {
  switch (tool.type) {
    case 'function':
      return encodeFunctionTool(tool)
    case 'opaque':
      return isObject(tool.value) ? tool.value : { type: tool.kind }
    case 'custom':
      // Not of this wire, so not from it either: the name alone, for the provider to refuse.
      return { name: tool.name }
  }
}

function encodeOwnChoice(request: IrRequest, rest: unknown): WireBlock | undefined {
  if (request.toolChoice === undefined) return undefined
  const parallel = request.parallelToolCalls
  return {
    ...membersOf(rest),
    ...encodeToolChoice(request.toolChoice),
    ...(parallel !== undefined && { disable_parallel_tool_use: !parallel }),
  }
}

/** The schema goes back where it stood: `output_config.format`, or `output_format` in requests of its beta. */
function encodeOwnOutput(request: IrRequest, rest: unknown): WireBlock {
  const { output, reasoning, extras } = request
  const legacy = spellingOf(extras)['output_format'] ?? extras?.['output_format']
  const schema = output?.type === 'json-schema' ? { type: 'json_schema', schema: output.schema } : undefined
  const inLegacy = isObject(legacy) && legacy['type'] === 'json_schema'
  const config = membersOf(rest)
  const format = schema === undefined || inLegacy ? config['format'] : { ...membersOf(config['format']), ...schema }
  return present({
    output_config: merged(config, present({ effort: reasoning?.effort, format })),
    output_format: inLegacy ? { ...legacy, ...schema } : legacy,
  })
}

function merged(rest: unknown, members: WireBlock): WireBlock | undefined {
  const all = { ...membersOf(rest), ...members }
  return Object.keys(all).length > 0 ? all : undefined
}

function membersOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? ownMembers(value) : {}
}

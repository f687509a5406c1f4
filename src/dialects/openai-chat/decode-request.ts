// A request of this wire as the canonical request. Owns the top-level members; messages and tools have their own files.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, OutputFormat } from '../../ir/request.ts'
import type { WireRequest } from '../dialect.ts'
import { decodeMessages } from './decode-messages.ts'
import { decodeToolChoice, decodeTools, incompleteTool } from './decode-tools.ts'
import { extrasOf, silently, unknownMembers, type Members } from './extras.ts'
import { clientNames } from '../kit/client-paths.ts'
import { present } from '../kit/present.ts'
import { decodeFormat } from '../openai-wire/output-format.ts'
import { decodeSampling } from '../openai-wire/sampling.ts'
import { readRequest, type RequestShape } from './schema.ts'

const knownMembers: readonly string[] = [
  'model',
  'messages',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'n',
  'stop',
  'reasoning_effort',
  'stream',
  'user',
]

/** Decodes a request; fails with `invalid_value` or `invalid_messages` where a member has another shape than the wire's. */
export function decodeRequest(wire: WireRequest): Outcome<IrRequest> {
  const reading = readRequest(wire.body.value)
  if (!reading.ok) {
    const code = reading.fault.at.startsWith('messages') ? 'invalid_messages' : 'invalid_value'
    return failed(code, { param: reading.fault.at })
  }
  const request = reading.value
  const incomplete = incompleteTool(request)
  if (incomplete !== undefined) return failed('missing_required_parameter', { param: incomplete })
  const messages = decodeMessages(request.messages)
  if (!messages.ok) return messages
  return ok({
    source: 'openai-chat',
    model: request.model,
    ...messages.value,
    tools: decodeTools(request),
    sampling: decodeSampling(request, request.max_completion_tokens ?? request.max_tokens),
    stream: request.stream === true,
    ...present({
      toolChoice: decodeToolChoice(request),
      parallelToolCalls: request.parallel_tool_calls ?? undefined,
      reasoning: request.reasoning_effort ? { effort: request.reasoning_effort } : undefined,
      output: decodeOutput(request.response_format),
      streamUsage: request.stream === true ? request.stream_options?.include_usage === true : undefined,
      choices: request.n ?? undefined,
      user: request.user ?? undefined,
      at: olderNames(request),
      extras: decodeExtras(request),
    }),
  })
}

/** Where the client used a name from before. */
function olderNames(request: RequestShape): IrRequest['at'] {
  const { max_completion_tokens: limit, max_tokens: olderLimit, tool_choice: choice, function_call: older } = request
  return clientNames({
    maxOutputTokens: typeof limit !== 'number' && typeof olderLimit === 'number' ? 'max_tokens' : undefined,
    toolChoice: !choice && older ? 'function_call' : undefined,
  })
}

function decodeOutput(format: RequestShape['response_format']): OutputFormat | undefined {
  return decodeFormat(format?.type, (format?.json_schema ?? {}) as Members)
}

function decodeExtras(request: RequestShape): IrRequest['extras'] {
  const known = new Set(knownMembers)
  // Of two limits the newer one counts, and the older one is lost elsewhere.
  if (request.max_completion_tokens === undefined || request.max_completion_tokens === null) known.add('max_tokens')
  const options = unknownMembers(request.stream_options ?? {}, new Set(['include_usage'])).said
  const format = formatExtras(request.response_format)
  const rest = {
    ...request,
    stream_options: Object.keys(options).length > 0 ? options : undefined,
    response_format: format,
  }
  return extrasOf(rest, known, silently(silentMembers(request)))
}

/** What of a response format has no canonical name: all of one that only this provider knows. */
function formatExtras(format: RequestShape['response_format']): unknown {
  if (format === undefined || format === null || decodeOutput(format) === undefined) return format
  const outer = unknownMembers(format, new Set(['type', 'json_schema'])).said
  const inner = unknownMembers(format.json_schema ?? {}, new Set(['schema', 'name', 'description', 'strict'])).said
  const all = Object.keys(inner).length > 0 ? { ...outer, json_schema: inner } : outer
  return Object.keys(all).length > 0 ? all : undefined
}

// Spellings of one and the same thing, and members that say what is so without them.
function silentMembers(request: RequestShape): Members {
  const { tools, functions, stop, tool_choice: choice, function_call: legacyChoice } = request
  return {
    ...(request.stream === false && { stream: false }),
    ...(typeof request.stream_options?.include_usage === 'boolean' && {
      stream_options: { include_usage: request.stream_options.include_usage },
    }),
    ...(tools?.length === 0 && { tools }),
    ...(functions?.length === 0 && { functions }),
    ...(typeof stop === 'string' && { stop }),
    ...(choice === 'any' && { tool_choice: choice }),
    ...(legacyChoice !== undefined && legacyChoice !== null && { function_call: legacyChoice }),
    ...(typeof request.max_tokens === 'number' &&
      typeof request.max_completion_tokens !== 'number' && { max_tokens: request.max_tokens }),
  }
}

// A request of this wire as the canonical one. Owns the envelope; blocks, tools and thinking have their own files.
// https://platform.claude.com/docs/en/api/messages
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, OutputFormat, Sampling, Turn } from '../../ir/request.ts'
import type { WireRequest } from '../dialect.ts'
import { decodeContent } from './content.ts'
import { extrasOf } from './extras.ts'
import { clientNames } from '../kit/client-paths.ts'
import { present } from '../kit/present.ts'
import type { Fault } from '../kit/shape.ts'
import { readRequest, type RequestShape } from './schema.ts'
import { decodeReasoning, knownMode } from './thinking.ts'
import { decodeToolChoice, decodeTools } from './tools.ts'

const canonical = [
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
]

/** Decodes a request; fails with the path of the first thing that does not have the shape of this wire. */
export function decodeRequest(request: WireRequest): Outcome<IrRequest> {
  const reading = readRequest(request.body.value)
  if (!reading.ok) return refused(reading.fault)
  const body = reading.value
  // Required on this wire, whatever another one defaults to.
  if (body.max_tokens === undefined || body.max_tokens === null)
    return failed('missing_required_parameter', {
      param: 'max_tokens',
      message: 'max_tokens: a required field is absent',
    })

  const faults: Fault[] = []
  const decoded: IrRequest = {
    source: 'anthropic-messages',
    model: body.model ?? '',
    instructions: decodeContent(body.system ?? [], 'system', faults),
    turns: body.messages.map((message, index) => decodeTurn(message, `messages[${index}]`, faults)),
    tools: decodeTools(body.tools, faults),
    sampling: decodeSampling(body),
    stream: body.stream === true,
    ...present({
      toolChoice: body.tool_choice ? decodeToolChoice(body.tool_choice) : undefined,
      parallelToolCalls: parallelToolCalls(body.tool_choice),
      reasoning: decodeReasoning(body),
      output: decodeOutput(body),
      user: body.metadata?.user_id ?? undefined,
      bound: bindingOf(body),
      at: betaNames(body),
      extras: decodeExtras(body),
    }),
  }
  const fault = faults[0]
  return fault === undefined ? ok(decoded) : refused(fault)
}

/** A thread's earlier messages are with the provider alone: without them another one would answer something else. */
function bindingOf(body: RequestShape): IrRequest['bound'] {
  const thread: unknown = body['thread']
  if (thread === undefined || thread === null) return undefined
  return { param: 'thread', reason: 'continues a conversation that only its own provider has stored' }
}

function refused({ at, message }: Fault): Outcome<IrRequest> {
  const code = at.startsWith('messages') ? 'invalid_messages' : 'invalid_value'
  return failed(code, { param: at, message: `${at}: ${message}` })
}

function decodeTurn(message: RequestShape['messages'][number], at: string, faults: Fault[]): Turn {
  return {
    role: message.role,
    parts: decodeContent(message.content, `${at}.content`, faults),
    at,
    ...present({ extras: extrasOf(message, ['role', 'content']) }),
  }
}

function decodeSampling(body: RequestShape): Sampling {
  return present({
    maxOutputTokens: body.max_tokens ?? undefined,
    temperature: body.temperature ?? undefined,
    topP: body.top_p ?? undefined,
    topK: body.top_k ?? undefined,
    stop: body.stop_sequences ?? undefined,
  })
}

function parallelToolCalls(choice: RequestShape['tool_choice']): boolean | undefined {
  const disabled = choice?.disable_parallel_tool_use ?? undefined
  return disabled === undefined ? undefined : !disabled
}

function decodeOutput(body: RequestShape): OutputFormat | undefined {
  const format = formatOf(body)
  return format === undefined ? undefined : { type: 'json-schema', schema: format.schema }
}

function formatOf(body: RequestShape): { readonly schema?: unknown } | undefined {
  const format = body.output_config?.format ?? body.output_format ?? undefined
  return format?.type === 'json_schema' ? format : undefined
}

/** The schema stands in another member in requests of its beta. */
function betaNames(body: RequestShape): IrRequest['at'] {
  const isBeta = !body.output_config?.format && formatOf(body) !== undefined
  return clientNames(isBeta ? { output: 'output_format', outputSchema: 'output_format.schema' } : {})
}

/** The members without a canonical name, at the top and inside the records whose other members have one. */
function decodeExtras(body: RequestShape): IrRequest['extras'] {
  const { output_config: config, output_format: legacy, tool_choice: choice, thinking } = body
  const usesLegacy = !config?.format && formatOf(body) !== undefined
  const format = config?.format?.type === 'json_schema' ? leftOver(config.format, ['type', 'schema']) : config?.format
  return extrasOf(
    {
      ...Object.fromEntries(Object.entries(body).filter(([key]) => !canonical.includes(key))),
      tool_choice: isOpaqueChoice(choice) ? undefined : leftOver(choice, ['type', 'name', 'disable_parallel_tool_use']),
      metadata: leftOver(body.metadata, ['user_id']),
      output_config: leftOver({ ...config, format }, ['effort']),
      output_format: usesLegacy ? undefined : legacy,
      thinking: knownMode(thinking?.type) === undefined ? thinking : undefined,
    },
    [],
    { ...(body.stream === false && { stream: false }), ...(usesLegacy && { output_format: legacy }) },
  )
}

function isOpaqueChoice(choice: RequestShape['tool_choice']): boolean {
  return !choice || decodeToolChoice(choice).mode === 'opaque'
}

function leftOver(value: Readonly<Record<string, unknown>> | null | undefined, known: readonly string[]): unknown {
  const extras = extrasOf(value ?? {}, known)
  return extras !== undefined && Object.keys(extras).length > 0 ? extras : undefined
}

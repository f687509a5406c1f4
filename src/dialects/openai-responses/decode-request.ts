// A request of this wire as the canonical request. Owns the top-level members.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, OutputFormat, ReasoningRequest, Sampling } from '../../ir/request.ts'
import type { WireRequest } from '../dialect.ts'
import { clientNames } from '../kit/client-paths.ts'
import { present, textOf } from '../kit/present.ts'
import { decodeFormat } from '../openai-wire/output-format.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { decodeItems, type DecodedInput } from './decode-input.ts'
import { decodeToolChoice, decodeTools, namelessTool } from './decode-tools.ts'
import { pack, unknownMembers, without, type Aside, type Members } from './extras.ts'
import { readRequest, type RequestShape } from './schema.ts'

const knownMembers = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'reasoning',
  'text',
  'stream',
  'user',
])

/**
 * Decodes a request; fails with `invalid_value` or `invalid_messages` where a member has another shape than the wire's.
 * What ties it to something that its provider stored is in `bound`: on this wire it goes back, another has to refuse it.
 */
export function decodeRequest(wire: WireRequest): Outcome<IrRequest> {
  const reading = readRequest(wire.body.value)
  if (!reading.ok)
    return failed(reading.fault.at.startsWith('input') ? 'invalid_messages' : 'invalid_value', {
      param: reading.fault.at,
    })
  const request = reading.value
  const nameless = namelessTool(request.tools)
  if (nameless !== undefined) return failed('missing_required_parameter', { param: nameless })
  const input = decodeInput(request.input)
  if (!input.ok) return input
  const { instructions, turns, bound } = input.value
  return ok({
    source: 'openai-responses',
    model: request.model,
    instructions: [...decodeInstructions(request.instructions), ...instructions],
    turns,
    tools: decodeTools(request.tools),
    sampling: decodeSampling(request),
    stream: request.stream === true,
    ...present({
      toolChoice: decodeToolChoice(request.tool_choice),
      parallelToolCalls: request.parallel_tool_calls ?? undefined,
      reasoning: decodeReasoning(request.reasoning),
      output: decodeOutput(request.text?.format),
      user: request.user ?? request.safety_identifier ?? undefined,
      at: clientNames({ user: isIdentified(request) ? 'safety_identifier' : undefined }),
      bound: bindingOf(request) ?? bound,
      extras: decodeExtras(request),
    }),
  })
}

function decodeInput(input: RequestShape['input']): Outcome<DecodedInput> {
  if (typeof input !== 'string') return decodeItems(input ?? [])
  return ok({
    instructions: [],
    turns: [{ role: 'user', parts: [{ type: 'text', text: input, at: 'input' }], at: 'input' }],
  })
}

function decodeInstructions(text: string | null | undefined): IrRequest['instructions'] {
  return text === undefined || text === null ? [] : [{ type: 'text', text, at: 'instructions' }]
}

function decodeSampling(request: RequestShape): Sampling {
  return present({
    maxOutputTokens: request.max_output_tokens ?? undefined,
    temperature: request.temperature ?? undefined,
    topP: request.top_p ?? undefined,
  })
}

function decodeReasoning(reasoning: RequestShape['reasoning']): ReasoningRequest | undefined {
  const effort = textOf(reasoning?.effort)
  const extras = pack(unknownMembers(reasoning ?? {}, new Set(['effort'])).said)
  return effort === undefined && extras === undefined ? undefined : present({ effort, extras })
}

type Format = NonNullable<RequestShape['text']>['format']

function decodeOutput(format: Format): OutputFormat | undefined {
  return decodeFormat(format?.type, format ?? {})
}

/** What only the provider that stored it can go on with. */
function bindingOf(request: RequestShape): IrRequest['bound'] {
  const stored: readonly (readonly [string, string])[] = [
    ['previous_response_id', 'refers to an answer that only its own provider has stored'],
    ['conversation', 'refers to a conversation that only its own provider stores'],
    ['prompt', 'refers to a prompt that only its own provider stores'],
  ]
  for (const [param, reason] of stored) if (!isPlaceholder(request[param])) return { param, reason }
  if (request.background === true)
    return { param: 'background', reason: 'asks for an answer that only its own provider keeps until it is fetched' }
  if (request.store === true)
    return { param: 'store', reason: 'asks for the answer to be stored, which only its own provider can do' }
  return undefined
}

/** The end user's identifier stands in the newer of its two members. */
function isIdentified(request: RequestShape): boolean {
  return !request.user && textOf(request.safety_identifier) !== undefined
}

function decodeExtras(request: RequestShape): IrRequest['extras'] {
  const known = new Set(knownMembers)
  const identified = isIdentified(request)
  if (identified) known.add('safety_identifier')
  const { said, silent } = unknownMembers(request, known)
  const defaults = Object.entries(said).filter(([key, value]) => isDefault(key, value))
  const text = textExtras(request.text)
  const unseen: Aside = {
    silent: { ...silent, ...Object.fromEntries(defaults), ...emptyMembers(request, text) },
    ...(typeof request.input === 'string' && { bare: true }),
    ...(identified && { identifier: true }),
  }
  const others = without(
    said,
    defaults.map(([key]) => key),
  )
  return pack({ ...others, ...present({ text }) }, unseen)
}

/** Members that say what is so without them, here and on every other wire. */
function isDefault(key: string, value: unknown): boolean {
  switch (key) {
    case 'store':
    case 'background':
      return value === false
    case 'truncation':
      return value === 'disabled'
    case 'service_tier':
      return value === 'auto'
    case 'stream_options':
      return Object.keys(value as Members).every((option) => option === 'include_obfuscation')
    default:
      return false
  }
}

/** What of `text` has no canonical name: all of a format that only this provider knows. */
function textExtras(text: RequestShape['text']): Members | undefined {
  const said = unknownMembers(text ?? {}, new Set(['format'])).said
  const { format } = text ?? {}
  const foreign =
    format === undefined || format === null
      ? {}
      : decodeOutput(format) === undefined
        ? format
        : unknownMembers(format, new Set(['type', 'schema', 'name', 'description', 'strict'])).said
  const all = { ...said, ...(Object.keys(foreign).length > 0 && { format: foreign }) }
  return Object.keys(all).length > 0 ? all : undefined
}

/** Records and lists that are there and say nothing. */
function emptyMembers(request: RequestShape, text: Members | undefined): Members {
  const { tools, reasoning, stream } = request
  const nothing = request.text && text === undefined && decodeOutput(request.text.format) === undefined
  return {
    ...(stream === false && { stream }),
    ...(tools?.length === 0 && { tools }),
    ...(reasoning && decodeReasoning(reasoning) === undefined && { reasoning: {} }),
    ...(nothing && { text: {} }),
  }
}

// A request of this wire as the canonical one. Owns the envelope; blocks, tools and the model's own fields have files of
// their own.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, Sampling, Turn } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { WireRequest } from '../dialect.ts'
import { clientNames } from '../kit/client-paths.ts'
import { present, textOf } from '../kit/present.ts'
import { decodeContent } from './decode-content.ts'
import { leftOver, objectOf, pack, type Members } from './extras.ts'
import { decodeModelFields, type ModelFields } from './model-fields.ts'
import { decodeOutput, type OutputReading } from './output-format.ts'
import { actionOf, readPath } from './retarget.ts'
import type { Fault } from '../kit/shape.ts'
import { readRequest, type RequestShape } from './schema.ts'
import { decodeToolChoice, decodeTools } from './tools.ts'

/** Decodes a request; fails with the path of the first thing that does not have the shape of this wire. */
export function decodeRequest(request: WireRequest): Outcome<IrRequest> {
  const reading = readRequest(bodyOf(request))
  if (!reading.ok) return refused(reading.fault)
  const body = reading.value
  const faults: Fault[] = []
  const output = decodeOutput(body)
  const fields = decodeModelFields(objectOf(body.additionalModelRequestFields), body.outputConfig?.effort ?? undefined)
  const { toolConfig } = body
  const decoded: IrRequest = {
    source: 'bedrock-converse',
    model: modelOf(request),
    instructions: decodeContent(body.system ?? [], { at: 'system', role: 'system' }, faults),
    turns: (body.messages ?? []).map((message, index) => decodeTurn(message, `messages[${index}]`, faults)),
    tools: decodeTools(toolConfig?.tools ?? [], faults),
    sampling: decodeSampling(body, fields),
    stream: actionOf(request) === 'converse-stream',
    ...present({
      toolChoice: toolConfig?.toolChoice ? decodeToolChoice(toolConfig.toolChoice) : undefined,
      parallelToolCalls: fields.parallelToolCalls,
      reasoning: fields.reasoning,
      output: output.format,
      at: clientNames(fields.at),
      bound: boundOf(body),
      extras: decodeExtras(body, fields, output),
    }),
  }
  const fault = faults[0]
  return fault === undefined ? ok(decoded) : refused(fault)
}

/** A prompt that is stored at the provider: nobody else can fill its variables in. */
function boundOf(body: Members): IrRequest['bound'] {
  const { promptVariables } = body
  return promptVariables === undefined || promptVariables === null
    ? undefined
    : { param: 'promptVariables', reason: 'the prompt is stored at the provider' }
}

/** The model of a request: in its path; the SDKs' own records have it beside the body. */
export function modelOf({ path, body }: WireRequest): string {
  return readPath(path)?.model ?? textOf(body.value['modelId']) ?? ''
}

/** The record that holds the conversation: counting tokens wraps it. */
export function bodyOf(request: WireRequest): Members {
  const { converse } = objectOf(request.body.value['input'])
  return actionOf(request) === 'count-tokens' && isObject(converse) ? converse : request.body.value
}

function refused({ at, message }: Fault): Outcome<IrRequest> {
  const code = at.startsWith('messages') ? 'invalid_messages' : 'invalid_value'
  return failed(code, { param: at, message: `${at}: ${message}` })
}

function decodeTurn(message: NonNullable<RequestShape['messages']>[number], at: string, faults: Fault[]): Turn {
  const { role } = message
  return {
    role,
    parts: decodeContent(message.content, { at: `${at}.content`, role }, faults),
    at,
    ...present({ extras: pack(leftOver(message, ['role', 'content'])) }),
  }
}

function decodeSampling({ inferenceConfig }: RequestShape, { topK }: ModelFields): Sampling {
  return present({
    maxOutputTokens: inferenceConfig?.maxTokens ?? undefined,
    temperature: inferenceConfig?.temperature ?? undefined,
    topP: inferenceConfig?.topP ?? undefined,
    topK,
    stop: inferenceConfig?.stopSequences ?? undefined,
  })
}

const canonical = ['modelId', 'messages', 'system', 'inferenceConfig', 'toolConfig', 'outputConfig']

function decodeExtras(body: RequestShape, fields: ModelFields, output: OutputReading): IrRequest['extras'] {
  const said = {
    ...leftOver(body, [...canonical, 'additionalModelRequestFields']),
    ...nonEmpty({
      inferenceConfig: leftOver(body.inferenceConfig, ['maxTokens', 'temperature', 'topP', 'stopSequences']),
      toolConfig: leftOver(body.toolConfig, ['tools', 'toolChoice']),
      outputConfig: output.rest,
      additionalModelRequestFields: fields.rest,
    }),
  }
  // Clients like to send empty records: they mean nothing, and come back.
  const empty = Object.entries(body).filter(([key, value]) => canonical.includes(key) && isEmpty(value))
  return pack(said, {
    ...(empty.length > 0 && { empty: Object.fromEntries(empty) }),
    ...(isEmpty(body.additionalModelRequestFields) && { emptyFields: true }),
    ...(fields.spelling['fields'] !== undefined && listed(fields.spelling) && { spelling: fields.spelling }),
    ...present({ schemaText: output.schemaText }),
  })
}

function listed({ fields }: Members): boolean {
  return Array.isArray(fields) && fields.length > 0
}

function nonEmpty(records: Readonly<Record<string, Members | undefined>>): Members {
  return Object.fromEntries(Object.entries(records).filter(([, value]) => value !== undefined && !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

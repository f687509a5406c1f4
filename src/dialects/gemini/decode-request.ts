// A request of this wire as the canonical one. Owns the envelope; contents, tools and thinking have their own files.
// https://ai.google.dev/api/generate-content#request-body
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { ContentPart, Extras } from '../../ir/content.ts'
import type { IrRequest, OutputFormat, Sampling } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { WireRequest } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { createCallIds } from './call-ids.ts'
import { decodeContents } from './decode-contents.ts'
import { decodeParts } from './decode-part.ts'
import { decodeToolChoice, decodeTools } from './decode-tools.ts'
import { placeOf } from './endpoint.ts'
import { packOwn, unknownMembers, validatedMode, type Aside, type Members } from './extras.ts'
import { askedOf } from './facts.ts'
import { decodeSchema } from './gemini-schema.ts'
import { camelKeys, camelRecord, repeated, spelledPlaces, spellingOf } from './names.ts'
import type { Fault } from '../kit/shape.ts'
import { readRequest, type RequestShape } from './schema.ts'
import { decodeThinking } from './thinking.ts'

const outputMembers = ['responseMimeType', 'responseSchema', 'responseJsonSchema', '_responseJsonSchema'] as const

const topMembers = new Set(['model', 'contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig'])
const samplingMembers = [
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'stopSequences',
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'candidateCount',
  'thinkingConfig',
]

/**
 * Decodes a request to generate, or to count tokens in either of its forms; fails with the path of the first thing that
 * does not have the shape of this wire.
 */
export function decodeRequest(request: WireRequest): Outcome<IrRequest> {
  const asked = askedOf(request)
  const reading = readRequest(envelopeOf(camelKeys(asked)))
  if (!reading.ok) return refused(reading.fault)
  const body = reading.value
  const { model, action } = placeOf(request.path)
  const faults: Fault[] = []
  const config = body.generationConfig ?? {}
  const calling = body.toolConfig?.functionCallingConfig
  const output = decodeOutput(config)
  const bound = body.cachedContent
    ? { param: spellingOf(asked, 'cachedContent'), reason: 'a cache that is kept at Google' }
    : undefined
  const decoded: IrRequest = {
    source: 'gemini',
    model,
    instructions: decodeInstructions(body.systemInstruction, spellingOf(asked, 'systemInstruction'), faults),
    turns: decodeContents(body.contents, faults),
    tools: decodeTools(body.tools, repeated(camelKeys(asked)['tools']), faults),
    sampling: decodeSampling(config),
    stream: action === 'streamGenerateContent',
    ...present({
      toolChoice: calling === undefined ? undefined : decodeToolChoice(calling),
      reasoning: isObject(config.thinkingConfig) ? decodeThinking(config.thinkingConfig) : undefined,
      output,
      choices: config.candidateCount ?? undefined,
      bound,
      at: spelledPlaces(asked),
    }),
    extras: decodeExtras(body, asked, output),
  }
  const fault = faults[0]
  return fault === undefined ? ok(decoded) : refused(fault)
}

function refused({ at, message }: Fault): Outcome<IrRequest> {
  const code = at.startsWith('contents') ? 'invalid_messages' : 'invalid_value'
  return failed(code, { param: at, message: `${at}: ${message}` })
}

/** The body with its keys in camelCase down to the parts, and lists where a single value may stand. */
function envelopeOf(body: Members): Members {
  const config = body['generationConfig']
  const toolConfig = body['toolConfig']
  return {
    ...body,
    contents: repeated(body['contents']).map(contentOf),
    systemInstruction: instructionOf(body['systemInstruction']),
    tools: repeated(body['tools']).map((tool) => {
      if (!isObject(tool)) return tool
      const named = camelKeys(tool)
      return { ...named, functionDeclarations: repeated(named['functionDeclarations']) }
    }),
    generationConfig: isObject(config) ? camelKeys(config) : config,
    toolConfig: isObject(toolConfig) ? toolConfigOf(toolConfig) : toolConfig,
  }
}

function contentOf(content: unknown): unknown {
  return isObject(content) ? { ...content, parts: repeated(content['parts']) } : content
}

// Google's SDKs take a text or a part for a content; over the wire some clients send it so.
function instructionOf(value: unknown): unknown {
  if (typeof value === 'string') return { parts: [{ text: value }] }
  return isObject(value) && !('parts' in value) && 'text' in value ? { parts: [value] } : contentOf(value)
}

function toolConfigOf(config: Members): Members {
  const named = camelKeys(config)
  return { ...named, functionCallingConfig: camelRecord(named['functionCallingConfig']) }
}

function decodeInstructions(content: RequestShape['systemInstruction'], at: string, faults: Fault[]): ContentPart[] {
  if (!content) return []
  return decodeParts(content.parts, `${at}.parts`, { ids: createCallIds(), faults })
}

type Config = NonNullable<RequestShape['generationConfig']>

function decodeSampling(config: Config): Sampling {
  return present({
    maxOutputTokens: config.maxOutputTokens ?? undefined,
    temperature: config.temperature ?? undefined,
    topP: config.topP ?? undefined,
    topK: config.topK ?? undefined,
    stop: config.stopSequences ?? undefined,
    seed: config.seed ?? undefined,
    frequencyPenalty: config.frequencyPenalty ?? undefined,
    presencePenalty: config.presencePenalty ?? undefined,
  })
}

/** The output format; undefined for a form that only this wire has (an enum as bare text), which then is an extra. */
function decodeOutput(config: Config): OutputFormat | undefined {
  const { responseMimeType: type, responseSchema: own } = config
  const json = config['responseJsonSchema'] ?? config['_responseJsonSchema']
  if (type === 'text/plain') return { type: 'text' }
  if (type !== 'application/json') return undefined
  if (isObject(json)) return { type: 'json-schema', schema: json }
  return isObject(own) ? { type: 'json-schema', schema: decodeSchema(own) } : { type: 'json-object' }
}

/** The members without a canonical name, those of inner records under dotted names. */
function decodeExtras(body: RequestShape, asked: Members, output: OutputFormat | undefined): Extras {
  const config = body.generationConfig ?? {}
  const calling = body.toolConfig?.functionCallingConfig ?? {}
  const known = new Set([...samplingMembers, ...(output === undefined ? [] : outputMembers)])
  // Text alone is what every model answers with.
  const plain = JSON.stringify(config['responseModalities'])?.toUpperCase() === '["TEXT"]'
  if (plain) known.add('responseModalities')
  const unseen: Aside = {
    body: asked,
    ...(plain && { silent: { 'generationConfig.responseModalities': config['responseModalities'] } }),
    ...(output !== undefined && { output: pick(config, outputMembers) }),
    ...(Object.keys(calling).length > 0 && { choice: calling }),
  }
  const validated = calling.mode?.toUpperCase() === 'VALIDATED' && !calling.allowedFunctionNames?.length
  return packOwn(
    {
      ...spelled(unknownMembers(body, topMembers), asked),
      ...inside(asked, 'generationConfig', unknownMembers(config, known)),
      ...inside(asked, 'toolConfig', unknownMembers(body.toolConfig ?? {}, new Set(['functionCallingConfig']))),
      ...(validated && { [validatedMode]: calling.mode }),
    },
    unseen,
  )
}

/** Members under the names that the client gave them. */
function spelled(members: Members, said: unknown): Members {
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [spellingOf(said, key), value]))
}

/** The same for members of a record in the body, under dotted names. */
function inside(asked: Members, name: string, members: Members): Members {
  const outer = spellingOf(asked, name)
  return Object.fromEntries(
    Object.entries(spelled(members, asked[outer])).map(([key, value]) => [`${outer}.${key}`, value]),
  )
}

function pick(value: Members, keys: readonly string[]): Members {
  return Object.fromEntries(keys.filter((key) => key in value).map((key) => [key, value[key]]))
}

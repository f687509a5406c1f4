// What policy may know of a request, and the few checks the gateway makes itself. Everything else about a request is the
// provider's to judge. Never builds the canonical request.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { RequestFacts } from '../../ir/facts.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import type { WireRequest } from '../dialect.ts'
import { countOf, listOf, present, textOf } from './optional.ts'

const maxModelLength = 512
const maxSessionLength = 512

/** Headers that name a session, first choice first: ours, then what coding agents send. */
const sessionHeaders = ['x-signalbox-session-id', 'x-session-id', 'x-session-affinity', 'session-id', 'session_id']

/** Members whose text the model gets to see. */
const visibleMembers = new Set(['messages', 'tools', 'functions', 'response_format'])

/** Checks a request and extracts its facts; fails with the code of the first check that does not hold. */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = request.body.value
  const fault = faultOf(body)
  if (fault !== undefined) return fault
  const media = scanMedia(listOf(body['messages']))
  const stream = body['stream'] === true
  const effort = textOf(body['reasoning_effort'])
  return ok({
    dialect: 'openai-chat',
    model: body['model'] as string,
    stream,
    wantsUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    needsTools: listOf(body['tools']).length > 0 || listOf(body['functions']).length > 0,
    needsImages: media.images,
    needsAudio: media.audio || listOf(body['modalities']).includes('audio'),
    needsFiles: media.files,
    needsSchema: isObject(body['response_format']) && body['response_format']['type'] === 'json_schema',
    needsReasoning: effort !== undefined && effort !== 'none',
    choices: countOf(body['n']) ?? 1,
    approxInputTokens: estimateTokens(request.body, media.base64Length),
    ...present({
      maxOutputTokens: countOf(body['max_completion_tokens']) ?? countOf(body['max_tokens']),
      sessionKey: sessionKey(request),
    }),
  })
}

type Fault = ReturnType<typeof failed>
type Body = JsonDocument['value']

function faultOf(body: Body): Fault | undefined {
  return modelFault(body['model']) ?? messagesFault(body['messages']) ?? valueFault(body)
}

function modelFault(model: unknown): Fault | undefined {
  if (model === undefined) return failed('missing_required_parameter', { param: 'model' })
  const usable =
    typeof model === 'string' && model.trim() !== '' && model.length <= maxModelLength && !/\p{Cc}/u.test(model)
  return usable ? undefined : failed('invalid_model', { param: 'model' })
}

function messagesFault(messages: unknown): Fault | undefined {
  const usable = Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)
  return usable ? undefined : failed('invalid_messages', { param: 'messages' })
}

// A message without what it is about: the shape every provider refuses, and no translation could read.
function isMessage(message: unknown): boolean {
  if (!isObject(message) || typeof message['role'] !== 'string') return false
  if (message['role'] === 'user') return message['content'] !== undefined
  return message['role'] !== 'tool' || typeof message['tool_call_id'] === 'string'
}

function valueFault(body: Body): Fault | undefined {
  const { stream, tools } = body as { readonly stream?: unknown; readonly tools?: unknown }
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') return invalidValue('stream')
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) return invalidValue('tools')
  const wrong = ['max_tokens', 'max_completion_tokens', 'n'].find((key) => !isPositiveCount(body[key]))
  return wrong === undefined ? undefined : invalidValue(wrong)
}

function isPositiveCount(value: unknown): boolean {
  return value === undefined || value === null || (countOf(value) ?? 0) > 0
}

function invalidValue(param: string): Fault {
  return failed('invalid_value', { param })
}

interface Media {
  images: boolean
  audio: boolean
  files: boolean
  base64Length: number
}

function scanMedia(messages: readonly unknown[]): Media {
  const media: Media = { images: false, audio: false, files: false, base64Length: 0 }
  for (const message of messages)
    for (const part of listOf(isObject(message) ? message['content'] : undefined))
      if (isObject(part)) scanPart(part, media)
  return media
}

function scanPart(part: Readonly<Record<string, unknown>>, media: Media): void {
  const payload = part[String(part['type'])]
  switch (part['type']) {
    case 'image_url': {
      media.images = true
      const url = isObject(payload) ? payload['url'] : payload
      if (typeof url === 'string' && url.startsWith('data:')) media.base64Length += url.length
      break
    }
    case 'input_audio':
      media.audio = true
      media.base64Length += lengthOf(payload, 'data')
      break
    case 'file':
      media.files = true
      media.base64Length += lengthOf(payload, 'file_data')
      break
    default:
  }
}

function lengthOf(payload: unknown, key: string): number {
  const data = isObject(payload) ? payload[key] : undefined
  return typeof data === 'string' ? data.length : 0
}

/**
 * A rough count of input tokens from the size of the text, without reading it again: four ASCII characters to a token,
 * 1.4 others. UTF-8 tells how many others there are: most take two bytes more than their one UTF-16 unit.
 */
function estimateTokens(body: JsonDocument, base64Length: number): number {
  let length = -base64Length
  for (const member of body.members) if (visibleMembers.has(member.key)) length += member.valueEnd - member.valueStart
  const others = Math.min(Math.max(length, 0), Math.ceil((body.bytes.length - body.text.length) / 2))
  return Math.ceil(Math.max(0, length - others) / 4 + others / 1.4)
}

function sessionKey(request: WireRequest): string | undefined {
  const { metadata, prompt_cache_key: cacheKey } = request.body.value as Readonly<Record<string, unknown>>
  const named = sessionHeaders.map((name) => request.headers.get(name)?.trim())
  const candidates = [...named, cacheKey, isObject(metadata) ? metadata['session_id'] : undefined]
  return candidates
    .map(textOf)
    .find((key) => key !== undefined)
    ?.slice(0, maxSessionLength)
}

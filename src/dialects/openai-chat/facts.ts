// What policy may know of a request, and the few checks the gateway makes itself. Everything else about a request is the
// provider's to judge. Never builds the canonical request.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { ImageSource, RequestFacts } from '../../ir/facts.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import type { WireRequest } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import {
  approxTokens,
  booleanFault,
  countFault,
  imageSourceOf,
  listedSources,
  listFault,
  modelFault,
  sessionKeyOf,
  type Fault,
} from '../kit/request-facts.ts'

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
  const modalities = listOf(body['modalities'])
  return ok({
    dialect: 'openai-chat',
    task: 'generate',
    model: body['model'] as string,
    stream,
    wantsUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    needsTools: listOf(body['tools']).length > 0 || listOf(body['functions']).length > 0,
    needsImages: media.images,
    needsAudio: media.audio || modalities.includes('audio'),
    needsFiles: media.files,
    needsSchema: isObject(body['response_format']) && body['response_format']['type'] === 'json_schema',
    needsReasoning: effort !== undefined && effort !== 'none',
    choices: countOf(body['n']) ?? 1,
    approxInputTokens: approxTokens(request.body, visibleMembers, media.base64Length),
    ...present({
      needsServerTools: asksForServerTools(body) || undefined,
      needsImageOutput: modalities.includes('image') || undefined,
      imageSources: listedSources(media.sources),
      maxOutputTokens: countOf(body['max_completion_tokens']) ?? countOf(body['max_tokens']),
      sessionKey: sessionKeyOf(request.headers, body['metadata'], body['prompt_cache_key']),
    }),
  })
}

type Body = JsonDocument['value']

function faultOf(body: Body): Fault | undefined {
  return modelFault(body['model']) ?? messagesFault(body['messages']) ?? valueFault(body)
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
  return (
    booleanFault(body['stream'], 'stream') ??
    listFault(body['tools'], 'tools') ??
    countFault(body['max_tokens'], 'max_tokens') ??
    countFault(body['max_completion_tokens'], 'max_completion_tokens') ??
    countFault(body['n'], 'n')
  )
}

// Search of OpenAI and xAI, and the plugins of OpenRouter; the tools of this wire are the client's own.
// https://platform.openai.com/docs/guides/tools-web-search, https://openrouter.ai/docs/guides/features/plugins
function asksForServerTools(body: Body): boolean {
  if (isObject(body['web_search_options']) || isObject(body['search_parameters'])) return true
  if (listOf(body['plugins']).length > 0) return true
  return listOf(body['tools']).some(
    (tool) => isObject(tool) && typeof tool['type'] === 'string' && !['function', 'custom'].includes(tool['type']),
  )
}

interface Media {
  images: boolean
  audio: boolean
  files: boolean
  sources: Set<ImageSource>
  base64Length: number
}

function scanMedia(messages: readonly unknown[]): Media {
  const media: Media = { images: false, audio: false, files: false, sources: new Set(), base64Length: 0 }
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
      if (typeof url !== 'string') break
      const source = imageSourceOf(url)
      media.sources.add(source)
      if (source === 'inline_base64') media.base64Length += url.length
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

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
  isAbsent,
  listedSources,
  listFault,
  modelFault,
  sessionKeyOf,
  type Fault,
} from '../kit/request-facts.ts'
import type { Members } from './extras.ts'

/** Members whose text the model gets to see. */
const visibleMembers = new Set(['instructions', 'input', 'tools', 'text'])

/** Members that stand for an input which the provider has stored. */
const storedInputs = ['previous_response_id', 'conversation', 'prompt']

/** Checks a request and extracts its facts; fails with the code of the first check that does not hold. */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = request.body.value
  const fault = modelFault(body['model']) ?? inputFault(body) ?? valueFault(body)
  if (fault !== undefined) return fault
  const media = scanMedia(listOf(body['input']))
  const { reasoning, text } = body
  const effort = isObject(reasoning) ? textOf(reasoning['effort']) : undefined
  const format = isObject(text) && isObject(text['format']) ? text['format'] : {}
  return ok({
    dialect: 'openai-responses',
    task: request.task,
    model: body['model'] as string,
    stream: body['stream'] === true,
    wantsUsage: true,
    needsTools: listOf(body['tools']).length > 0,
    needsImages: media.images,
    needsAudio: media.audio,
    needsFiles: media.files,
    needsSchema: format['type'] === 'json_schema',
    needsReasoning: effort !== undefined && effort !== 'none',
    choices: 1,
    approxInputTokens: approxTokens(request.body, visibleMembers, media.base64Length),
    ...present({
      needsServerTools: listOf(body['tools']).some(isServerTool) || undefined,
      imageSources: listedSources(media.sources),
      maxOutputTokens: countOf(body['max_output_tokens']),
      sessionKey: sessionKeyOf(request.headers, body['metadata'], body['prompt_cache_key']),
    }),
  })
}

type Body = JsonDocument['value']

// What the provider runs; a shell, a computer and functions are the client's.
// https://platform.openai.com/docs/guides/tools
function isServerTool(tool: unknown): boolean {
  const type = isObject(tool) ? tool['type'] : undefined
  return typeof type === 'string' && /^(?:web_search|file_search|code_interpreter|image_generation|mcp)/.test(type)
}

/** The input is text or a list of items, and may only be missing where the provider has stored one. */
function inputFault(body: Body): Fault | undefined {
  const { input } = body
  const stored = storedInputs.some((key) => !isAbsent(body[key]))
  if (isAbsent(input)) return stored ? undefined : failed('missing_required_parameter', { param: 'input' })
  if (typeof input === 'string') return undefined
  if (!Array.isArray(input)) return failed('invalid_value', { param: 'input' })
  const usable = (input.length > 0 || stored) && input.every(isItem)
  return usable ? undefined : failed('invalid_messages', { param: 'input' })
}

// An item without what it is about: the shape every provider refuses, and no translation could read.
function isItem(item: unknown): boolean {
  if (!isObject(item)) return false
  if (typeof item['type'] === 'string' && item['type'] !== 'message') return true
  if (item['type'] === undefined && item['role'] === undefined) return typeof item['id'] === 'string'
  return typeof item['role'] === 'string' && (typeof item['content'] === 'string' || Array.isArray(item['content']))
}

function valueFault(body: Body): Fault | undefined {
  return (
    booleanFault(body['stream'], 'stream') ??
    listFault(body['tools'], 'tools') ??
    countFault(body['max_output_tokens'], 'max_output_tokens')
  )
}

interface Media {
  images: boolean
  audio: boolean
  files: boolean
  sources: Set<ImageSource>
  base64Length: number
}

function scanMedia(items: readonly unknown[]): Media {
  const media: Media = { images: false, audio: false, files: false, sources: new Set(), base64Length: 0 }
  for (const item of items)
    if (isObject(item))
      for (const part of [...listOf(item['content']), ...listOf(item['output'])])
        if (isObject(part)) scanPart(part, media)
  return media
}

function scanPart(part: Members, media: Media): void {
  switch (part['type']) {
    case 'input_image':
      media.images = true
      if (typeof part['image_url'] === 'string') media.sources.add(imageSourceOf(part['image_url']))
      else if (typeof part['file_id'] === 'string') media.sources.add('provider_file_ref')
      media.base64Length += inlineLength(part['image_url'])
      break
    case 'input_file':
      media.files = true
      media.base64Length += textOf(part['file_data'])?.length ?? 0
      break
    case 'input_audio':
      media.audio = true
      media.base64Length += isObject(part['input_audio']) ? (textOf(part['input_audio']['data'])?.length ?? 0) : 0
      break
    default:
  }
}

function inlineLength(url: unknown): number {
  return typeof url === 'string' && url.startsWith('data:') ? url.length : 0
}

// What the gateway must know of a request: checked and counted on the parsed body, without building anything.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { ImageSource, RequestFacts } from '../../ir/facts.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { WireRequest } from '../dialect.ts'
import { countOf, present } from '../kit/present.ts'
import {
  approxTokens,
  countFault,
  imageSourceOf,
  isAbsent,
  listedSources,
  modelFault,
  sessionKeyOf,
  type Fault,
} from '../kit/request-facts.ts'
import { placeOf } from './endpoint.ts'
import type { Members } from './extras.ts'
import { camelRecord, repeated } from './names.ts'

/** Members whose text the model gets to see. */
const visibleMembers = new Set([
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'generateContentRequest',
  'generate_content_request',
])

/** Checks a request and extracts its facts; fails with the code of the first check that does not hold. */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const { model, action } = placeOf(request.path)
  const body = camelRecord(askedOf(request))
  const fault = modelFault(model) ?? contentsFault(body['contents']) ?? valueFault(body)
  if (fault !== undefined) return fault
  const config = camelRecord(body['generationConfig'])
  const media = scanMedia(body)
  return ok({
    dialect: 'gemini',
    task: request.task,
    model,
    stream: action === 'streamGenerateContent',
    // Usage is in every answer of this wire.
    wantsUsage: true,
    needsTools: media.calls || repeated(body['tools']).length > 0,
    needsImages: media.images,
    needsAudio: media.audio,
    needsFiles: media.files,
    needsSchema: asksForSchema(config),
    needsReasoning: asksForReasoning(camelRecord(config['thinkingConfig'])),
    choices: countOf(config['candidateCount']) ?? 1,
    approxInputTokens: approxTokens(request.body, visibleMembers, media.base64Length),
    ...present({
      needsServerTools: repeated(body['tools']).some(isServerTool) || undefined,
      needsImageOutput: repeated(config['responseModalities']).includes('IMAGE') || undefined,
      imageSources: listedSources(media.sources),
      maxOutputTokens: countOf(config['maxOutputTokens']),
      sessionKey: sessionKeyOf(request.headers, body['metadata']),
    }),
  })
}

/** The request itself, as it was spelled: counting tokens may wrap the whole of it. */
export function askedOf({ task, body }: WireRequest): Members {
  const wrapped = body.value['generateContentRequest'] ?? body.value['generate_content_request']
  return task === 'count-tokens' && isObject(wrapped) ? wrapped : body.value
}

function contentsFault(contents: unknown): Fault | undefined {
  const list = repeated(contents)
  if (list.length === 0) return failed('invalid_messages', { param: 'contents' })
  const index = list.findIndex((content) => !isObject(content) || !repeated(content['parts']).every(isObject))
  return index < 0 ? undefined : failed('invalid_messages', { param: `contents[${index}]` })
}

function valueFault(body: Members): Fault | undefined {
  for (const key of ['generationConfig', 'toolConfig'])
    if (!isAbsent(body[key]) && !isObject(body[key])) return failed('invalid_value', { param: key })
  if (!repeated(body['tools']).every(isObject)) return failed('invalid_value', { param: 'tools' })
  const config = camelRecord(body['generationConfig'])
  return (
    countFault(config['maxOutputTokens'], 'generationConfig.maxOutputTokens') ??
    countFault(config['candidateCount'], 'generationConfig.candidateCount')
  )
}

function asksForSchema(config: Members): boolean {
  return ['responseSchema', 'responseJsonSchema', '_responseJsonSchema', 'responseFormat'].some((key) =>
    isObject(config[key]),
  )
}

function asksForReasoning({ includeThoughts, thinkingBudget, thinkingLevel }: Members): boolean {
  if (thinkingBudget === 0) return false
  return includeThoughts === true || typeof thinkingBudget === 'number' || typeof thinkingLevel === 'string'
}

// Everything but functions and a computer, which are the client's: https://ai.google.dev/api/caching#Tool
function isServerTool(tool: unknown): boolean {
  return Object.keys(camelRecord(tool)).some((name) => name !== 'functionDeclarations' && name !== 'computerUse')
}

interface Media {
  images: boolean
  audio: boolean
  files: boolean
  calls: boolean
  sources: Set<ImageSource>
  base64Length: number
}

function scanMedia(body: Members): Media {
  const media: Media = {
    images: false,
    audio: false,
    files: false,
    calls: false,
    sources: new Set(),
    base64Length: 0,
  }
  for (const content of repeated(body['contents']))
    for (const part of repeated(isObject(content) ? content['parts'] : undefined)) scanPart(camelRecord(part), media)
  return media
}

function scanPart(part: Members, media: Media): void {
  media.calls ||= isObject(part['functionCall']) || isObject(part['functionResponse'])
  const inline = part['inlineData']
  const { mimeType, data, fileUri } = camelRecord(inline ?? part['fileData'])
  if (typeof data === 'string') media.base64Length += data.length
  if (!isObject(inline) && !isObject(part['fileData'])) return
  if (typeof mimeType === 'string' && mimeType.startsWith('image/')) {
    media.images = true
    media.sources.add(isObject(inline) ? 'inline_base64' : sourceOf(fileUri))
  } else if (typeof mimeType === 'string' && mimeType.startsWith('audio/')) media.audio = true
  else media.files = true
}

// Google's own files have a web address too. https://ai.google.dev/gemini-api/docs/files
function sourceOf(uri: unknown): ImageSource {
  const isStored = typeof uri !== 'string' || /^https:\/\/generativelanguage\.googleapis\.com\//i.test(uri)
  return isStored ? 'provider_file_ref' : imageSourceOf(uri)
}

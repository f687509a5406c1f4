// What the gateway must know of a request: checked and counted on the parsed body, without building anything.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { ImageSource, RequestFacts } from '../../ir/facts.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { WireRequest } from '../dialect.ts'
import { listOf, present } from '../kit/present.ts'
import { approxTokens, countFault, listedSources, listFault, modelFault, sessionKeyOf } from '../kit/request-facts.ts'
import { bodyOf, modelOf } from './decode-request.ts'
import { objectOf, type Members } from './extras.ts'
import { actionOf } from './retarget.ts'

const visible = new Set(['messages', 'system', 'toolConfig', 'input'])

/** Checks the model in the path, the messages, the tools and the output limit; the rest is the provider's to judge. */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = bodyOf(request)
  const model = modelOf(request)
  const { tools } = objectOf(body['toolConfig'])
  const { maxTokens } = objectOf(body['inferenceConfig'])
  const fault =
    modelFault(model === '' ? undefined : model) ??
    messagesFault(body['messages']) ??
    listFault(tools, 'toolConfig.tools') ??
    countFault(maxTokens, 'inferenceConfig.maxTokens')
  if (fault !== undefined) return fault

  const found = look(body)
  return ok({
    dialect: 'bedrock-converse',
    task: actionOf(request) === 'count-tokens' ? 'count-tokens' : request.task,
    model,
    stream: actionOf(request) === 'converse-stream',
    // Every stream of this wire ends with it.
    wantsUsage: true,
    needsTools: found.tools || listOf(tools).length > 0,
    needsImages: found.images,
    needsAudio: found.audio,
    needsFiles: found.files,
    needsSchema: isObject(objectOf(body['outputConfig'])['textFormat']),
    needsReasoning: asksForReasoning(body),
    choices: 1,
    approxInputTokens: approxTokens(request.body, visible, found.payload),
    ...present({
      // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_SystemTool.html
      needsServerTools: listOf(tools).some((tool) => isObject(objectOf(tool)['systemTool'])) || undefined,
      imageSources: listedSources(found.sources),
      maxOutputTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
      sessionKey: sessionKeyOf(request.headers, body['requestMetadata']),
    }),
  })
}

function messagesFault(messages: unknown): ReturnType<typeof failed> | undefined {
  if (!Array.isArray(messages) || messages.length === 0) return failed('invalid_messages', { param: 'messages' })
  const index = messages.findIndex((message) => !isObject(message) || typeof message['role'] !== 'string')
  return index < 0 ? undefined : failed('invalid_messages', { param: `messages[${index}]` })
}

function asksForReasoning(body: Members): boolean {
  const fields = objectOf(body['additionalModelRequestFields'])
  return [fields['thinking'], fields['reasoning_config'], fields['reasoningConfig']].some((record) => {
    const { type } = objectOf(record)
    return type === 'enabled' || type === 'adaptive'
  })
}

interface Findings {
  tools: boolean
  images: boolean
  audio: boolean
  files: boolean
  sources: Set<ImageSource>
  /** Characters of base64. */
  payload: number
}

function look(body: Members): Findings {
  const found: Findings = {
    tools: false,
    images: false,
    audio: false,
    files: false,
    sources: new Set(),
    payload: 0,
  }
  for (const message of listOf(body['messages'])) lookInto(objectOf(message)['content'], found)
  return found
}

// As deep as the wire nests: a message's block, a result's content.
function lookInto(content: unknown, found: Findings): void {
  for (const block of listOf(content)) {
    if (!isObject(block)) continue
    const { image, document, video, audio, toolUse, toolResult } = block
    if (isObject(image)) {
      found.images = true
      found.sources.add(isObject(objectOf(image['source'])['s3Location']) ? 'provider_file_ref' : 'inline_base64')
    }
    if (isObject(document) || isObject(video)) found.files = true
    if (isObject(audio)) found.audio = true
    if (isObject(toolUse) || isObject(toolResult)) found.tools = true
    for (const medium of [image, document, video, audio]) {
      const { bytes } = objectOf(objectOf(medium)['source'])
      if (typeof bytes === 'string') found.payload += bytes.length
    }
    lookInto(objectOf(toolResult)['content'], found)
  }
}

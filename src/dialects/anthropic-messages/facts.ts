// What the gateway must know of a request: checked and counted on the parsed body, without building anything.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { ImageSource, RequestFacts } from '../../ir/facts.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import type { WireRequest } from '../dialect.ts'
import { countOf, listOf, present } from '../kit/present.ts'
import {
  approxTokens,
  booleanFault,
  countFault,
  listedSources,
  listFault,
  modelFault,
  sessionKeyOf,
  type Fault,
} from '../kit/request-facts.ts'

/** Members whose text the model gets to see. */
const visibleMembers = new Set(['system', 'messages', 'tools', 'output_config', 'output_format'])

/** Checks the version header, `model`, `stream`, `messages`, `tools` and `max_tokens`; the rest is the provider's to judge. */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = request.body.value
  const fault = versionFault(request.headers.get('anthropic-version')) ?? faultOf(body)
  if (fault !== undefined) return fault
  const found = look(body)
  const { metadata } = body
  return ok({
    dialect: 'anthropic-messages',
    task: request.task,
    model: body['model'] as string,
    stream: body['stream'] === true,
    wantsUsage: true,
    needsTools: found.tools || listOf(body['tools']).length > 0,
    needsImages: found.images,
    needsAudio: false,
    needsFiles: found.files,
    needsSchema: asksForSchema(body),
    needsReasoning: asksForReasoning(body['thinking']),
    choices: 1,
    approxInputTokens: approxTokens(request.body, visibleMembers, found.payload),
    ...present({
      needsServerTools: asksForServerTools(body) || undefined,
      imageSources: listedSources(found.sources),
      maxOutputTokens: countOf(body['max_tokens']),
      sessionKey: sessionKeyOf(
        request.headers,
        metadata,
        isObject(metadata) ? sessionOfUser(metadata['user_id']) : undefined,
      ),
    }),
  })
}

// It travels on as it is, so what cannot be a version stops here.
function versionFault(version: string | null): Fault | undefined {
  if (version === null || /^\d{4}-\d{2}-\d{2}$/.test(version)) return undefined
  return failed('invalid_header', { param: 'anthropic-version', message: 'anthropic-version: has to be a date' })
}

function faultOf(body: JsonDocument['value']): Fault | undefined {
  return (
    modelFault(body['model']) ??
    booleanFault(body['stream'], 'stream') ??
    messagesFault(body['messages']) ??
    listFault(body['tools'], 'tools') ??
    countFault(body['max_tokens'], 'max_tokens')
  )
}

function messagesFault(messages: unknown): Fault | undefined {
  const param = faultyMessage(messages)
  return param === undefined ? undefined : failed('invalid_messages', { param, message: `${param}: not a message` })
}

function faultyMessage(messages: unknown): string | undefined {
  if (!Array.isArray(messages) || messages.length === 0) return 'messages'
  const index = messages.findIndex((message) => !isObject(message) || typeof message['role'] !== 'string')
  return index < 0 ? undefined : `messages[${index}]`
}

function asksForSchema(body: JsonDocument['value']): boolean {
  const { output_config: config, output_format: legacy } = body
  return isObject(legacy) || (isObject(config) && isObject(config['format']))
}

function asksForReasoning(thinking: unknown): boolean {
  return isObject(thinking) && (thinking['type'] === 'enabled' || thinking['type'] === 'adaptive')
}

// What Anthropic runs; bash, text editor, computer and memory have types too, and are the client's to run.
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
function asksForServerTools(body: JsonDocument['value']): boolean {
  if (listOf(body['mcp_servers']).length > 0) return true
  return listOf(body['tools']).some(
    (tool) =>
      isObject(tool) &&
      typeof tool['type'] === 'string' &&
      /^(?:web_search|web_fetch|code_execution|tool_search_tool|mcp_toolset)/.test(tool['type']),
  )
}

interface Findings {
  tools: boolean
  images: boolean
  files: boolean
  sources: Set<ImageSource>
  /** Characters of base64. */
  payload: number
}

function look(body: JsonDocument['value']): Findings {
  const found: Findings = { tools: false, images: false, files: false, sources: new Set(), payload: 0 }
  for (const message of listOf(body['messages'])) if (isObject(message)) lookInto(message['content'], found)
  return found
}

// As deep as the wire nests: a message's block, a result's content, a document's source.
function lookInto(content: unknown, found: Findings): void {
  if (!Array.isArray(content)) return
  for (const block of content) {
    if (!isObject(block)) continue
    const source = isObject(block['source']) ? block['source'] : undefined
    switch (block['type']) {
      case 'image':
        found.images = true
        if (source !== undefined) found.sources.add(sourceOf(source['type']))
        break
      case 'document':
        found.files = true
        lookInto(source?.['content'], found)
        break
      case 'container_upload':
        found.files = true
        break
      case 'tool_use':
        found.tools = true
        break
      case 'tool_result':
        found.tools = true
        lookInto(block['content'], found)
        break
      default:
    }
    if (source?.['type'] === 'base64' && typeof source['data'] === 'string') found.payload += source['data'].length
  }
}

function sourceOf(type: unknown): ImageSource {
  if (type === 'base64') return 'inline_base64'
  return type === 'url' ? 'remote_url' : 'provider_file_ref'
}

/** Claude Code's user id: JSON with a `session_id`, in older releases `user_…_account_…_session_<uuid>`. */
function sessionOfUser(user: unknown): string | undefined {
  if (typeof user !== 'string') return undefined
  const record = user.startsWith('{') ? parseJson(user) : undefined
  if (isObject(record)) return typeof record['session_id'] === 'string' ? record['session_id'] : undefined
  return /_session_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(user)?.[1]
}

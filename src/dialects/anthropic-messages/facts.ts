// What the gateway must know of a request: checked and counted on the parsed body, without building anything.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { RequestFacts } from '../../ir/facts.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import type { WireRequest } from '../dialect.ts'
import { present } from './present.ts'

const maxModelLength = 512

/** Checks the version header, `model`, `stream`, `messages`, `tools` and `max_tokens`; the rest is the provider's to judge. */
export function facts(request: WireRequest): Outcome<RequestFacts> {
  const body = request.body.value
  const { model, stream, messages, tools, max_tokens: maxTokens } = body
  if (!isVersion(request.headers.get('anthropic-version')))
    return failed('invalid_header', { param: 'anthropic-version', message: 'anthropic-version: has to be a date' })
  if (model === undefined) return missing('model')
  if (!isModelName(model)) return failed('invalid_model', { param: 'model' })
  if (!isAbsent(stream) && typeof stream !== 'boolean') return invalid('stream', 'a boolean')
  const fault = messagesFault(messages)
  if (fault !== undefined) return failed('invalid_messages', { param: fault, message: `${fault}: not a message` })
  if (!isAbsent(tools) && !Array.isArray(tools)) return invalid('tools', 'a list')
  if (!isAbsent(maxTokens) && !(Number.isSafeInteger(maxTokens) && Number(maxTokens) > 0))
    return invalid('max_tokens', 'a positive integer')

  const found = look(body)
  return ok({
    dialect: 'anthropic-messages',
    model,
    stream: stream === true,
    wantsUsage: true,
    needsTools: found.tools || (Array.isArray(tools) && tools.length > 0),
    needsImages: found.images,
    needsAudio: false,
    needsFiles: found.files,
    needsSchema: asksForSchema(body),
    needsReasoning: asksForReasoning(body['thinking']),
    choices: 1,
    approxInputTokens: approxTokens(request.body, found.payload),
    ...present({
      maxOutputTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
      sessionKey: sessionKey(request),
    }),
  })
}

// It travels on as it is, so what cannot be a version stops here.
function isVersion(version: string | null): boolean {
  return version === null || /^\d{4}-\d{2}-\d{2}$/.test(version)
}

function isModelName(model: unknown): model is string {
  return (
    typeof model === 'string' &&
    model.trim() !== '' &&
    model.length <= maxModelLength &&
    !/[\u0000-\u001f\u007f-\u009f]/.test(model)
  )
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function missing(param: string): Outcome<never> {
  return failed('missing_required_parameter', { param, message: `${param}: a required field is absent` })
}

function invalid(param: string, expected: string): Outcome<never> {
  return failed('invalid_value', { param, message: `${param}: has to be ${expected}` })
}

function messagesFault(messages: unknown): string | undefined {
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

interface Findings {
  tools: boolean
  images: boolean
  files: boolean
  /** Characters of base64. */
  payload: number
}

function look(body: JsonDocument['value']): Findings {
  const found: Findings = { tools: false, images: false, files: false, payload: 0 }
  const messages = body['messages']
  if (Array.isArray(messages))
    for (const message of messages) if (isObject(message)) lookInto(message['content'], found)
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

/** Four ASCII characters to a token and 1.4 of any other, as tokenizers do on average. */
function approxTokens({ text, bytes }: JsonDocument, payload: number): number {
  let wide = 0
  // All ASCII where every character is one byte: nothing to count.
  if (text.length !== bytes.length) for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) wide++
  return Math.ceil((text.length - wide - payload) / 4 + wide / 1.4)
}

const sessionHeaders = [
  'x-signalbox-session-id',
  'x-session-id',
  'x-session-affinity',
  'session_id',
  'x-claude-code-session-id',
]

function sessionKey({ headers, body }: WireRequest): string | undefined {
  for (const name of sessionHeaders) {
    const value = headers.get(name)?.trim()
    if (value) return value
  }
  const metadata = body.value['metadata']
  return isObject(metadata) ? sessionOfUser(metadata['user_id']) : undefined
}

/** Claude Code's user id: JSON with a `session_id`, in older releases `user_…_account_…_session_<uuid>`. */
function sessionOfUser(user: unknown): string | undefined {
  if (typeof user !== 'string') return undefined
  const record = user.startsWith('{') ? parseJson(user) : undefined
  if (isObject(record)) return typeof record['session_id'] === 'string' ? record['session_id'] : undefined
  return /_session_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(user)?.[1]
}

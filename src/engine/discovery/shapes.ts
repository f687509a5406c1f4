// The lists of models that vendors publish: where each kind of list begins, and how a page of it is read. Tolerant: what
// is not understood is passed over, and only an answer without any list is an error. Sends nothing.
import type { Discovery } from '../../catalog/snapshot.ts'
import { assertNever } from '../../ir/assert-never.ts'
import type { DialectId } from '../../ir/dialect-id.ts'
import { isObject } from '../../wire/json-parse.ts'

/** A model that a provider says it has. */
export interface ListedModel {
  readonly id: string
  readonly displayName: string | null
  /** Tokens of input, where the list says so. */
  readonly contextWindow: number | null
}

/** One page of a list. */
export interface ModelPage {
  readonly models: readonly ListedModel[]
  /** Query members that ask for the next page; undefined at the end. */
  readonly next: Readonly<Record<string, string>> | undefined
}

/** One kind of list. */
export interface ListShape {
  /** Below the base URL; undefined where the vendor's code has to say it. */
  readonly path: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Whose errors the vendor answers with. */
  readonly errors: DialectId
  /** Undefined where the answer holds no such list. */
  readonly read: (body: unknown) => ModelPage | undefined
}

const largestPage = '1000'

/** How a kind of list is asked for and read. */
export function shapeOf(kind: Discovery): ListShape {
  switch (kind) {
    // https://platform.openai.com/docs/api-reference/models/list
    case 'openai':
      return { path: '/models', headers: {}, errors: 'openai-chat', read: readOpenai }
    // https://platform.claude.com/docs/en/api/models-list
    case 'anthropic':
      return {
        path: `/v1/models?limit=${largestPage}`,
        headers: { 'anthropic-version': '2023-06-01' },
        errors: 'anthropic-messages',
        read: readAnthropic,
      }
    // https://ai.google.dev/api/models#method:-models.list
    case 'gemini':
      return {
        path: `/v1beta/models?pageSize=${largestPage}`,
        headers: {},
        errors: 'gemini',
        read: (body) => readGoogle(body, 'models'),
      }
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html
    case 'bedrock':
      return { path: undefined, headers: {}, errors: 'bedrock-converse', read: readBedrock }
    // What the resource could deploy: deployments are listed by Azure's management API alone, which takes no resource key.
    // https://learn.microsoft.com/rest/api/azureopenai/models/list
    case 'azure':
      return { path: '/openai/v1/models', headers: {}, errors: 'openai-chat', read: readOpenai }
    // https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/publishers.models/list
    case 'vertex':
      return { path: undefined, headers: {}, errors: 'gemini', read: (body) => readGoogle(body, 'publisherModels') }
    default:
      return assertNever(kind)
  }
}

function readOpenai(body: unknown): ModelPage | undefined {
  // Together answers the bare list.
  const list = Array.isArray(body) ? body : isObject(body) ? (body['data'] ?? body['models']) : undefined
  return pageOf(list, (entry) => ({
    id: textIn(entry, 'id') ?? textIn(entry, 'name'),
    displayName:
      textIn(entry, 'display_name') ?? (textIn(entry, 'id') === undefined ? undefined : textIn(entry, 'name')),
    // OpenRouter and Together; Groq; vLLM; Mistral.
    contextWindow: countIn(entry, 'context_length', 'context_window', 'max_model_len', 'max_context_length'),
  }))
}

function readAnthropic(body: unknown): ModelPage | undefined {
  if (!isObject(body)) return undefined
  const page = pageOf(body['data'], (entry) => ({
    id: textIn(entry, 'id'),
    displayName: textIn(entry, 'display_name'),
    contextWindow: countIn(entry, 'max_input_tokens'),
  }))
  const last = textIn(body, 'last_id') ?? page?.models.at(-1)?.id
  return page && body['has_more'] === true && last !== undefined ? { ...page, next: { after_id: last } } : page
}

function readGoogle(body: unknown, member: string): ModelPage | undefined {
  if (!isObject(body)) return undefined
  // Protobuf's JSON leaves an empty list out.
  const list = body[member] ?? (Object.keys(body).every((key) => key === 'nextPageToken') ? [] : undefined)
  const page = pageOf(list, (entry) => ({
    id: answers(entry) ? textIn(entry, 'name')?.replace(/^(?:publishers\/[^/]+\/)?models\//, '') : undefined,
    displayName: textIn(entry, 'displayName'),
    contextWindow: countIn(entry, 'inputTokenLimit'),
  }))
  const token = textIn(body, 'nextPageToken')
  return page && token !== undefined ? { ...page, next: { pageToken: token } } : page
}

// A model that neither generates nor embeds cannot be called through any wire of ours.
function answers(entry: Readonly<Record<string, unknown>>): boolean {
  const methods = entry['supportedGenerationMethods']
  if (!Array.isArray(methods)) return true
  return methods.some((method) => method === 'generateContent' || method === 'embedContent')
}

function readBedrock(body: unknown): ModelPage | undefined {
  if (!isObject(body)) return undefined
  const profiles = body['inferenceProfileSummaries']
  const page =
    profiles === undefined
      ? pageOf(body['modelSummaries'], (entry) => ({
          id: isOnDemand(entry) ? textIn(entry, 'modelId') : undefined,
          displayName: textIn(entry, 'modelName'),
          contextWindow: null,
        }))
      : pageOf(profiles, (entry) => ({
          id: textIn(entry, 'inferenceProfileId'),
          displayName: textIn(entry, 'inferenceProfileName'),
          contextWindow: null,
        }))
  const token = textIn(body, 'nextToken')
  return page && token !== undefined ? { ...page, next: { nextToken: token } } : page
}

// Others are called by an inference profile, which a list of its own names.
function isOnDemand(entry: Readonly<Record<string, unknown>>): boolean {
  const types = entry['inferenceTypesSupported']
  return !Array.isArray(types) || types.includes('ON_DEMAND')
}

interface Reading {
  readonly id: string | undefined
  readonly displayName: string | undefined
  readonly contextWindow: number | null
}

function pageOf(
  list: unknown,
  read: (entry: Readonly<Record<string, unknown>>) => Reading,
): (ModelPage & { readonly next: undefined }) | undefined {
  if (!Array.isArray(list)) return undefined
  const models = list.filter(isObject).flatMap((entry): ListedModel[] => {
    const { id, displayName, contextWindow } = read(entry)
    if (id === undefined || !isName(id)) return []
    return [{ id, displayName: displayName !== undefined && isName(displayName) ? displayName : null, contextWindow }]
  })
  return { models, next: undefined }
}

const longestName = 256

// A name ends up in a file, a header and a terminal.
function isName(text: string): boolean {
  return text.length <= longestName && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) && text.trim() !== ''
}

function textIn(entry: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = entry[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function countIn(entry: Readonly<Record<string, unknown>>, ...keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = entry[key]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= 0x7fffffff) return value
  }
  return null
}

// Route defaults and parameter aliases: the top-level edits that a configuration may make to a client's body.
import type { Limits } from '../catalog/snapshot.ts'
import type { AnyDialect, WireRequest } from '../dialects/dialect.ts'
import { readJson } from '../wire/json-scan.ts'
import { spliceJson, type Edit } from '../wire/json-splice.ts'

/** Spellings that some clients use at OpenAI paths; never forwarded. */
const aliases: Readonly<Record<string, string>> = {
  maxTokens: 'max_tokens',
  maxCompletionTokens: 'max_completion_tokens',
  topP: 'top_p',
  stopSequences: 'stop',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  responseFormat: 'response_format',
  toolChoice: 'tool_choice',
}

/** Fields that say the same: a default for one is not set where the client sent the other. */
const synonyms: Readonly<Record<string, string>> = {
  max_tokens: 'max_completion_tokens',
  max_completion_tokens: 'max_tokens',
}

/** The request with aliases renamed, or removed where the proper name was sent too; itself where there are none. */
export function withAliases(request: WireRequest, dialect: AnyDialect, limits: Limits): WireRequest {
  if (!dialect.id.startsWith('openai-')) return request
  const edits: Edit[] = []
  for (const { key } of request.body.members) {
    const to = aliases[key]
    if (to === undefined) continue
    edits.push(to in request.body.value ? { type: 'remove', key } : { type: 'rename', key, to })
  }
  return edited(request, edits, limits)
}

/** The request with route defaults added where the client said nothing; itself where nothing is added. */
export function withDefaults(
  request: WireRequest,
  defaults: Readonly<Record<string, unknown>>,
  limits: Limits,
): WireRequest {
  const said = (key: string | undefined): boolean => key !== undefined && key in request.body.value
  const edits = Object.entries(defaults)
    .filter(([key]) => !said(key) && !said(synonyms[key]))
    .map(([key, preset]): Edit => ({ type: 'set', key, json: JSON.stringify(preset) }))
  return edited(request, edits, limits)
}

function edited(request: WireRequest, edits: readonly Edit[], limits: Limits): WireRequest {
  if (edits.length === 0) return request
  const reading = readJson(spliceJson(request.body, edits), {
    maxDepth: limits.maxJsonDepth,
    maxKeysPerObject: limits.maxKeysPerObject + edits.length,
  })
  // The edits are ours and the rest was valid: anything else is a bug.
  if (!reading.ok) throw new Error(`edited body is not valid: ${reading.fault}`)
  return { ...request, body: reading.document }
}

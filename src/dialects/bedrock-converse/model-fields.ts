// What of a request stands in `additionalModelRequestFields`, in the words of the model's maker, and still has a
// canonical name. Owns the reading of those words and their writing back; a foreign request's are in reasoning.ts.
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
import type { ClientPaths, IrRequest, ReasoningRequest } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import { present, textOf } from '../kit/present.ts'
import { leftOver, objectOf, overlay, ownMembers, pack, type Members } from './extras.ts'

/** What the fields say, which of them said it, and what is left of them. */
export interface ModelFields {
  readonly reasoning?: ReasoningRequest
  readonly topK?: number
  readonly parallelToolCalls?: boolean
  readonly rest?: Members
  readonly spelling: Members
  /** Where each of them was said. */
  readonly at: NonNullable<IrRequest['at']>
}

interface Draft {
  at: Partial<Record<keyof ClientPaths, string>>
  mode?: ReasoningRequest['mode']
  budgetTokens?: number
  effort?: string
  reasoningExtras?: ReasoningRequest['extras']
  topK?: number
  parallelToolCalls?: boolean
}

/** Reads one member into the draft; gives what is left of it, or undefined where it is not understood. */
type Reader = (value: unknown, draft: Draft, at: string) => Members | undefined

const readers: Readonly<Record<string, Reader>> = {
  // Anthropic's; the second is its older name on Bedrock.
  thinking: readThinking,
  reasoning_config: readThinking,
  top_k: readNumber,
  tool_choice: readParallel,
  output_config: (value, draft, at) => readEffort(value, draft, { at, key: 'effort' }),
  // Nova's.
  inferenceConfig: (value, draft, at) => {
    const { topK } = objectOf(value)
    return readNumber(topK, draft, `${at}.topK`) === undefined ? undefined : (leftOver(value, ['topK']) ?? {})
  },
  reasoningConfig: (value, draft, at) => {
    const mode = modeOf(objectOf(value)['type'])
    if (mode === undefined || draft.mode !== undefined) return undefined
    draft.mode = mode
    draft.at.reasoning = at
    return leftOver(readEffort(value, draft, { at, key: 'maxReasoningEffort' }) ?? value, ['type']) ?? {}
  },
  // OpenAI's: gpt-oss, and its successors.
  reasoning_effort: (value, draft, at) => {
    const taken = readEffort({ value }, draft, { at, key: 'value' })
    if (taken !== undefined) draft.at.effort = at
    return taken
  },
  reasoning: (value, draft, at) => readEffort(value, draft, { at, key: 'effort' }),
}

/**
 * Reads the fields of a request.
 * @param effort an effort that was said outside of the fields, and wins
 */
export function decodeModelFields(fields: Members, effort: string | undefined): ModelFields {
  const draft: Draft = { at: {}, ...present({ effort }) }
  const spelled: string[] = []
  const rest: [string, unknown][] = []
  for (const [key, value] of Object.entries(fields)) {
    const left = Object.hasOwn(readers, key)
      ? readers[key]?.(value, draft, `additionalModelRequestFields.${key}`)
      : undefined
    if (left === undefined) rest.push([key, value])
    else {
      spelled.push(key)
      if (Object.keys(left).length > 0) rest.push([key, left])
    }
  }
  const { topK, parallelToolCalls, mode, budgetTokens, reasoningExtras } = draft
  const asked = mode !== undefined || draft.effort !== undefined
  const reasoning = present({ mode, budgetTokens, effort: draft.effort, extras: reasoningExtras })
  return {
    spelling: { fields: spelled },
    at: draft.at,
    ...present({
      topK,
      parallelToolCalls,
      reasoning: asked ? reasoning : undefined,
      rest: rest.length > 0 ? Object.fromEntries(rest) : undefined,
    }),
  }
}

function readThinking(value: unknown, draft: Draft, at: string): Members | undefined {
  const { type, budget_tokens: budget } = objectOf(value)
  const mode = modeOf(type)
  if (mode === undefined || draft.mode !== undefined) return undefined
  draft.mode = mode
  draft.at.reasoning = at
  draft.at.budgetTokens = `${at}.budget_tokens`
  if (typeof budget === 'number') draft.budgetTokens = budget
  const extras = pack(leftOver(value, ['type', 'budget_tokens']))
  if (extras !== undefined) draft.reasoningExtras = extras
  return {}
}

function modeOf(type: unknown): ReasoningRequest['mode'] {
  return type === 'enabled' || type === 'disabled' || type === 'adaptive' ? type : undefined
}

function readNumber(value: unknown, draft: Draft, at: string): Members | undefined {
  if (typeof value !== 'number' || draft.topK !== undefined) return undefined
  draft.topK = value
  draft.at.topK = at
  return {}
}

function readEffort(
  value: unknown,
  draft: Draft,
  { at, key }: { readonly at: string; readonly key: string },
): Members | undefined {
  const effort = textOf(objectOf(value)[key])
  if (effort === undefined || draft.effort !== undefined) return undefined
  draft.effort = effort
  draft.at.effort = `${at}.${key}`
  return leftOver(value, [key]) ?? {}
}

function readParallel(value: unknown, draft: Draft): Members | undefined {
  const disabled = objectOf(value)['disable_parallel_tool_use']
  if (typeof disabled !== 'boolean') return undefined
  draft.parallelToolCalls = !disabled
  return leftOver(value, ['disable_parallel_tool_use']) ?? {}
}

/** The fields of a request that came from this wire, spelled as they were; undefined where there are none. */
export function encodeOwnFields(request: IrRequest, spelling: Members, rest: unknown): Members | undefined {
  const { reasoning, sampling, parallelToolCalls } = request
  const said = Array.isArray(spelling['fields']) ? (spelling['fields'] as unknown[]) : []
  const values: Readonly<Record<string, unknown>> = {
    thinking: encodeThinking(reasoning),
    reasoning_config: encodeThinking(reasoning),
    top_k: sampling.topK,
    tool_choice: parallelToolCalls === undefined ? undefined : { disable_parallel_tool_use: !parallelToolCalls },
    output_config: record({ effort: reasoning?.effort }),
    inferenceConfig: record({ topK: sampling.topK }),
    reasoningConfig: record({ type: reasoning?.mode, maxReasoningEffort: reasoning?.effort }),
    reasoning_effort: reasoning?.effort,
    reasoning: record({ effort: reasoning?.effort }),
  }
  const base = Object.fromEntries(
    said.map(String).flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]])),
  )
  const fields = overlay(base, rest)
  return Object.keys(fields).length > 0 ? fields : undefined
}

/** Whether one of the fields said the effort. */
export function saidEffort(spelling: Members): boolean {
  const said = spelling['fields']
  const keys = ['output_config', 'reasoningConfig', 'reasoning_effort', 'reasoning']
  return Array.isArray(said) && said.some((key) => keys.includes(String(key)))
}

function encodeThinking(reasoning: ReasoningRequest | undefined): Members | undefined {
  if (reasoning?.mode === undefined) return undefined
  return {
    type: reasoning.mode,
    ...present({ budget_tokens: reasoning.budgetTokens }),
    ...ownMembers(reasoning.extras),
  }
}

function record(members: Members): Members | undefined {
  const kept = present(members)
  return isObject(kept) && Object.keys(kept).length > 0 ? kept : undefined
}

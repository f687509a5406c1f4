// Token counts as OpenAI's Chat, Completions and Embeddings tell them, both ways. Owns the arithmetic; taps and codecs
// read usage through here.
import { totalInput, type Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, present } from '../kit/present.ts'
import type { AnswerLosses } from '../kit/answer-losses.ts'
import type { Members } from './members.ts'
import { isPlaceholder } from './placeholder.ts'

const canonical = new Set(['prompt_tokens', 'completion_tokens', 'total_tokens'])
const inputDetails = new Set(['cached_tokens', 'cache_write_tokens'])
const outputDetails = new Set(['reasoning_tokens'])

/** Beside the counters without a name travels the record itself, unseen by a dialect that reports one loss per key. */
const wholeRecord = Symbol('openai-usage')

/**
 * Decodes a usage record; undefined where it says nothing. `prompt_tokens` includes cached ones. A total above the sum
 * of its parts counts reasoning that `completion_tokens` leaves out (xAI, Gemini's compatible endpoint). Nonsense is
 * clamped: negative counts are absent, more cached than read is all of it (seen from Grok on Azure).
 * @see https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
 */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value) || isPlaceholder(Object.values(value).filter((member) => member !== 0))) return undefined
  const prompt = countOf(value['prompt_tokens'])
  const completion = countOf(value['completion_tokens'])
  const total = countOf(value['total_tokens'])
  const details = members(value['prompt_tokens_details'])
  // DeepSeek and Together count cache hits beside the details.
  const reported =
    countOf(details['cached_tokens']) ?? countOf(value['prompt_cache_hit_tokens']) ?? countOf(value['cached_tokens'])
  const cacheRead = atMost(reported, prompt)
  const cacheWrite = atMost(
    countOf(details['cache_write_tokens']),
    prompt === undefined ? undefined : prompt - (cacheRead ?? 0),
  )
  const output =
    completion === undefined || total === undefined || prompt === undefined
      ? completion
      : Math.max(completion, total - prompt)
  const reasoning = countOf(members(value['completion_tokens_details'])['reasoning_tokens'])
  return {
    ...present({
      input: prompt === undefined ? undefined : prompt - (cacheRead ?? 0) - (cacheWrite ?? 0),
      cacheRead,
      cacheWrite,
      output,
      reasoning: atMost(reasoning, output),
    }),
    evidence: 'reported',
    extras: { ...unnamed(value), [wholeRecord]: value } as Usage['extras'] & object,
  }
}

/** The usage record of an answer; one that came from these wires goes back as it was. */
export function encodeUsage(usage: Usage): Members {
  const raw = recordOf(usage)
  if (raw !== undefined) return raw
  const prompt = totalInput(usage) ?? 0
  const completion = usage.output ?? 0
  const cacheWrite = sum(usage.cacheWrite, usage.cacheWrite1h)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...((usage.cacheRead !== undefined || cacheWrite !== undefined) && {
      prompt_tokens_details: present({ cached_tokens: usage.cacheRead ?? 0, cache_write_tokens: cacheWrite }),
    }),
    ...(usage.reasoning !== undefined && { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  }
}

/** Reports the counters of a foreign usage record that these wires have no place for. */
export function judgeUsage(usage: Usage | undefined, losses: AnswerLosses): void {
  if (usage !== undefined && recordOf(usage) === undefined) losses.judgeUsage(usage)
}

function recordOf({ extras }: Usage): Members | undefined {
  return (extras as { readonly [wholeRecord]?: Members } | undefined)?.[wholeRecord]
}

function unnamed(value: Members): Members {
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]): [string, unknown] => {
        if (key === 'prompt_tokens_details') return [key, without(members(member), inputDetails)]
        if (key === 'completion_tokens_details') return [key, without(members(member), outputDetails)]
        return [key, member]
      })
      .filter(([key, member]) => !canonical.has(key) && !isPlaceholder(member)),
  )
}

function without(value: Members, known: ReadonlySet<string>): Members {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !known.has(key)))
}

function members(value: unknown): Members {
  return isObject(value) ? value : {}
}

function atMost(count: number | undefined, limit: number | undefined): number | undefined {
  return count === undefined || limit === undefined ? count : Math.min(count, Math.max(limit, 0))
}

function sum(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0)
}

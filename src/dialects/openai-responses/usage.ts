// Token counts of this wire, both ways. Owns the arithmetic; the tap and the codecs read usage through here.
import { totalInput, type Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, present } from '../kit/present.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { asideOf, packOwn, without, type Members } from './extras.ts'

const canonical = ['input_tokens', 'output_tokens', 'total_tokens']
const inputDetails = ['cached_tokens', 'cache_write_tokens']
const outputDetails = ['reasoning_tokens']

/**
 * Decodes a usage record; undefined where it says nothing. `input_tokens` includes cached ones. A total above the sum of
 * its parts counts reasoning that `output_tokens` leaves out. Nonsense is clamped.
 * @see https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage
 */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value) || isPlaceholder(Object.values(value).filter((member) => member !== 0))) return undefined
  const all = countOf(value['input_tokens'])
  const generated = countOf(value['output_tokens'])
  const total = countOf(value['total_tokens'])
  const details = members(value['input_tokens_details'])
  const cacheRead = atMost(countOf(details['cached_tokens']), all)
  const rest = all === undefined ? undefined : all - (cacheRead ?? 0)
  const cacheWrite = atMost(countOf(details['cache_write_tokens']), rest)
  const output =
    generated === undefined || total === undefined || all === undefined ? generated : Math.max(generated, total - all)
  const reasoning = countOf(members(value['output_tokens_details'])['reasoning_tokens'])
  return {
    ...present({
      input: rest === undefined ? undefined : rest - (cacheWrite ?? 0),
      cacheRead,
      cacheWrite,
      output,
      reasoning: atMost(reasoning, output),
    }),
    evidence: 'reported',
    extras: packOwn(unnamed(value), { usage: value }),
  }
}

/** The usage record of an answer, complete as the wire wants it; one that came from this wire goes back as it was. */
export function encodeUsage(usage: Usage): Members {
  const raw = asideOf(usage.extras).usage
  if (raw !== undefined) return raw
  const input = totalInput(usage) ?? 0
  const output = usage.output ?? 0
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      cache_write_tokens: (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + output,
  }
}

function unnamed(value: Members): Members {
  const rest = {
    ...without(value, canonical),
    input_tokens_details: without(members(value['input_tokens_details']), inputDetails),
    output_tokens_details: without(members(value['output_tokens_details']), outputDetails),
  }
  return Object.fromEntries(Object.entries(rest).filter(([, member]) => !isPlaceholder(member)))
}

function members(value: unknown): Members {
  return isObject(value) ? value : {}
}

function atMost(count: number | undefined, limit: number | undefined): number | undefined {
  return count === undefined || limit === undefined ? count : Math.min(count, Math.max(limit, 0))
}

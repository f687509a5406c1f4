// Token counts of a provider's answers, by this wire's arithmetic: `completion_tokens` has reasoning in it, and
// `cached_tokens` are some of `prompt_tokens`. What else stands in a usage record (cost, timings) is left alone.
import { isObject } from '../../../wire/json-parse.ts'
import { countOf } from '../../kit/present.ts'
import { isPlaceholder } from '../../openai-wire/placeholder.ts'
import type { Members } from '../extras.ts'
import { withMember } from './change.ts'
import type { Quirk } from './quirk.ts'

const tells = String.raw`"usage"\s*:\s*\{`

/** What the total counts beyond the prompt was generated. */
export const reasoningExcluded: Quirk = {
  tells,
  usage(usage) {
    const prompt = countOf(usage['prompt_tokens'])
    const completion = countOf(usage['completion_tokens'])
    const total = countOf(usage['total_tokens'])
    if (prompt === undefined || completion === undefined || total === undefined) return usage
    return total > prompt + completion ? withMember(usage, 'completion_tokens', total - prompt) : usage
  },
}

/** More than the prompt cannot have come from the cache. */
export const cachedExceedsPrompt: Quirk = {
  tells,
  usage(usage) {
    const prompt = countOf(usage['prompt_tokens'])
    const details = usage['prompt_tokens_details']
    if (prompt === undefined || !isObject(details)) return usage
    const cached = countOf(details['cached_tokens'])
    if (cached === undefined || cached <= prompt) return usage
    return withMember(usage, 'prompt_tokens_details', withMember(details, 'cached_tokens', prompt))
  },
}

/** Counted once, on the last chunk that has it: the normaliser's own, as it takes two chunks to know. */
export const usageRepeated: Quirk = { tells }

/** The usage record of a chunk; undefined where it says nothing. */
export function usageOf(record: Members): Members | undefined {
  const { usage } = record
  return isObject(usage) && !isPlaceholder(usage) ? usage : undefined
}

// Log probabilities of one choice: lists that grow over the stream and are told as a whole at its end.
import { isObject } from '../../wire/json-parse.ts'
import type { Members } from './members.ts'

export interface StreamLogprobs {
  add(logprobs: unknown): void
  /** The lists put together; undefined where none came. */
  whole(): Members | undefined
}

/** Collects the lists of one choice, whatever their names: Chat has `content` and `refusal`, Completions `tokens` and more. */
export function createStreamLogprobs(): StreamLogprobs {
  const lists = new Map<string, unknown[]>()
  let rest: Members | undefined

  return {
    add(logprobs) {
      if (!isObject(logprobs)) return
      rest ??= {}
      for (const [key, value] of Object.entries(logprobs)) {
        if (!Array.isArray(value)) rest = { ...rest, [key]: value }
        else if (lists.has(key)) lists.get(key)?.push(...(value as unknown[]))
        else lists.set(key, [...(value as unknown[])])
      }
    },
    whole: () => (rest === undefined ? undefined : { ...rest, ...Object.fromEntries(lists) }),
  }
}

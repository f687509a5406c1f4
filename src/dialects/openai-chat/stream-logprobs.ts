// Log probabilities of one choice: lists that grow over the stream and are told as a whole at its end.
import type { IrEvent } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { isPlaceholder, pack, silently } from './extras.ts'

export interface StreamLogprobs {
  add(logprobs: unknown): void
  end(events: IrEvent[]): void
}

/** Collects the lists of one choice. */
export function createStreamLogprobs(choice: number): StreamLogprobs {
  const lists = new Map<string, unknown[]>()
  let rest: Record<string, unknown> | undefined

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
    end(events) {
      if (rest === undefined) return
      const logprobs = { ...rest, ...Object.fromEntries(lists) }
      const extras = isPlaceholder(logprobs) ? pack({}, silently({ logprobs })) : pack({ logprobs })
      if (extras !== undefined) events.push({ type: 'extras-add', scope: 'choice', choice, extras })
    },
  }
}

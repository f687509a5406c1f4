// The chunks of a stream as canonical events: one text for each choice, and then its end.
import type { StreamDecoder } from '../dialect.ts'
import { textOf } from '../kit/present.ts'
import { createChunkDecoder, type Around, type ChoiceDecoder } from '../openai-wire/chunk-decoder.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { createChanges } from '../openai-wire/stream-changes.ts'
import { createStreamLogprobs } from '../openai-wire/stream-logprobs.ts'
import { merge, pack } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'

// The last one is random padding.
const chunkMembers: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
  'obfuscation',
])
const choiceMembers: ReadonlySet<string> = new Set(['index', 'text', 'logprobs', 'finish_reason', 'error'])

/**
 * A decoder for one stream.
 * @see https://platform.openai.com/docs/api-reference/completions/create#completions-create-stream
 */
export function createStreamDecoder(): StreamDecoder {
  return createChunkDecoder({ known: chunkMembers, pack, merge, choice: createChoice })
}

function createChoice(index: number, { nextPart }: Around): ChoiceDecoder {
  const logprobs = createStreamLogprobs()
  const changes = createChanges({ scope: 'choice', choice: index, known: choiceMembers, pack })
  // The part that its text goes to, once there is any.
  let part: number | undefined
  let word: string | undefined

  return {
    add(entry, events) {
      const text = textOf(entry['text'])
      if (text !== undefined) {
        if (part === undefined) {
          part = nextPart()
          events.push({ type: 'part-start', part, choice: index, opening: { type: 'text' } })
        }
        events.push({ type: 'text-delta', part, text })
      }
      logprobs.add(entry['logprobs'])
      word = textOf(entry['finish_reason']) ?? word
      changes.add(entry, events)
    },
    finished: () => word !== undefined,
    close(events) {
      if (part !== undefined) events.push({ type: 'part-end', part })
      const whole = logprobs.whole()
      const extras = isPlaceholder(whole) ? undefined : pack({ logprobs: whole })
      if (extras !== undefined) events.push({ type: 'extras-add', scope: 'choice', choice: index, extras })
      events.push({ type: 'choice-finish', choice: index, finish: decodeFinish(word) })
    },
  }
}

// The chunks of a stream as canonical events. Owns the short way through frames that say nothing but text.
import type { IrEvent } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { countOf, listOf } from '../kit/present.ts'
import { createRepeatedText } from '../kit/repeated-text.ts'
import { createChunkDecoder } from '../openai-wire/chunk-decoder.ts'
import { createCallIds, mintedPrefix, type CallIds } from './call-ids.ts'
import { asideOf, pack, packOwn, saidMembers, silently, type Members } from './extras.ts'
import { createStreamChoice, type StreamChoice } from './stream-choice.ts'

// The last two are random padding (OpenAI, Mistral).
const chunkMembers = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'error', 'obfuscation', 'p'])

/**
 * A decoder for one stream.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function createStreamDecoder(): StreamDecoder {
  const choices = new Map<number, StreamChoice>()
  // Only while what a frame means follows from the frame alone: nothing of it may be counted or collected elsewhere.
  const repeated = createRepeatedText('content')
  let talking: StreamChoice | undefined
  let ids: CallIds | undefined

  return createChunkDecoder({
    known: chunkMembers,
    pack: (said, silent) => pack(said, silently(silent)),
    merge: (extras) =>
      packOwn(
        Object.assign({}, ...extras.map(saidMembers)) as Members,
        silently(Object.assign({}, ...extras.map((one) => asideOf(one).silent)) as Members),
      ),
    choice(index, { nextPart, id }) {
      const mintId = (): string => (ids ??= createCallIds(mintedPrefix(id()))).called(undefined, '')
      const choice = createStreamChoice({ choice: index, nextPart, mintId })
      choices.set(index, choice)
      return choice
    },
    shortcut(data) {
      const text = repeated.textIn(data)
      if (text === undefined || talking === undefined) return undefined
      const events: IrEvent[] = []
      talking.say(text, events)
      return events
    },
    // Where a chunk was nothing but text, the next one like it need not be read.
    watch(record, data, events) {
      const [event] = events
      repeated.forget()
      if (events.length !== 1 || event?.type !== 'text-delta' || !isBare(record)) return
      talking = choices.get(countOf(firstChoice(record)['index']) ?? 0)
      repeated.learn(data, event.text, contentOf)
    },
  })
}

/** One choice, and no log probabilities, which are collected over the whole stream. */
function isBare(record: Members): boolean {
  return listOf(record['choices']).length === 1 && (firstChoice(record)['logprobs'] ?? null) === null
}

function contentOf(value: unknown): unknown {
  const delta = isObject(value) ? firstChoice(value)['delta'] : undefined
  return isObject(delta) ? delta['content'] : undefined
}

function firstChoice(record: Members): Members {
  const [choice] = listOf(record['choices'])
  return isObject(choice) ? choice : {}
}

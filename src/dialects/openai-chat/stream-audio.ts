// Spoken output of one choice: base64 and transcript come in pieces. Only this wire has it.
import type { IrEvent } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { audioKind } from './decode-response.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { pack, silently } from './extras.ts'
import { textOf } from '../kit/present.ts'

export interface StreamAudio {
  add(delta: unknown, events: IrEvent[]): void
  end(events: IrEvent[]): void
}

/** Streams the deltas as they are, and keeps them for whoever folds the stream. */
export function createStreamAudio(choice: number, nextPart: () => number): StreamAudio {
  const data: string[] = []
  const transcript: string[] = []
  let rest: Record<string, unknown> = {}
  let part: number | undefined

  return {
    add(delta, events) {
      if (!isObject(delta) || isPlaceholder(delta)) return
      if (part === undefined) {
        part = nextPart()
        events.push({ type: 'part-start', part, choice, opening: { type: 'opaque', kind: audioKind, value: {} } })
      }
      events.push({ type: 'opaque-delta', part, value: delta })
      const { data: bytes, transcript: words, ...others } = delta
      data.push(textOf(bytes) ?? '')
      transcript.push(textOf(words) ?? '')
      rest = { ...rest, ...others }
    },
    end(events) {
      if (part === undefined) return
      events.push({ type: 'part-end', part })
      const audio = { ...rest, data: data.join(''), transcript: transcript.join('') }
      const extras = pack({}, silently({ audio }))
      if (extras !== undefined) events.push({ type: 'extras-add', scope: 'message', choice, extras })
    },
  }
}

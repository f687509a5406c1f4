// What a legal stream of this wire is: chunks of one answer, each choice a text and then its finish, then usage, then the
// terminal.
// https://platform.openai.com/docs/api-reference/completions/create#completions-create-stream
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { createGrammar, objectIn, violation, type FrameRole } from '../kit/grammar.ts'
import { textOf } from '../kit/present.ts'
import { doneData } from '../openai-wire/chunk.ts'
import type { Members } from '../openai-wire/members.ts'

const words: ReadonlySet<unknown> = new Set(['stop', 'length', 'content_filter'])

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createGrammar(() => ({ step: createRules() }))
}

function createRules(): (frame: Frame) => FrameRole | Violation {
  const finished = new Map<number, boolean>()
  let head: Members | undefined
  let counted = false

  function end(): FrameRole | Violation {
    if (finished.size === 0) return violation('no-choice', 'choices: the answer has none')
    return unfinished() ?? 'end'
  }

  function unfinished(): Violation | undefined {
    for (const [index, isOver] of finished)
      if (!isOver) return violation('no-finish', `choices[${index}]: no finish_reason`)
    return undefined
  }

  function chunk(record: Members): FrameRole | Violation {
    if (record['object'] !== 'text_completion') return violation('not-a-chunk', 'object: not a chunk')
    const broken = headViolation(head, record)
    if (broken !== undefined) return broken
    head ??= record
    if (counted) return violation('chunk-after-usage', 'usage: a chunk follows it')
    const entries: unknown = record['choices']
    if (!Array.isArray(entries)) return violation('not-a-chunk', 'choices: not a list')
    if (entries.length === 0) return count(record)
    if (isObject(record['usage'])) return violation('early-usage', 'usage: beside choices')
    for (const entry of entries as unknown[]) {
      const violated = isObject(entry) ? choice(entry) : violation('not-a-choice', 'choices: not a choice')
      if (violated !== undefined) return violated
    }
    return 'inner'
  }

  function count(record: Members): FrameRole | Violation {
    if (!isObject(record['usage'])) return violation('empty-chunk', 'choices: none, and no usage either')
    counted = true
    return unfinished() ?? 'inner'
  }

  function choice({ index, text, finish_reason: reason }: Members): Violation | undefined {
    if (!Number.isInteger(index) || typeof text !== 'string')
      return violation('not-a-choice', 'choices: no index or text')
    const at = `choices[${String(index)}]`
    if (finished.get(index as number) === true)
      return violation('choice-after-finish', `${at}: goes on after its finish_reason`)
    const isOver = reason !== null && reason !== undefined
    if (isOver && !words.has(reason))
      return violation('finish-reason', `${at}: a finish_reason that the wire does not define`)
    finished.set(index as number, isOver)
    return undefined
  }

  return (frame) => {
    if (frame.event !== undefined) return violation('event-name', 'an event with a name')
    if (frame.data === doneData) return end()
    const record = objectIn(frame)
    if (record === undefined) return violation('not-a-chunk', 'a frame that is no JSON object')
    return isObject(record['error']) ? 'error' : chunk(record)
  }
}

/** Every chunk of an answer has the same head. */
function headViolation(head: Members | undefined, record: Members): Violation | undefined {
  const { id, model, created } = record
  if (head === undefined)
    return textOf(id) === undefined || typeof model !== 'string' || typeof created !== 'number'
      ? violation('head', 'a chunk without id, model or created')
      : undefined
  return id === head['id'] && model === head['model'] && created === head['created']
    ? undefined
    : violation('head', 'id, model or created changes')
}

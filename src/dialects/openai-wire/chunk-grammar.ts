// What a legal stream of chunks is: all of one answer, each choice up to its finish, then usage, then the terminal. What a
// choice may say is its wire's.
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { createGrammar, objectIn, violation, type Flag, type FrameRole } from '../kit/grammar.ts'
import { textOf } from '../kit/present.ts'
import { doneData } from './chunk.ts'
import type { Members } from './members.ts'

/** What the wire says of its choices. */
export interface ChunkShape {
  /** `object` of a chunk. */
  readonly object: string
  /** What a choice has beside its index. */
  readonly member: { readonly key: string; readonly is: (value: unknown) => boolean }
  /** The words for a finish. */
  readonly words: ReadonlySet<unknown>
  /** The rules for one choice: is asked for each of its entries, and then for its finish. */
  readonly choice: (at: string, flag: Flag) => ChoiceRules
}

export interface ChoiceRules {
  step(entry: Members): Violation | undefined
  finish(reason: unknown): Violation | undefined
}

interface Choice {
  readonly rules: ChoiceRules
  finished: boolean
}

/** A grammar for one stream. */
export function createChunkGrammar(shape: ChunkShape): StreamGrammar {
  return createGrammar((flag) => ({ step: createRules(shape, flag) }))
}

function createRules(shape: ChunkShape, flag: Flag): (frame: Frame) => FrameRole | Violation {
  const choices = new Map<number, Choice>()
  let head: Members | undefined
  let counted = false

  function end(): FrameRole | Violation {
    if (choices.size === 0) return violation('no-choice', 'choices: the answer has none')
    return unfinished() ?? 'end'
  }

  function unfinished(): Violation | undefined {
    for (const [index, { finished }] of choices)
      if (!finished) return violation('no-finish', `choices[${index}]: no finish_reason`)
    return undefined
  }

  function chunk(record: Members): FrameRole | Violation {
    if (record['object'] !== shape.object) return violation('not-a-chunk', 'object: not a chunk')
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

  function choice(entry: Members): Violation | undefined {
    const { index, finish_reason: reason } = entry
    const { key, is } = shape.member
    if (!Number.isInteger(index) || !is(entry[key])) return violation('not-a-choice', `choices: no index or ${key}`)
    const at = `choices[${String(index)}]`
    const known = choices.get(index as number)
    if (known?.finished === true) return violation('choice-after-finish', `${at}: goes on after its finish_reason`)
    const current = known ?? { rules: shape.choice(at, flag), finished: false }
    const violated = current.rules.step(entry)
    if (violated !== undefined) return violated
    choices.set(index as number, current)
    if (reason === null || reason === undefined) return undefined
    if (!shape.words.has(reason))
      return violation('finish-reason', `${at}: a finish_reason that the wire does not define`)
    current.finished = true
    return current.rules.finish(reason)
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

// The chunks of a compatible provider's stream, as the wire has them. Owns the order of things and the ends: what is
// mended chunk by chunk is the mender's, and what is kept back for the next chunk the keepers'.
import type { QuirkName } from '../../../ir/traits.ts'
import type { Frame } from '../../../wire/frame.ts'
import { isObject, parseJson } from '../../../wire/json-parse.ts'
import type { Exchange, StreamNormaliser } from '../../dialect.ts'
import { countOf, listOf, textOf } from '../../kit/present.ts'
import { doneData } from '../../openai-wire/chunk.ts'
import { hiddenError } from '../../openai-wire/errors.ts'
import type { Members } from '../extras.ts'
import { createAnswerState, usableCalls, type ChoiceState } from './answer-state.ts'
import { completion, lacksArguments, noArguments } from './calls.ts'
import { finishEntry } from './finish.ts'
import { createHeadKeeper } from './head-keeper.ts'
import { hasHead } from './head.ts'
import { createMender, planOf } from './mender.ts'
import { frameOf, isBare, type Outgoing } from './outgoing.ts'
import { createUsageKeeper } from './usage-keeper.ts'
import { usageOf } from './usage.ts'

/** A normaliser for one stream of a provider with these quirks. */
export function createNormaliser(quirks: readonly QuirkName[], exchange: Exchange): StreamNormaliser {
  const plan = planOf(quirks)
  const has = (name: QuirkName): boolean => plan.quirks.has(name)
  const answer = createAnswerState(exchange, true)
  const mend = createMender(plan, answer)
  const head = createHeadKeeper(exchange, has('head_unsound'))
  const usage = createUsageKeeper({ repeats: has('usage_repeated'), awaitsEnd: has('finish_missing') })
  const { choices: wanted } = exchange.facts
  let over = false

  /** Every choice has begun, nothing is kept back, and the text says nothing that might have to be mended. */
  function isQuiet(text: string): boolean {
    return answer.choices.size >= wanted && !head.isWaiting() && !usage.isWaiting() && !plan.tells.test(text)
  }

  function unfinished(): readonly ChoiceState[] {
    return [...answer.choices.values()].filter((choice) => choice.finish === undefined)
  }

  function chunk(outgoing: Outgoing): Outgoing[] {
    return head
      .take(outgoing)
      .flatMap((each) => [...endedCalls(each), each])
      .flatMap((each) => usage.take(each, unfinished().length === 0))
  }

  /** Arguments for the calls that never got any, before the chunk that ends their choice. */
  function endedCalls({ record }: Outgoing): Outgoing[] {
    if (!has('arguments_not_text')) return []
    return listOf(record['choices']).flatMap((entry) =>
      isObject(entry) && textOf(entry['finish_reason']) !== undefined
        ? completed(answer.choiceAt(countOf(entry['index']) ?? 0))
        : [],
    )
  }

  function completed(choice: ChoiceState): Outgoing[] {
    const calls = usableCalls(choice).filter(lacksArguments)
    if (calls.length === 0) return []
    for (const call of calls) call.texts.push(noArguments)
    const delta = { tool_calls: calls.map(completion) }
    return [head.chunk({ choices: [{ index: choice.index, delta, finish_reason: null }] })]
  }

  function missingFinishes(): Outgoing[] {
    return unfinished().flatMap((choice) => {
      const before = has('arguments_not_text') ? completed(choice) : []
      const entry = finishEntry(choice)
      choice.finish = textOf(entry['finish_reason'])
      return [...before, head.chunk({ choices: [entry] })]
    })
  }

  /** What was kept back; with an end for what has none, where the provider said that it is over. */
  function close(isDone: boolean): Outgoing[] {
    const headless = head.release()
    const kept = usage.release()
    const finishes = isDone && has('finish_missing') ? missingFinishes() : []
    const untold = usage.untold()
    const ends = kept.some(isBare) ? [...finishes, ...kept] : [...kept, ...finishes]
    return [...headless, ...ends, ...(untold === undefined ? [] : [head.chunk({ choices: [], usage: untold })])]
  }

  /** A frame that goes by as it is, behind what was kept back. */
  function pass(frame: Frame, before: readonly Outgoing[]): readonly Frame[] | 'same' {
    return before.length === 0 ? 'same' : [...before.map(frameOf), frame]
  }

  return {
    step(frame) {
      if (over) return 'same'
      const data = frame.data.trim()
      if (data === doneData || frame.event === 'error') {
        over = true
        return pass(frame, close(data === doneData))
      }
      if (isQuiet(data) && (!has('members_missing') || data.includes(choicesKey))) return 'same'
      const value = frame.value ?? parseJson(data)
      if (!isObject(value)) return 'same'
      if (hiddenError(value) !== undefined) return pass(frame, close(false))
      if (has('members_missing') && !isChunk(value)) return []
      const record = mend(value)
      const outgoing = chunk(record === value ? { record, frame } : { record })
      return outgoing.length === 1 && outgoing[0]?.frame === frame ? 'same' : outgoing.map(frameOf)
    },
    skim(text) {
      if (over || !isQuiet(text) || text.includes(doneData)) return false
      return !has('members_missing') || count(text, choicesKey) >= count(text, 'data:')
    },
    finish() {
      if (over) return []
      over = true
      return close(false).map(frameOf)
    },
  }
}

const choicesKey = '"choices"'

/** Whether a record is part of an answer at all; an id makes it one without choices. */
function isChunk(record: Members): boolean {
  return Array.isArray(record['choices']) || usageOf(record) !== undefined || hasHead(record)
}

function count(text: string, part: string): number {
  let found = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++
  return found
}

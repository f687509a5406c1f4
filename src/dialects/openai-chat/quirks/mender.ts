// Puts a provider's quirks together: one record in, the same record or a mended one out. Knows chunks and whole answers,
// but nothing of streams.
import { quirkNames, type QuirkName } from '../../../ir/traits.ts'
import { isObject } from '../../../wire/json-parse.ts'
import { countOf, listOf, textOf } from '../../kit/present.ts'
import type { Members } from '../extras.ts'
import { calledIn, callOf, noteCall, noteMessage, type AnswerState, type ChoiceState } from './answer-state.ts'
import { mapSame, withMember } from './change.ts'
import type { Quirk } from './quirk.ts'
import { quirkTable } from './table.ts'
import { usageOf } from './usage.ts'

/** A provider's quirks, made ready once. */
export interface Plan {
  readonly quirks: ReadonlySet<QuirkName>
  readonly rows: readonly Quirk[]
  /** An event of an answer in flow whose text does not match needs no mending. */
  readonly tells: RegExp
}

const plans = new WeakMap<readonly QuirkName[], Plan>()

/** The plan for a list of quirks; the list of one provider is always the same. */
export function planOf(names: readonly QuirkName[]): Plan {
  const known = plans.get(names)
  if (known !== undefined) return known
  const quirks = new Set(names)
  // In the order of the table, not of the file: what one mends another may read.
  const rows = quirkNames.filter((name) => quirks.has(name)).map((name) => quirkTable[name])
  const plan: Plan = { quirks, rows, tells: new RegExp(rows.map((row) => row.tells).join('|') || '(?!)') }
  plans.set(names, plan)
  return plan
}

/** Mends the records of one answer, in order. */
export function createMender({ rows }: Plan, answer: AnswerState): (record: Members) => Members {
  function mendRecord(record: Members): Members {
    const shaped = rows.reduce((mended, row) => row.record?.(mended, answer) ?? mended, record)
    answer.id ??= textOf(shaped['id'])
    const choices = listOf(shaped['choices'])
    const told = withSame(shaped, 'choices', choices, mapSame(choices, mendChoice))
    const usage = usageOf(told)
    if (usage === undefined) return told
    return withMember(
      told,
      'usage',
      rows.reduce((mended, row) => row.usage?.(mended) ?? mended, usage),
    )
  }

  function mendChoice(entry: unknown, position: number): unknown {
    if (!isObject(entry)) return entry
    const shaped = rows.reduce((mended, row) => row.choice?.(mended, { position, answer }) ?? mended, entry as Members)
    const choice = answer.choiceAt(countOf(shaped['index']) ?? position)
    const key = answer.stream ? 'delta' : 'message'
    const message = shaped[key]
    const told = isObject(message) ? withMember(shaped, key, mendMessage(message, choice)) : shaped
    const ended = rows.reduce((mended, row) => row.finish?.(mended, { choice, answer }) ?? mended, told)
    choice.finish = textOf(ended['finish_reason']) ?? choice.finish
    return ended
  }

  function mendMessage(message: Members, choice: ChoiceState): Members {
    const shaped = rows.reduce((mended, row) => row.message?.(mended, { choice, answer }) ?? mended, message)
    const calls = listOf(shaped['tool_calls'])
    const told = withSame(
      shaped,
      'tool_calls',
      calls,
      mapSame(calls, (entry) => mendCall(entry, choice)),
    )
    noteMessage(choice, told)
    return told
  }

  function mendCall(entry: unknown, choice: ChoiceState): unknown {
    if (!isObject(entry)) return entry
    const call = callOf(choice, entry)
    const opens = call.name === undefined && textOf(calledIn(entry)['name']) !== undefined
    const mended = rows.reduce((told, row) => row.call?.(told, { call, opens, answer }) ?? told, entry as Members)
    noteCall(call, mended)
    return mended
  }

  return mendRecord
}

function withSame(record: Members, key: string, before: unknown, after: unknown): Members {
  return before === after ? record : withMember(record, key, after)
}

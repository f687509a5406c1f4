// A whole answer of this wire as the canonical answer.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TapReport } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { usageIn } from '../openai-wire/chunk.ts'
import { hiddenError } from '../openai-wire/errors.ts'
import type { Members } from '../openai-wire/members.ts'
import { extrasOf } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'

const knownMembers: ReadonlySet<string> = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'error'])
const choiceMembers: ReadonlySet<string> = new Set(['index', 'text', 'finish_reason'])

/**
 * Decodes an answer. Fails with the error that a 200 hides, or with `upstream_empty` where there is no choice.
 * @see https://platform.openai.com/docs/api-reference/completions/object
 */
export function decodeResponse(body: unknown): Outcome<IrResponse> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer, choices } = checked.value
  return ok({
    source: 'openai-completions',
    ...present({
      id: textOf(answer['id']),
      model: textOf(answer['model']),
      created: countOf(answer['created']),
      usage: usageIn(answer),
      extras: extrasOf(answer, knownMembers),
    }),
    outputs: choices.map(decodeChoice),
  })
}

function decodeChoice(choice: Members, position: number): Output {
  const text = textOf(choice['text'])
  const word = choice['finish_reason']
  return {
    index: countOf(choice['index']) ?? position,
    parts: text === undefined ? [] : [{ type: 'text', text, at: `choices[${position}].text` }],
    finish: decodeFinish(word),
    ...present({ extras: extrasOf(choice, choiceMembers, word === '' ? { finish_reason: word } : {}) }),
  }
}

/** What a whole answer says of itself; fails where it hides an error or has no choice. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer, choices } = checked.value
  return ok({
    complete: true,
    finish: decodeFinish(choices[0]?.['finish_reason']),
    ...present({ usage: usageIn(answer), model: textOf(answer['model']), id: textOf(answer['id']) }),
  })
}

/** An answer with its choices; fails where a body is none. */
function checkResponse(body: unknown): Outcome<{ readonly answer: Members; readonly choices: readonly Members[] }> {
  const hidden = hiddenError(body)
  if (hidden !== undefined) return { ok: false, error: hidden }
  if (!isObject(body)) return failed('upstream_empty')
  const choices = listOf(body['choices']).filter(isObject)
  const answered = choices.some(
    (choice) => typeof choice['text'] === 'string' || textOf(choice['finish_reason']) !== undefined,
  )
  return answered ? ok({ answer: body, choices }) : failed('upstream_empty')
}

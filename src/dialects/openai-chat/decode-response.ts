// A whole answer of this wire as the canonical answer.
import type { ContentPart } from '../../ir/content.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import { createCallIds, mintedPrefix, type CallIds } from './call-ids.ts'
import { decodeAnnotations } from './citations.ts'
import { decodeAssistantMessage } from './decode-assistant.ts'
import { hiddenError } from '../openai-wire/errors.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { extrasOf, packOwn, silently, unknownMembers, type Aside, type Members } from './extras.ts'
import { answerContent } from '../openai-wire/answer-content.ts'
import { decodeFinish } from './finish-reason.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { decodeUsage } from '../openai-wire/usage.ts'

const knownMembers = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'error'])
const choiceMembers = new Set(['index', 'message', 'finish_reason'])

/**
 * Decodes an answer. Fails with the error that a 200 hides, or with `upstream_empty` where there is no choice.
 * @see https://platform.openai.com/docs/api-reference/chat/object
 */
export function decodeResponse(body: unknown): Outcome<IrResponse> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer, choices } = checked.value
  const ids = createCallIds(mintedPrefix(answer['id']))
  const { said, silent } = unknownMembers(answer, knownMembers)
  return ok({
    source: 'openai-chat',
    ...present({
      id: textOf(answer['id']),
      model: textOf(answer['model']),
      created: countOf(answer['created']),
      usage: decodeUsage(answer['usage']),
    }),
    outputs: choices.map((choice, position) => decodeChoice(choice, position, ids)),
    extras: packOwn(said, silently({ ...silent, ...silentHead(answer) })),
  })
}

/** An answer with its choices; fails where a body is none. A choice may lack its message (Azure's content filter). */
export function checkResponse(
  body: unknown,
): Outcome<{ readonly answer: Members; readonly choices: readonly Members[] }> {
  const hidden = hiddenError(body)
  if (hidden !== undefined) return { ok: false, error: hidden }
  if (!isObject(body)) return failed('upstream_empty')
  const choices = listOf(body['choices']).filter(isObject)
  const answered = choices.some(
    (choice) => isObject(choice['message']) || textOf(choice['finish_reason']) !== undefined,
  )
  return answered ? ok({ answer: body, choices }) : failed('upstream_empty')
}

function silentHead(answer: Members): Members {
  const empty = ['id', 'model'].filter((key) => answer[key] === '')
  const other = answer['object'] !== undefined && answer['object'] !== 'chat.completion'
  return { ...Object.fromEntries(empty.map((key) => [key, ''])), ...(other && { object: answer['object'] }) }
}

function decodeChoice(choice: Members, position: number, ids: CallIds): Output {
  const message = isObject(choice['message']) ? choice['message'] : {}
  const { parts, messageExtras } = decodeMessage(message, `choices[${position}].message`, ids)
  const word = choice['finish_reason']
  const unseen: Aside = {
    ...silently(word === '' ? { finish_reason: word } : {}),
    ...(!isObject(choice['message']) && { bare: true }),
  }
  return {
    index: countOf(choice['index']) ?? position,
    parts,
    finish: decodeFinish(word, answerContent(parts)),
    ...present({ messageExtras, extras: extrasOf(choice, choiceMembers, unseen) }),
  }
}

function decodeMessage(message: Members, at: string, ids: CallIds): Pick<Output, 'parts' | 'messageExtras'> {
  const citations = decodeAnnotations(message['annotations'], `${at}.annotations`)
  const cited = citations.length > 0 && hasText(message['content'])
  const heard = !isPlaceholder(message['audio'])
  const known = [...(cited ? ['annotations'] : []), ...(heard ? ['audio'] : [])]
  const { parts, extras } = decodeAssistantMessage(message, { ids, at, known })
  // The links of a message are about its text as a whole; it has one part of it, but for Mistral's lists.
  const last = parts.findLastIndex((part) => part.type === 'text')
  const linked = parts.map((part, index) =>
    cited && index === last && part.type === 'text' ? { ...part, citations } : part,
  )
  const audio: ContentPart[] = heard
    ? [{ type: 'opaque', kind: audioKind, value: message['audio'], at: `${at}.audio` }]
    : []
  return { parts: [...linked, ...audio], ...present({ messageExtras: extras }) }
}

/** The kind of an opaque part that holds spoken output. */
export const audioKind = 'audio'

function hasText(content: unknown): boolean {
  return textOf(content) !== undefined || listOf(content).some((part) => isObject(part) && part['type'] === 'text')
}

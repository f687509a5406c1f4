// Watches answers of this wire go by without changing them: usage, finish, model, id, and where content begins.
import { ok, type Outcome } from '../../ir/error.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Exchange, StreamTap, TapReport } from '../dialect.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { usageIn } from '../openai-wire/chunk.ts'
import { createChunkTap } from '../openai-wire/chunk-tap.ts'
import { checkResponse } from './decode-response.ts'
import type { Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { hasContent } from './stream-content.ts'

// What a chunk in full flow has: text of some kind. Without it a chunk is read, for it may only keep the line open.
const flows = /"(?:content|reasoning_content|reasoning|text|thinking|arguments|input|refusal|data)"\s*:\s*"[^"]/
// The first tool call is read as well.
const callsTools = /"(?:tool_calls|function_call)"\s*:\s*(?:\[\s*)?\{/

const written = {
  strings: 'content|reasoning_content|reasoning|refusal|arguments|input|thinking|text|summary',
  calls: '"(?:function|custom|function_call)"\\s*:\\s*\\{\\s*(?:"arguments"\\s*:\\s*""\\s*,\\s*)?"name"\\s*:\\s*"',
  // Pages that were searched.
  foreign: '"annotations"',
}

/** A tap for one stream. */
export function createStreamTap({ facts }: Exchange): StreamTap {
  let called = false
  let refused = false
  return createChunkTap(facts, {
    written,
    isFlowing: (data) => flows.test(data) && (called || !callsTools.test(data)),
    readChoice(choice) {
      const delta = isObject(choice['delta']) ? choice['delta'] : {}
      called ||= hasCall(delta)
      refused ||= textOf(delta['refusal']) !== undefined
      return hasContent(choice)
    },
    finish: (word) => decodeFinish(word, { calls: called ? 1 : 0, cut: true, refused }),
  })
}

/** What a whole answer says of itself; fails where it hides an error or has no choice. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer, choices } = checked.value
  const [first] = choices
  const message = isObject(first?.['message']) ? first['message'] : {}
  const finish = decodeFinish(first?.['finish_reason'], {
    calls: hasCall(message) ? 1 : 0,
    cut: true,
    refused: textOf(message['refusal']) !== undefined,
  })
  return ok({
    complete: true,
    finish,
    ...present({ usage: usageIn(answer), model: textOf(answer['model']), id: textOf(answer['id']) }),
  })
}

function hasCall(message: Members): boolean {
  return [...listOf(message['tool_calls']), { function: message['function_call'] }].some((call) => {
    const called = isObject(call) ? (call['function'] ?? call['custom']) : undefined
    return isObject(called) && textOf(called['name']) !== undefined
  })
}

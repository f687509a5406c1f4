// A whole answer of this wire, decoded, and the quick look at one that only passes through.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Extras } from '../../ir/content.ts'
import type { Finish, IrResponse } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TapReport } from '../dialect.ts'
import { decodeContent } from './content.ts'
import { decodeEmbeddedError } from './errors.ts'
import { extrasOf, ownExtras } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { present } from '../kit/present.ts'
import type { Fault } from '../kit/shape.ts'
import { decodeUsage } from './usage.ts'

type Message = Readonly<Record<string, unknown>> & { readonly content: readonly unknown[] }

const canonical = ['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'stop_details', 'usage']

/** Decodes a message; fails where the body is an error, is empty, or is not of this wire. */
export function decodeResponse(body: unknown): Outcome<IrResponse> {
  const read = readMessage(body)
  if (!read.ok) return read
  const message = read.value
  const faults: Fault[] = []
  const parts = decodeContent(message.content, 'content', faults)
  if (faults.length > 0) return failed('upstream_bad_content')
  return ok({
    source: 'anthropic-messages',
    outputs: [{ index: 0, parts, ...present({ finish: finishOf(message) }) }],
    extras: ownExtras(extrasOf(message, canonical)),
    ...present({ ...namesOf(message), usage: decodeUsage(message['usage']) }),
  })
}

/** What the gateway notes of a message it passes on; an error hidden in it, or an empty one, is a failure. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const read = readMessage(body)
  if (!read.ok) return read
  const finish = finishOf(read.value)
  return ok({
    complete: finish !== undefined,
    ...present({ ...namesOf(read.value), finish, usage: decodeUsage(read.value['usage']) }),
  })
}

function readMessage(body: unknown): Outcome<Message> {
  if (!isObject(body)) return failed('upstream_bad_content')
  if (body['type'] === 'error' || isObject(body['error'])) return { ok: false, error: decodeEmbeddedError(body) }
  const { content } = body
  // Without content an answer can still be whole: a refusal, or a turn that had nothing to add.
  if (!Array.isArray(content) || (content.length === 0 && typeof body['stop_reason'] !== 'string'))
    return failed('upstream_empty')
  return ok({ ...body, content })
}

function finishOf(message: Message): Finish | undefined {
  const { stop_reason: raw, stop_sequence: stopSequence } = message
  if (typeof raw !== 'string') return undefined
  const details: Extras | undefined = extrasOf({ stop_details: message['stop_details'] }, [])
  return decodeFinish({
    raw,
    stopSequence: typeof stopSequence === 'string' ? stopSequence : undefined,
    calledTool: message.content.some((block) => isObject(block) && block['type'] === 'tool_use'),
    extras: details,
  })
}

function namesOf({ id, model }: Message): { readonly id: string | undefined; readonly model: string | undefined } {
  return {
    id: typeof id === 'string' ? id : undefined,
    model: typeof model === 'string' ? model : undefined,
  }
}

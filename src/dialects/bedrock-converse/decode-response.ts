// A whole answer of this wire, decoded, and the quick look at one that only passes through.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Extras } from '../../ir/content.ts'
import type { Finish, IrResponse } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TapReport } from '../dialect.ts'
import { present, textOf } from '../kit/present.ts'
import { decodeContent, isClientCall } from './decode-content.ts'
import { decodeEmbeddedError } from './errors.ts'
import { leftOver, objectOf, pack, type Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import type { Fault } from '../kit/shape.ts'
import { decodeUsage } from './usage.ts'

interface Answer {
  readonly body: Members
  readonly message: Members
  readonly content: readonly unknown[]
}

const canonical = ['output', 'stopReason', 'usage', 'additionalModelResponseFields', 'metrics', '$metadata']

/** Decodes an answer; fails where the body is an error, is empty, or is not of this wire. */
export function decodeResponse(body: unknown): Outcome<IrResponse> {
  const read = readAnswer(body)
  if (!read.ok) return read
  const { message, content, body: answer } = read.value
  const faults: Fault[] = []
  const parts = decodeContent(content, { at: 'output.message.content', role: 'assistant' }, faults)
  if (faults.length > 0) return failed('upstream_bad_content')
  const messageExtras = pack(leftOver(message, ['role', 'content']))
  return ok({
    source: 'bedrock-converse',
    outputs: [{ index: 0, parts, ...present({ finish: finishOf(read.value), messageExtras }) }],
    ...present({ usage: decodeUsage(answer['usage']), extras: decodeAnswerExtras(answer, canonical) }),
  })
}

/**
 * What an answer, or the metadata of a stream, says beside content and usage. How long it took is no part of the answer:
 * it comes back on this wire and is not missed on another.
 */
export function decodeAnswerExtras(record: Members, known: readonly string[]): Extras | undefined {
  return pack(leftOver(record, known), present({ metrics: record['metrics'], $metadata: record['$metadata'] }))
}

/** What the gateway notes of an answer it passes on; an error hidden in it, or an empty one, is a failure. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const read = readAnswer(body)
  if (!read.ok) return read
  const finish = finishOf(read.value)
  return ok({
    complete: finish !== undefined,
    ...present({ finish, usage: decodeUsage(read.value.body['usage']) }),
  })
}

function readAnswer(body: unknown): Outcome<Answer> {
  if (!isObject(body)) return failed('upstream_bad_content')
  if (!('output' in body) && ('message' in body || 'Message' in body))
    return { ok: false, error: decodeEmbeddedError(undefined, body) }
  const { message } = objectOf(body['output'])
  const { content } = objectOf(message)
  // Without content an answer can still be whole: the model had nothing to add.
  if (!isObject(message) || !Array.isArray(content)) return failed('upstream_empty')
  if (content.length === 0 && typeof body['stopReason'] !== 'string') return failed('upstream_empty')
  return ok({ body, message, content })
}

function finishOf({ body, content }: Answer): Finish | undefined {
  const raw = textOf(body['stopReason'])
  if (raw === undefined) return undefined
  return decodeFinish({ raw, calledTool: content.some(isClientCall), ...decodeModelAnswer(body) })
}

/** What the model's maker said of the ending, where the request asked for it. */
export function decodeModelAnswer({ additionalModelResponseFields: fields }: Members): {
  readonly stopSequence?: string
  readonly extras?: Extras
} {
  const stopSequence = textOf(objectOf(fields)['stop_sequence'])
  const rest = leftOver(fields, stopSequence === undefined ? [] : ['stop_sequence'])
  return present({
    stopSequence,
    extras: pack(
      rest === undefined || Object.values(rest).every((value) => value === null)
        ? undefined
        : { additionalModelResponseFields: rest },
      fields === undefined ? {} : { fields },
    ),
  })
}

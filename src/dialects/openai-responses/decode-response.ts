// A whole answer of this wire as the canonical answer.
import type { ContentPart } from '../../ir/content.ts'
import { failed, GatewayError, ok, type Outcome } from '../../ir/error.ts'
import type { IrResponse } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { TapReport } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { hiddenError } from '../openai-wire/errors.ts'
import { decodeItem } from './decode-item.ts'
import type { Members } from './extras.ts'
import { answerContent } from '../openai-wire/answer-content.ts'
import { decodeFinish } from './finish-reason.ts'
import { unwrapCalls } from './parallel-wrapper.ts'
import { decodeHead } from './response-head.ts'
import { decodeUsage } from './usage.ts'

/** Decodes an answer. Fails with the error that a 200 hides, or with `upstream_empty` where there is no output. */
export function decodeResponse(body: unknown): Outcome<IrResponse> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const answer = checked.value
  const parts = decodeOutput(answer)
  return ok({
    source: 'openai-responses',
    ...present({
      id: textOf(answer['id']),
      model: textOf(answer['model']),
      created: secondsOf(answer['created_at']),
      usage: decodeUsage(answer['usage']),
    }),
    outputs: [{ index: 0, parts, finish: decodeFinish(answer, answerContent(parts)) }],
    extras: decodeHead(answer),
  })
}

/** The parts of an answer's output. */
export function decodeOutput(answer: Members): ContentPart[] {
  return listOf(answer['output']).flatMap((item, key) =>
    isObject(item)
      ? ((clientHas(answer, item['name']) ? undefined : unwrapped(item, key)) ??
        decodeItem(item, { key, at: `output[${key}]` }))
      : [],
  )
}

function unwrapped(item: Members, key: number): ContentPart[] | undefined {
  return unwrapCalls(item, key)?.map((call) => ({ ...call, at: `output[${key}]` }))
}

/** Whether the answer itself says that its client has a tool of this name. */
function clientHas(answer: Members, name: unknown): boolean {
  return listOf(answer['tools']).some((tool) => isObject(tool) && tool['name'] === name)
}

/** An answer with an output; fails where the provider failed or broke off. */
function checkResponse(body: unknown): Outcome<Members> {
  const hidden = hiddenError(body)
  if (hidden !== undefined) return { ok: false, error: hidden }
  if (!isObject(body)) return failed('upstream_empty')
  const failure = failureOf(body)
  if (failure !== undefined) return { ok: false, error: failure }
  return Array.isArray(body['output']) ? ok(body) : failed('upstream_empty')
}

/** The error of an answer that its provider gave up, without a word on why. */
export function failureOf(answer: Members): GatewayError | undefined {
  const { status } = answer
  return status === 'failed' || status === 'cancelled' ? new GatewayError('upstream_error') : undefined
}

/** Whole seconds: some providers write a fraction. */
export function secondsOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? countOf(Math.trunc(value)) : undefined
}

/** What a whole answer says of itself; fails where it hides an error or has no output. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const answer = checked.value
  return ok({
    complete: true,
    finish: decodeFinish(answer, contentOf(answer)),
    ...present({
      usage: decodeUsage(answer['usage']),
      model: textOf(answer['model']),
      id: textOf(answer['id']),
    }),
  })
}

/** What the finish of an answer depends on, without decoding its output. */
export function contentOf(answer: Members): { calls: number; cut: boolean; refused: boolean } {
  const items = listOf(answer['output']).filter(isObject)
  const calls = items.filter((item) => isCall(item) && textOf(item['name']) !== undefined)
  const content = items.flatMap((item) => (item['type'] === 'message' ? listOf(item['content']) : []))
  return {
    calls: calls.length,
    cut: calls.some((call) => call['status'] === 'incomplete'),
    refused: content.some((part) => isObject(part) && textOf(part['refusal']) !== undefined),
  }
}

function isCall(item: Members): boolean {
  return item['type'] === 'function_call' || item['type'] === 'custom_tool_call'
}

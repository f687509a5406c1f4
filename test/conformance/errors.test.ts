// Layer 8: recorded errors. The expected class is looked up by what the provider said (status, type, code, text), in the
// table below, never by what the code under test makes of it.
import { expect } from 'vitest'
import type { ErrorCode } from '../../src/ir/error.ts'
import { jsonOf, parallelFiles, parallelJson, recordings } from '../support/corpus.ts'
import { parse, record, says, text, type Json } from '../support/json.ts'
import { answerCases, type Case } from './corpus-cases.ts'
import { decodeStream, dialectIds, dialects } from './harness.ts'
import { layer } from './layer.ts'
import { errorWires, type Said } from './wires/errors.ts'

interface Rule {
  /** Of the answer; absent for an error inside a stream that names none. */
  readonly status?: number
  readonly type?: string
  readonly code?: string
  readonly text?: RegExp
  readonly expected: ErrorCode
  /** The status that our client has to see. */
  readonly answered: number
}

/** First match counts. Sources: wire-facts 46 and 47, and the providers' error pages. */
const rules: readonly Rule[] = [
  {
    status: 400,
    text: /maximum context length|prompt is too long|Input Tokens Exceeded/,
    expected: 'upstream_context_overflow',
    answered: 400,
  },
  // OpenAI's code for a model that does not exist, whatever the status.
  { status: 400, code: 'model_not_found', expected: 'upstream_model_missing', answered: 502 },
  { status: 400, expected: 'upstream_rejected', answered: 400 },
  { status: 401, expected: 'upstream_auth', answered: 502 },
  // AWS does not know the access key.
  { status: 403, type: 'UnrecognizedClientException', expected: 'upstream_auth', answered: 502 },
  { status: 404, expected: 'upstream_model_missing', answered: 502 },
  { status: 429, code: 'RateLimitReached', expected: 'upstream_rate_limited', answered: 429 },
  { code: 'insufficient_quota', expected: 'upstream_quota', answered: 429 },
]

interface ErrorCase extends Case {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}

function recordedErrors(): ErrorCase[] {
  const whole = recordings()
    .filter(({ role, status, dialect }) => role === 'response' && status >= 400 && dialectIds.includes(dialect))
    .map((recording): ErrorCase => {
      const { file: label, dialect, exercises, status, headers } = recording
      return { label, dialect, exercises, status, headers, body: jsonOf(recording) }
    })
  // `parallel/` keeps an error as the SDK printed it: its name, the status or not, and the body.
  const printed = parallelFiles()
    .filter(({ kind, dialect }) => kind === 'error' && dialectIds.includes(dialect))
    .flatMap((entry): ErrorCase[] => {
      const shown = text(record(parallelJson(entry))['error'])
      const body = record(parse(shown.slice(shown.indexOf('{'))))
      const status = Number(/^Error: (\d{3}) /.exec(shown)?.[1] ?? record(body['error'])['code'])
      const exercises = [`parallel:${entry.name}`]
      return Number.isNaN(status)
        ? []
        : [{ label: entry.file, dialect: entry.dialect, exercises, status, headers: {}, body }]
    })
  return [...whole, ...printed]
}

function ruleFor(status: number | undefined, said: Said): Rule {
  const found = rules.find(
    (rule) =>
      (rule.status === undefined || rule.status === status) &&
      (rule.type === undefined || rule.type === said.type) &&
      (rule.code === undefined || rule.code === said.code) &&
      (rule.text === undefined || rule.text.test(said.message)),
  )
  if (found === undefined) throw new Error('the table of this test has no rule for the recording')
  return found
}

layer('errors', ({ check, skip }) => {
  for (const recorded of recordedErrors()) {
    const { label, dialect, status, headers, body } = recorded
    const decode = () => dialects[dialect].decodeError(status, new Headers(headers), body)
    const said = errorWires[dialect].said(body, headers)

    check(`class · ${label}`, recorded, () => {
      const error = decode()
      expect(error.code).toBe(ruleFor(status, said).expected)
      expect(error.upstream?.status).toBe(status)
      // Some wires have one word for what others tell apart: it has to be kept, under either name.
      const kept = [error.upstream?.type, error.upstream?.code]
      for (const word of [said.type, said.code]) if (word !== undefined) expect(kept).toContain(word)
      expect(error.upstream?.message).toBe(said.message)
      // The provider's words may hold a key or a prompt: they are for the trace, not for the text of our own error.
      expect(error.message).not.toContain(said.message)
    })

    if (headers['retry-after'] !== undefined || headers['retry-after-ms'] !== undefined)
      check(`waiting time · ${label}`, recorded, () => {
        // Azure sends no milliseconds beside a whole second: a zero says nothing.
        const expected = Number(headers['retry-after-ms'] ?? 0) || Number(headers['retry-after']) * 1000
        expect(decode().retryAfterMs).toBe(expected)
      })

    for (const target of dialectIds)
      check(`answered on ${target} · ${label}`, { ...recorded, target }, () => {
        const { answered, expected } = ruleFor(status, said)
        const answer = dialects[target].encodeError(decode(), 'req_conformance')
        expect(answer.status).toBe(answered)
        expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-signalbox-error-code': expected })
        if (answered === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1)
        const written = JSON.parse(new TextDecoder().decode(answer.body)) as Json
        expect(errorWires[target].problems(written, answer.headers, answered)).toEqual([])
      })
  }

  for (const answer of answerCases(skip)) {
    const { dialect, frames, body } = answer
    if (frames === undefined || !says(body['error'])) continue
    check(`inside a stream · ${answer.label}`, answer, () => {
      const errors = decodeStream(dialect, frames).flatMap((event) => (event.type === 'error' ? [event.error] : []))
      expect(errors).toHaveLength(1)
      const inner = record(body['error'])
      const said = errorWires[dialect].said({ error: inner }, {})
      // Its embedded code counts as the status.
      const status = Number(inner['code'])
      expect(errors[0]?.code).toBe(ruleFor(Number.isNaN(status) ? undefined : status, said).expected)
      expect(errors[0]?.upstream?.message).toBe(said.message)
    })
  }
})

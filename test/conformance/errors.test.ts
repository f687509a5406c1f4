// Layer 8: recorded errors. The expected class is looked up by what the provider said (status, type, code, text), in the
// table below, never by what the code under test makes of it.
import { expect } from 'vitest'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { ErrorCode } from '../../src/ir/error.ts'
import { foreignEndpoint, jsonOf, parallelFiles, parallelJson, recordings } from '../support/corpus.ts'
import { schemaErrors } from '../support/openapi.ts'
import { answerCases } from './corpus-cases.ts'
import { decodeStream, dialectIds, dialects } from './harness.ts'
import { parse, record, says, text, type Json } from './json.ts'
import { layer } from './layer.ts'

interface Rule {
  readonly status: number
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
    text: /maximum context length|prompt is too long/,
    expected: 'upstream_context_overflow',
    answered: 400,
  },
  { status: 400, expected: 'upstream_rejected', answered: 400 },
  { status: 401, expected: 'upstream_auth', answered: 502 },
  { status: 404, type: 'not_found_error', expected: 'upstream_model_missing', answered: 502 },
  { status: 429, code: 'RateLimitReached', expected: 'upstream_rate_limited', answered: 429 },
]

interface ErrorCase {
  readonly label: string
  readonly dialect: DialectId
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

function recordedErrors(): ErrorCase[] {
  const whole = recordings()
    .filter((entry) => entry.role === 'response' && entry.status >= 400 && foreignEndpoint(entry) === undefined)
    .map(({ file: label, dialect, status, headers, ...entry }) => {
      return { label, dialect, status, headers, body: jsonOf({ file: label, dialect, status, headers, ...entry }) }
    })
  // `parallel/` keeps an error as the SDK printed it: the status, a blank, the body.
  const printed = parallelFiles()
    .filter((entry) => entry.kind === 'error')
    .flatMap((entry): ErrorCase[] => {
      const [, status, body] = /^Error: (\d{3}) (\{.*\})$/.exec(text(record(parallelJson(entry))['error'])) ?? []
      if (status === undefined || body === undefined) return []
      return [{ label: entry.file, dialect: entry.dialect, status: Number(status), headers: {}, body: parse(body) }]
    })
  return [...whole, ...printed]
}

function ruleFor({ status, body }: ErrorCase): Rule {
  const error = record(record(body)['error'])
  const found = rules.find(
    (rule) =>
      rule.status === status &&
      (rule.type === undefined || rule.type === error['type']) &&
      (rule.code === undefined || rule.code === error['code']) &&
      (rule.text === undefined || rule.text.test(text(error['message']))),
  )
  if (found === undefined) throw new Error('the table of this test has no rule for the recording')
  return found
}

function expectLegalBody(target: DialectId, body: Json): void {
  const error = record(body['error'])
  expect(text(error['message']).length).toBeGreaterThan(0)
  if (target === 'openai-chat') {
    expect(Object.keys(error)).toEqual(expect.arrayContaining(['message', 'type', 'param', 'code']))
    expect(schemaErrors('openai', 'ErrorResponse', body)).toEqual([])
  } else {
    expect(schemaErrors('anthropic', 'ErrorResponse', body)).toEqual([])
    expect(body['request_id']).toBe('req_conformance')
  }
}

layer('errors', ({ check, skip }) => {
  for (const recorded of recordedErrors()) {
    const { label, dialect, status, headers, body } = recorded
    const decode = () => dialects[dialect].decodeError(status, new Headers(headers), body)
    const said = record(record(body)['error'])

    check(`class · ${label}`, () => {
      const error = decode()
      expect(error.code).toBe(ruleFor(recorded).expected)
      expect(error.upstream?.status).toBe(status)
      if (said['type'] !== undefined) expect(error.upstream?.type).toBe(said['type'])
      if (said['code'] !== undefined) expect(error.upstream?.code).toBe(said['code'])
      expect(error.upstream?.message).toBe(said['message'])
      // The provider's words may hold a key or a prompt: they are for the trace, not for the text of our own error.
      expect(error.message).not.toContain(text(said['message']))
    })

    if (headers['retry-after'] !== undefined || headers['retry-after-ms'] !== undefined)
      check(`waiting time · ${label}`, () => {
        const expected = Number(headers['retry-after-ms'] ?? Number(headers['retry-after']) * 1000)
        expect(decode().retryAfterMs).toBe(expected)
      })

    for (const target of dialectIds)
      check(`answered on ${target} · ${label}`, () => {
        const { answered, expected } = ruleFor(recorded)
        const answer = dialects[target].encodeError(decode(), 'req_conformance')
        expect(answer.status).toBe(answered)
        expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-signalbox-error-code': expected })
        if (answered === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1)
        expectLegalBody(target, JSON.parse(new TextDecoder().decode(answer.body)) as Json)
      })
  }

  for (const { label, dialect, frames, body } of answerCases(skip)) {
    const said = record(body['error'])
    if (frames === undefined || !says(body['error'])) continue
    check(`inside a stream · ${label}`, () => {
      const errors = decodeStream(dialect, frames).flatMap((event) => (event.type === 'error' ? [event.error] : []))
      expect(errors).toHaveLength(1)
      // Its embedded code counts as the status.
      const rule = ruleFor({ label, dialect, status: Number(said['code']), headers: {}, body })
      expect(errors[0]?.code).toBe(rule.expected)
      expect(errors[0]?.upstream?.message).toBe(said['message'])
    })
  }
})

// F-14 to F-30: what a provider may answer instead of an answer.
import { expect } from 'vitest'
import { chatAnswer } from '../support/upstream.ts'
import { anthropicError, openaiError } from './answers.ts'
import type { FaultRow } from './catalogue.ts'
import { headOf, respond, sse, type HeaderLines, type Reaction } from './fault-upstream.ts'

const badContent = { status: 502, code: 'upstream_bad_content' } as const
const empty = { status: 502, code: 'upstream_empty' } as const
/** 5 minutes, the first step of the schedule of failures that do not pass by themselves. */
const fiveMinutes = [300, 300] as const
const hour = 3600

const streamed = { stream: true } as const

/** @param lock the seconds that the account rests, at least and at most */
function rateLimit(id: string, title: string, headers: HeaderLines, lock: readonly [number, number]): FaultRow {
  return {
    id,
    title,
    fault: { does: [openaiError(429, { type: 'rate_limit_error' }, headers)] },
    expect: {
      alone: { status: 429, code: 'upstream_rate_limited' },
      leaves: { lock: 'upstream_rate_limited', seconds: lock },
    },
  }
}

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()

const refusing: readonly FaultRow[] = [
  {
    id: 'F-14',
    title: 'a 400 of the provider: the request is at fault, so nobody else is asked',
    everywhere: true,
    fault: { does: [openaiError(400, { type: 'invalid_request_error' })] },
    expect: {
      alone: { status: 400, code: 'upstream_rejected', says: ['no luck with'] },
      fallsBack: false,
      leaves: 'nothing',
    },
  },
  {
    id: 'F-14',
    title: 'a 422 of the provider reaches a client of another wire in the words of that wire',
    fault: { does: [openaiError(422)] },
    request: { wire: 'anthropic-messages' },
    expect: {
      alone: {
        status: 422,
        code: 'upstream_rejected',
        says: ['{"type":"error","error":{"type":"invalid_request_error"'],
      },
      fallsBack: false,
      leaves: 'nothing',
    },
  },
  {
    id: 'F-16',
    title: 'a 401 of the provider: the account rests, and the client never sees a 401',
    everywhere: true,
    fault: { does: [openaiError(401, { type: 'invalid_request_error', code: 'invalid_api_key' })] },
    expect: {
      alone: { status: 502, code: 'upstream_auth' },
      leaves: { lock: 'upstream_auth', seconds: fiveMinutes },
    },
  },
  {
    id: 'F-17',
    title: 'a 403 of the provider: the account rests for this model, else 502 upstream_forbidden',
    everywhere: true,
    fault: { does: [openaiError(403, { type: 'permission_error', message: 'not in your region' })] },
    expect: {
      alone: { status: 502, code: 'upstream_forbidden', never: ['region'] },
      leaves: { lock: 'upstream_forbidden', seconds: fiveMinutes },
    },
  },
  {
    id: 'F-18',
    title: 'a 404 of the model: the target rests, else 502 upstream_model_missing',
    everywhere: true,
    fault: { does: [openaiError(404, { code: 'model_not_found', message: 'The model `m` does not exist' })] },
    expect: {
      alone: { status: 502, code: 'upstream_model_missing' },
      leaves: { lock: 'upstream_model_missing', seconds: fiveMinutes },
    },
  },
  ...[301, 302, 307, 308].map((status): FaultRow => ({
    id: 'F-19',
    title: `a ${status} is not followed, and no key travels: the next target, else 502 upstream_redirect`,
    everywhere: status === 307,
    fault: { does: [respond(status, 'moved', { location: '/second-server/v1/chat/completions' })] },
    expect: { alone: { status: 502, code: 'upstream_redirect' }, leaves: 'breaker' },
    also: ({ gateway, alone }) => {
      expect(gateway.upstream.of('second-server')).toEqual([])
      expect(alone.headers.get('location')).toBeNull()
    },
  })),
  {
    id: 'F-19',
    title: 'a redirect to another server is not followed either',
    everywhere: true,
    fault: { place: 'redirects-away' },
    expect: { alone: { status: 502, code: 'upstream_redirect' }, leaves: 'breaker' },
    also: ({ gateway }) => expect(gateway.upstream.of('elsewhere')).toEqual([]),
  },
  {
    id: 'F-20',
    title: 'a 402: the account rests for an hour',
    everywhere: true,
    fault: { does: [openaiError(402, { message: 'Insufficient credits' })] },
    expect: {
      alone: { status: 429, code: 'upstream_quota' },
      leaves: { lock: 'upstream_quota', seconds: [hour, hour] },
    },
  },
  {
    id: 'F-20',
    title: 'insufficient_quota in a 429 is a matter of an hour, not of a minute',
    fault: { does: [openaiError(429, { type: 'insufficient_quota', code: 'insufficient_quota' })] },
    expect: {
      alone: { status: 429, code: 'upstream_quota' },
      leaves: { lock: 'upstream_quota', seconds: [hour, hour] },
    },
  },
  {
    ...rateLimit('F-21', 'a 429 with Retry-After: the account rests so long', { 'retry-after': '40' }, [40, 40]),
    everywhere: true,
    also: ({ alone }) => expect(Number(alone.headers.get('retry-after'))).toBeLessThanOrEqual(40),
  },
  rateLimit('F-21', 'no Retry-After is obeyed for longer than 15 minutes', { 'retry-after': '86400' }, [900, 900]),
  rateLimit('F-22', 'Retry-After as a date', { 'retry-after': inSeconds(600) }, [540, 600]),
  rateLimit(
    'F-22',
    'a date is measured against the date of the answer, whatever our clock says',
    { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:29:00 GMT' },
    [60, 60],
  ),
  rateLimit('F-22', 'retry-after-ms', { 'retry-after-ms': '30500' }, [30, 31]),
  rateLimit(
    'F-22',
    'x-ratelimit-reset-requests as a duration',
    { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m30s' },
    [90, 90],
  ),
  rateLimit(
    'F-22',
    'x-ratelimit-reset-tokens as a duration',
    { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '45s' },
    [45, 45],
  ),
  {
    id: 'F-22',
    title: 'anthropic-ratelimit-requests-reset as a moment',
    fault: {
      does: [
        anthropicError(429, 'rate_limit_error', {
          'anthropic-ratelimit-requests-remaining': '0',
          'anthropic-ratelimit-requests-reset': new Date(Date.now() + 600_000).toISOString(),
        }),
      ],
    },
    provider: { type: 'anthropic', api_formats: ['anthropic_messages'] },
    request: { wire: 'anthropic-messages' },
    expect: {
      alone: { status: 429, code: 'upstream_rate_limited' },
      leaves: { lock: 'upstream_rate_limited', seconds: [540, 600] },
    },
  },
]

/** A row of the same fault, for a whole answer and for a stream. */
function both(row: FaultRow): readonly FaultRow[] {
  return [
    row,
    { ...row, title: `${row.title} (streamed)`, everywhere: false, request: { ...row.request, stream: true } },
  ]
}

const page = '<!doctype html><html><body>Please log in</body></html>'

const answering: readonly FaultRow[] = [
  ...[500, 502, 503].map((status): FaultRow => ({
    id: 'F-24',
    title: `a single ${status}: the next target, and one failure for the breaker`,
    everywhere: status === 503,
    fault: { does: [openaiError(status)] },
    expect: { alone: { status: 502, code: 'upstream_error' }, leaves: 'breaker' },
  })),
  {
    id: 'F-26',
    title: 'a 529 keeps the name overloaded_error for a client of Anthropic',
    everywhere: true,
    fault: { does: [anthropicError(529, 'overloaded_error')] },
    provider: { type: 'anthropic', api_formats: ['anthropic_messages'] },
    request: { wire: 'anthropic-messages' },
    expect: {
      alone: { status: 529, code: 'upstream_overloaded', says: ['"overloaded_error"'] },
      leaves: { lock: 'upstream_overloaded', seconds: [2, 2], breaker: true },
    },
  },
  ...both({
    id: 'F-27',
    title: 'an error in a 200 counts by its own code',
    everywhere: true,
    fault: { does: [respond(200, { error: { message: 'down', type: 'server_error', code: 'server_error' } })] },
    expect: { alone: { status: 502, code: 'upstream_error' }, leaves: 'breaker' },
  }),
  {
    id: 'F-27',
    title: 'an empty account that is told in a 200 rests as long as otherwise',
    fault: {
      does: [respond(200, { error: { message: 'no', type: 'insufficient_quota', code: 'insufficient_quota' } })],
    },
    expect: {
      alone: { status: 429, code: 'upstream_quota' },
      leaves: { lock: 'upstream_quota', seconds: [hour, hour] },
    },
  },
  ...both({
    id: 'F-28',
    title: 'a web page with status 200 is no answer, and never relayed',
    everywhere: true,
    fault: { does: [respond(200, page, { 'content-type': 'text/html' })] },
    expect: { alone: { ...badContent, never: ['log in', '<html'] }, leaves: 'breaker' },
  }),
  ...(
    [
      ['an empty body', ''],
      ['an empty object', '{}'],
      ['an answer without choices', { ...chatAnswer(), choices: [] }],
    ] as const
  ).flatMap(([what, body], index) =>
    both({
      id: 'F-29',
      title: `${what} with status 200: the next target, else 502 upstream_empty`,
      everywhere: index === 0,
      fault: { does: [respond(200, body)] },
      expect: { alone: empty, leaves: 'breaker' },
    }),
  ),
  {
    id: 'F-29',
    title: 'a stream of nothing but its end',
    everywhere: true,
    fault: { does: [sse(['data: [DONE]\n\n'])] },
    request: streamed,
    expect: { alone: empty, leaves: 'breaker' },
  },
  {
    id: 'F-29',
    title: 'a stream of nothing but its end, for a client of another wire',
    fault: { does: [sse(['data: [DONE]\n\n'])] },
    request: { ...streamed, wire: 'anthropic-messages' },
    expect: { alone: empty, leaves: 'breaker' },
  },
  {
    id: 'F-29',
    title: 'a stream without a single byte has lost its end as well',
    fault: { does: [sse([])] },
    request: streamed,
    expect: { alone: { status: 502, code: 'stream_truncated' }, leaves: 'breaker' },
  },
  {
    id: 'F-30',
    title: 'JSON that is cut off, in a body that ends well: the next target, else 502',
    everywhere: true,
    fault: { does: [respond(200, JSON.stringify(chatAnswer()).slice(0, 60))] },
    expect: { alone: badContent, leaves: 'breaker' },
  },
  {
    id: 'F-30',
    title: 'JSON that is cut off with the connection',
    everywhere: true,
    fault: { does: [cut('close')] },
    expect: { alone: { status: 502, code: 'upstream_error' }, leaves: 'breaker' },
  },
  {
    id: 'F-30',
    title: 'JSON that is cut off by a reset',
    fault: { does: [cut('reset')] },
    expect: { alone: { status: 502, code: 'upstream_error' }, leaves: 'breaker' },
  },
]

function cut(end: 'close' | 'reset'): Reaction {
  const text = JSON.stringify(chatAnswer())
  const headers = { 'content-type': 'application/json', 'content-length': String(text.length) }
  return [{ send: headOf(200, headers) + text.slice(0, 60) }, { end }]
}

/** F-14 to F-30. */
export const refusalRows: readonly FaultRow[] = [...refusing, ...answering]

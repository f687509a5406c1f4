// F-01 to F-13: what can happen to a connection before there is any content.
import { expect } from 'vitest'
import { chatAnswer, chatChunk } from '../support/upstream.ts'
import { healthyChat } from './answers.ts'
import type { FaultRow } from './catalogue.ts'
import { respond, sse } from './fault-upstream.ts'

const unreachable = { status: 502, code: 'upstream_unreachable' } as const
const timedOut = { status: 504, code: 'upstream_timeout' } as const
const badContent = { status: 502, code: 'upstream_bad_content' } as const
const streamed = { stream: true } as const
const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n'

// What the request may have caused at the first provider is told with the second attempt.
const flagged: FaultRow['also'] = ({ fallbackTrace }) =>
  expect(fallbackTrace.attempts.map((one) => one.maybe_duplicate)).toEqual([undefined, true])

const noWorkerdTls = {
  workerd: {
    reason: 'workerd does not tell why a connection failed',
    expect: { alone: unreachable },
  },
} as const

const noWorkerdConnect = {
  workerd: {
    reason: 'workerd does not show connecting apart from waiting for headers: headers_ms covers both',
    expect: { alone: timedOut },
  },
} as const

const connecting: readonly FaultRow[] = [
  {
    id: 'F-01',
    title: 'a refused connection: the next target at once, else 502 upstream_unreachable',
    everywhere: true,
    fault: { place: 'refused' },
    expect: { alone: unreachable, calls: 0, leaves: 'breaker' },
    also: ({ alone, withFallback }) => {
      // Far below connect_ms: nobody waits for a timer.
      for (const { ms } of [alone, withFallback]) expect(ms).toBeLessThan(8000)
    },
  },
  {
    id: 'F-02',
    title: 'a name that does not exist: the next target, else 502',
    everywhere: true,
    // Reserved, so no resolver may know it: https://www.rfc-editor.org/rfc/rfc6761#section-6.4
    fault: { place: { url: 'https://provider.invalid' } },
    expect: { alone: unreachable, calls: 0, leaves: 'breaker' },
  },
  {
    id: 'F-03',
    title: 'a name that leads to a private address: no connection, the next target, else 502 blocked_endpoint',
    everywhere: true,
    fault: { place: 'localhost', does: [healthyChat('must not be asked')] },
    provider: { allow_private: ['10.0.0.0/8'] },
    expect: { alone: { status: 502, code: 'blocked_endpoint' }, calls: 0, leaves: 'nothing' },
    also: ({ gateway }) => {
      expect(gateway.process.stderr(), 'an operator is told').toMatch(/"event":"blocked_endpoint","host":"localhost/)
    },
  },
  ...(['tls-expired', 'tls-wrong-name', 'tls-self-signed', 'tls-old-version'] as const).map((place): FaultRow => ({
    id: 'F-05',
    title: `${place}: never accepted, the next target, else 502 upstream_tls without a word of the certificate`,
    everywhere: place === 'tls-expired',
    fault: { place, does: [healthyChat('must not be asked')] },
    expect: {
      alone: { status: 502, code: 'upstream_tls', never: ['certificate', 'CERT', 'other.example', 'self'] },
      calls: 0,
      leaves: 'breaker',
    },
    differs: noWorkerdTls,
    // What is wrong with it is for the operator alone.
    also: ({ gateway, aloneTrace }) => {
      if (gateway.runtime === 'workerd') return
      expect(JSON.stringify(aloneTrace['upstream_error'])).toMatch(/CERT|SIGNATURE|ALTNAME|SSL|TLS|PROTOCOL/)
    },
  })),
  {
    id: 'F-06',
    title: 'a TLS handshake that stalls: connect_ms covers it',
    everywhere: true,
    fault: { place: 'silent' },
    target: { timeouts: { connect_ms: 400, headers_ms: 1500 } },
    request: streamed,
    expect: { alone: unreachable, calls: 0, leaves: 'breaker' },
    differs: noWorkerdConnect,
    also: ({ alone }) => expect(alone.ms).toBeLessThan(3000),
  },
  {
    id: 'F-07',
    title: 'packets that are dropped: connect_ms ends the waiting',
    everywhere: true,
    fault: { place: 'dropped' },
    target: { timeouts: { connect_ms: 400, headers_ms: 1500 } },
    request: streamed,
    expect: { alone: unreachable, calls: 0, leaves: 'breaker' },
    differs: noWorkerdConnect,
    also: ({ alone }) => expect(alone.ms).toBeLessThan(3000),
  },
]

const breaking: readonly FaultRow[] = [
  {
    id: 'F-08',
    title: 'a reset before the headers: one fallback, told as a possible duplicate',
    everywhere: true,
    fault: { does: [[{ end: 'reset' }]] },
    expect: { alone: unreachable, leaves: 'breaker' },
    also: flagged,
  },
  {
    id: 'F-08',
    title: 'an end of the connection before the headers is the same',
    fault: { does: [[{ end: 'close' }]] },
    expect: { alone: unreachable, leaves: 'breaker' },
    also: flagged,
  },
  {
    id: 'F-08',
    title: 'no other account of the same target is tried: the provider may have worked for the first',
    fault: { does: [[{ end: 'reset' }]] },
    provider: {
      accounts: [
        { id: 'a', credential: 'faulty' },
        { id: 'b', credential: 'second' },
      ],
    },
    expect: { alone: unreachable, leaves: 'breaker' },
    also: flagged,
  },
  {
    id: 'F-08',
    title: 'a connection that is reset when it is made',
    fault: { place: 'reset' },
    expect: { alone: unreachable, calls: 0, leaves: 'breaker' },
  },
  {
    id: 'F-09',
    title: 'a kept connection that is closed under the next request: sent once more, and no failure for the breaker',
    everywhere: true,
    skip: { workerd: 'workerd keeps its connections to itself and sends nothing again' },
    fault: { does: [healthyChat('well'), [{ end: 'close' }], healthyChat('well')] },
    expect: { alone: { status: 200, code: null, says: ['well'] }, leaves: 'nothing', callsAgain: 3 },
    also: ({ received }) => {
      const [first, swallowed, again] = received.map(({ connection }) => connection)
      expect(swallowed, 'the connection was kept').toBe(first)
      expect(again, 'the request was sent again on a new one').not.toBe(first)
    },
  },
  {
    id: 'F-10',
    title: 'a reset behind the headers of a stream, before any event: the next target',
    everywhere: true,
    fault: { does: [sse([], { finally: 'reset' })] },
    request: streamed,
    expect: { alone: { status: 502, code: 'stream_truncated' }, leaves: 'breaker' },
  },
  {
    id: 'F-10',
    title: 'a reset behind an opening without content',
    fault: { does: [sse([chatChunk({ role: 'assistant', content: '' })], { finally: 'reset' })] },
    request: streamed,
    expect: { alone: { status: 502, code: 'stream_truncated' }, leaves: 'breaker' },
  },
  {
    id: 'F-11',
    title: 'a stall before the headers of a stream: headers_ms, the next target, else 504',
    everywhere: true,
    fault: { does: [[{ end: 'hang' }]] },
    target: { timeouts: { headers_ms: 400 } },
    request: streamed,
    expect: { alone: timedOut, leaves: 'breaker' },
    also: async ({ received }) => {
      const [seen] = received
      const closed = (await seen?.closed) ?? 0
      expect(closed - (seen?.at ?? 0), 'the upstream is let go').toBeLessThan(2500)
    },
  },
  {
    id: 'F-11',
    title: 'a stall before the headers of a whole answer: total_ms ends it with 504',
    fault: { does: [[{ end: 'hang' }]] },
    target: { timeouts: { total_ms: 500 } },
    expect: { alone: { status: 504, code: 'limit_exceeded' }, fallsBack: false, leaves: 'breaker' },
  },
  {
    id: 'F-12',
    title: 'headers, and then nothing: first_content_ms, the next target, else 504',
    everywhere: true,
    fault: { does: [sse([': nothing yet\n\n'], { finally: 'hang' })] },
    target: { timeouts: { first_content_ms: 400 } },
    request: streamed,
    expect: { alone: timedOut, leaves: 'breaker' },
  },
  {
    id: 'F-12',
    title: 'headers and an opening without content are no content',
    fault: { does: [sse([chatChunk({ role: 'assistant', content: '' })], { finally: 'hang' })] },
    target: { timeouts: { first_content_ms: 400 } },
    request: streamed,
    expect: { alone: timedOut, leaves: 'breaker' },
  },
  {
    id: 'F-13',
    title: 'hints (103) before an answer are ignored',
    everywhere: true,
    fault: { does: [[{ send: hints.repeat(3) }, ...respond(200, chatAnswer('behind the hints'))]] },
    expect: { alone: { status: 200, code: null, says: ['behind the hints'] }, leaves: 'nothing' },
  },
  {
    id: 'F-13',
    title: 'a storm of hints is no answer',
    fault: { does: [[{ repeat: hints, times: 10_000 }, { end: 'hang' }]] },
    expect: { alone: badContent, leaves: 'breaker' },
  },
]

/** F-01 to F-13. */
export const connectionRows: readonly FaultRow[] = [...connecting, ...breaking]

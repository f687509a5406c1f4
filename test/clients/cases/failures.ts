// What goes wrong, on either side, and who is told.
import { expect } from 'vitest'
import { rejection, type Case } from './case.ts'

function errorCase(status: 400 | 429 | 500): Case {
  return {
    feature: String(status),
    title: `tells of a provider's ${status} as the SDK's own error`,
    async run({ client, wire, script, ask }) {
      script(() => ({ kind: 'error', status }))
      const cause = await rejection(ask())
      const failure = client.failureOf(cause)
      expect(failure, `not the SDK's error: ${String(cause)}`).toBeDefined()
      expect(failure?.status).toBe(status === 500 ? 502 : status)
      // Bedrock does not say when to come back, and Google's SDK shows no headers.
      if (status === 429 && wire.name !== 'converse' && client.name !== 'genai') expect(failure?.retryAfter).toBe('7')
    },
  }
}

function interruption(feature: string, title: string, kind: 'failing' | 'ending' | 'breaking'): Case {
  return {
    feature,
    title,
    only: 'streamed',
    async run({ client, script, ask }) {
      script(() => ({ kind, answer: { text: 'Half an answer' } }))
      let first = 0
      const cause = await rejection(ask({ onFirst: () => first++ }))
      expect(first).toBeGreaterThan(0)
      expect(client.isAbort(cause)).toBe(false)
      // The stream itself says so: a connection that just ends can be taken for the end of the answer.
      const stream = client.exchanges.at(-1)?.received().toString()
      expect(stream).toMatch(/"error"/)
      expect(stream).not.toMatch(/\[DONE\]|message_stop|response\.completed|"finishReason"/)
    },
  }
}

export const failureCases: readonly Case[] = [
  errorCase(400),
  errorCase(429),
  errorCase(500),
  interruption('midway', 'fails where the provider fails in the middle of its answer', 'failing'),
  interruption('ended', 'fails where the answer ends without its end', 'ending'),
  interruption('broken', 'fails where the connection breaks', 'breaking'),
  {
    feature: 'abort',
    title: 'stops the provider when the SDK aborts',
    async run({ client, streamed, script, ask, calls }) {
      const leave = new AbortController()
      script(() => {
        if (streamed) return { kind: 'stalling', answer: { text: 'A long story' } }
        leave.abort()
        return { kind: 'silent' }
      })
      const cause = await rejection(ask({ signal: leave.signal, onFirst: () => leave.abort() }))
      expect(client.isAbort(cause), `not the SDK's abort: ${String(cause)}`).toBe(true)
      await calls()[0]?.aborted
    },
  },
]

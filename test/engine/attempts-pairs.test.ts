// Every use of a target that begins ends exactly once, and every slot is given back: for every fault, in every phase.
import { describe, expect, it } from 'vitest'
import { jsonAnswer, streamAnswer } from '../support/app.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'
import { attemptsGateway, broken, silent, status, well, type Script } from './attempts-gateway.ts'

const role = chatChunk({ role: 'assistant', content: '' })
const text = chatChunk({ content: 'hello' })
const inBand = 'data: {"error":{"message":"busy","code":503}}\n\n'
const empty = { ...chatAnswer(''), usage: { prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 } }

const faults: Readonly<Record<string, Script>> = {
  none: well,
  'a refused connection': broken('ECONNREFUSED'),
  'a reset': broken('ECONNRESET'),
  silence: silent,
  'a bad request': status(400),
  'a refused key': status(401),
  'no credit': status(402),
  'a missing model': status(404),
  'a short rate limit': status(429, { 'retry-after': '1' }),
  'a long rate limit': status(429, { 'retry-after': '60' }),
  'a server fault': status(500),
  'an overload': status(529),
  'a redirect': status(307, { location: 'https://x.example' }),
  'a refusal without its words': () => ({ ...streamAnswer(['{"err'], 'hang'), status: 503 }),
  'half a body': () => ({
    ...streamAnswer(['{"choices":['], 'break'),
    headers: new Headers({ 'content-type': 'application/json' }),
  }),
  'a body that hangs': () => ({
    ...streamAnswer(['{"choices":['], 'hang'),
    headers: new Headers({ 'content-type': 'application/json' }),
  }),
  'an empty body': () => jsonAnswer(''),
  'an empty answer': () => jsonAnswer(empty),
  'an error event': () => streamAnswer([role, inBand]),
  'a stream without content': () => streamAnswer([role], 'hang'),
  'a stream that breaks before its content': () => streamAnswer([role], 'break'),
  'a stream that breaks after its content': () => streamAnswer([role, text], 'break'),
  'a stream that hangs after its content': () => streamAnswer([role, text], 'hang'),
  'an error event after content': () => streamAnswer([role, text, inBand]),
  'an event that is no JSON': () => streamAnswer([role, text, 'data: {"half\n\n']),
  'a transport that throws something odd': () => {
    throw 'odd'
  },
}

const leaves = ['never', 'at once', 'during the call', 'while it reads'] as const

const rows = Object.keys(faults).flatMap((fault) =>
  [false, true].flatMap((stream) => leaves.map((leaving) => [fault, stream ? 'streamed' : 'whole', leaving] as const)),
)

describe('a use that begins ends exactly once', () => {
  it.each(rows)('after %s, %s, where the client leaves %s', async (fault, manner, leaving) => {
    const script = faults[fault] as Script
    const test = attemptsGateway({
      scripts: { one: script, two: script },
      accounts: ['a', 'b'],
      config: { policy: { retry: { max_retries: 1 } }, server: { limits: { max_concurrency: 2 } } },
      route: { breaker: { failure_threshold: 3 } },
    })
    for (let round = 0; round < 3; round++) await served(test, manner === 'streamed', leaving)
    expect(test.told.length).toBeGreaterThanOrEqual(3)
    if (leaving === 'at once') expect(test.sent).toEqual([])
    for (const { outcomes } of test.told) expect(outcomes).toHaveLength(1)
    const view = await test.app.operations().coordination?.look()
    expect([...(view?.slots ?? [])].filter(([, used]) => used > 0)).toEqual([])
    expect([...(view?.health.loads ?? [])]).toEqual([])
    expect(test.clock.pending()).toBe(0)
    expect(test.app.inFlight()).toBe(0)
    expect(test.traces).toHaveLength(3)
  })

  it('also where something of ours throws in the middle', async () => {
    const test = attemptsGateway({
      scripts: {
        one: () => ({
          status: 200,
          get headers(): Headers {
            throw new Error('a bug')
          },
          body: streamAnswer([]).source,
        }),
      },
    })
    await test.ask()
    expect(test.told).not.toEqual([])
    for (const { outcomes } of test.told) expect(outcomes).toHaveLength(1)
    expect(test.traces).toHaveLength(1)
  })
})

async function served(
  test: ReturnType<typeof attemptsGateway>,
  stream: boolean,
  leaving: (typeof leaves)[number],
): Promise<void> {
  const leave = new AbortController()
  if (leaving === 'at once') leave.abort()
  const asked = test.ask('r', { stream, signal: leave.signal })
  await test.clock.advance(1)
  if (leaving === 'during the call') leave.abort()
  await test.clock.advance(1_000_000)
  const reader = (await asked).body?.getReader()
  const first = reader?.read().catch(() => undefined)
  await test.clock.advance(10)
  if (leaving === 'while it reads') {
    await reader?.cancel()
    leave.abort()
  }
  await test.clock.advance(1_000_000)
  await first
  for (;;) {
    const read = reader?.read().catch(() => ({ done: true }))
    await test.clock.advance(1_000_000)
    if ((await read)?.done !== false) break
  }
  await test.clock.advance(1_000_000)
}

// Whatever the providers do and whenever clients leave: nobody is called too often, and nothing is left behind.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parts, rounds } from '../support/full-run.ts'
import { streamAnswer } from '../support/app.ts'
import { chatChunk } from '../support/upstream.ts'
import { attemptsGateway, broken, silent, status, well, type Script } from './attempts-gateway.ts'

const reactions: Readonly<Record<string, Script>> = {
  well,
  rejected: status(400),
  unauthorised: status(401),
  missing: status(404),
  'limited for a moment': status(429, { 'retry-after': '1' }),
  limited: status(429, { 'retry-after': '30' }),
  failed: status(500),
  overloaded: status(529),
  refused: broken('ECONNREFUSED'),
  reset: broken('ECONNRESET'),
  silent,
  'broken off': () => streamAnswer([chatChunk({ content: 'x' })], 'break'),
}

const anyReaction = fc.constantFrom(...Object.keys(reactions))
const anyRequest = fc.record({
  afterMs: fc.nat(3000),
  stream: fc.boolean(),
  leavesAfterMs: fc.option(fc.nat(4000), { nil: undefined }),
})
const anySetup = fc.record({
  one: fc.array(anyReaction, { minLength: 1, maxLength: 6 }),
  two: fc.array(anyReaction, { minLength: 1, maxLength: 6 }),
  three: fc.array(anyReaction, { minLength: 1, maxLength: 6 }),
  requests: fc.array(anyRequest, { minLength: 1, maxLength: 6 }),
  retries: fc.nat(3),
  attempts: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
  threshold: fc.integer({ min: 1, max: 4 }),
  isFar: fc.boolean(),
})

const scripted =
  (names: readonly string[]): Script =>
  (n, request) =>
    (reactions[names[(n - 1) % names.length] as string] as Script)(n, request)

describe('for every history of faults', () => {
  it.each(parts(rounds(1000, 60), 200))(
    'attempts are bounded, uses and slots are given back, and every request ends once: part %d',
    async (_part, numRuns) => {
      await fc.assert(
        fc.asyncProperty(anySetup, async (setup) => {
          const test = attemptsGateway({
            scripts: { one: scripted(setup.one), two: scripted(setup.two), three: scripted(setup.three) },
            accounts: ['a', 'b'],
            isFar: setup.isFar,
            targets: ['one', 'two', 'three'].map((provider, n) => ({ provider, model: `m${n}`, priority: n })),
            route: {
              fallback: { max_attempts: setup.attempts },
              breaker: { failure_threshold: setup.threshold, reset_timeout_ms: 1000 },
            },
            config: {
              policy: { retry: { max_retries: setup.retries } },
              server: { limits: { max_concurrency: setup.concurrency } },
            },
          })
          const asked: Promise<unknown>[] = []
          for (const { afterMs, stream, leavesAfterMs } of setup.requests) {
            await test.clock.advance(afterMs)
            const leave = new AbortController()
            if (leavesAfterMs !== undefined) test.clock.after(leavesAfterMs, () => leave.abort())
            asked.push(test.ask('r', { stream, signal: leave.signal }).then(readAll))
          }
          await test.clock.advance(10_000_000)
          await Promise.all(asked)
          expect(test.traces).toHaveLength(setup.requests.length)
          for (const { outcomes } of test.told) expect(outcomes).toHaveLength(1)
          const view = await test.app.operations().coordination?.look()
          expect([...(view?.health.loads ?? [])]).toEqual([])
          expect([...(view?.slots ?? [])].filter(([, used]) => used > 0)).toEqual([])
          for (const [, breaker] of view?.health.breakers ?? []) expect(breaker.probe).toBeNull()
          expect(test.clock.pending()).toBe(0)
          for (let row = 0; row < test.traces.length; row++) expectBounded(test.attempts(row), setup)
        }),
        { numRuns },
      )
    },
  )
})

async function readAll(response: Response): Promise<void> {
  await response.text().catch(() => '')
}

function expectBounded(
  attempts: readonly Record<string, unknown>[],
  { retries, attempts: max }: { readonly retries: number; readonly attempts: number },
): void {
  const targets = new Map<unknown, Record<string, unknown>[]>()
  for (const attempt of attempts) targets.set(attempt['target'], [...(targets.get(attempt['target']) ?? []), attempt])
  expect(targets.size).toBeLessThanOrEqual(max)
  for (const [, tries] of targets) {
    expect(tries.filter((attempt) => attempt['retry'] !== undefined).length).toBeLessThanOrEqual(retries)
    // Two accounts at most, each of them once but for its further tries.
    const firsts = tries.filter((attempt) => attempt['retry'] === undefined).map((attempt) => attempt['account'])
    expect(new Set(firsts).size).toBe(firsts.length)
  }
  // What ends the request is the last that was tried.
  const final = attempts.findIndex((attempt) => attempt['error'] === null || attempt['error'] === 'upstream_rejected')
  if (final >= 0) expect(final).toBe(attempts.length - 1)
}

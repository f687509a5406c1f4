// Whatever targets do and however long they take: a race comes to what the model says, and leaves nothing behind.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonAnswer } from '../support/app.ts'
import { rounds } from '../support/full-run.ts'
import { chatAnswer } from '../support/upstream.ts'
import { status, type ProviderName, type Script } from './attempts-gateway.ts'
import { runCourse, type Course, type Result } from './hedge-model.ts'
import { expectNothingLeft, hedgeScene, targetsOf, type HedgeScene } from './hedge-scene.ts'

const names = ['one', 'two', 'three', 'four'] as const

// No two moments are the same: hundreds are common, each provider has a bit of its own, the client leaves at fifty.
const anyCourse: fc.Arbitrary<Course> = fc
  .record({
    horses: fc.array(
      fc.record({
        hundreds: fc.nat(12),
        says: fc.oneof(
          { weight: 4, arbitrary: fc.constant('fails' as const) },
          { weight: 3, arbitrary: fc.constant('answers' as const) },
          { weight: 1, arbitrary: fc.constantFrom('refuses' as const, 'nothing' as const) },
        ),
      }),
      { minLength: 2, maxLength: 4 },
    ),
    delayMs: fc.integer({ min: 1, max: 6 }).map((hundreds) => hundreds * 100),
    maxParallel: fc.integer({ min: 1, max: 4 }),
    maxAttempts: fc.integer({ min: 1, max: 4 }),
    budget: fc.constantFrom(0, 1, 2, 3, 3, 3),
    leavesAt: fc.option(fc.nat(20), { freq: 2, nil: null }),
  })
  .map(({ horses, leavesAt, ...rest }) => ({
    ...rest,
    horses: horses.map(({ hundreds, says }, at) => ({
      name: names[at] as ProviderName,
      ms: hundreds * 100 + 2 ** at,
      says,
    })),
    leavesAt: leavesAt === null ? null : leavesAt * 100 + 50,
    deadline: 8070,
  }))

const scripts = (name: string): Readonly<Record<'answers' | 'fails' | 'refuses' | 'nothing', Script>> => ({
  answers: () => jsonAnswer(chatAnswer(`from ${name}`)),
  fails: status(500),
  refuses: status(400),
  nothing: status(500),
})

function sceneOf({ horses, delayMs, maxParallel, maxAttempts, budget, deadline }: Course): HedgeScene {
  return hedgeScene({
    timed: Object.fromEntries(
      horses.map(({ name, ms, says }) => [
        name,
        { ms: says === 'nothing' ? Infinity : ms, script: scripts(name)[says] },
      ]),
    ),
    targets: targetsOf(...horses.map(({ name }) => name)),
    route: { fallback: { max_attempts: maxAttempts } },
    hedge: { delay_ms: delayMs, max_parallel: maxParallel },
    policy: { retry: { budget: { percent: 0, min_per_second: budget / 10 } } },
    config: { server: { limits: { max_concurrency: 1 }, timeouts: { total_ms: deadline } } },
  })
}

const statusOf = (by: Result['by'], { horses }: Course): number => {
  switch (by) {
    case 'client':
      return 499
    case 'clock':
      return 504
    case 'nobody':
      return 502
    default:
      return horses.find(({ name }) => name === by)?.says === 'answers' ? 200 : 400
  }
}

async function expectCourse(course: Course, path: string): Promise<void> {
  const wanted = runCourse(course)
  const test = sceneOf(course)
  const leave = new AbortController()
  if (course.leavesAt !== null) test.clock.after(course.leavesAt, () => leave.abort())
  const messages = [{ role: 'user', content: 'hi' }]
  const asked = test.request(path, { json: { model: 'r', max_tokens: 9, messages }, signal: leave.signal })
  await test.clock.advance(10_000)
  const response = await asked
  const answered = response.status === 200

  expect(response.status).toBe(statusOf(wanted.by, course))
  expect(await response.text()).toContain(answered ? `from ${wanted.by}` : '')
  expect(response.headers.get('x-used-provider')).toBe(answered ? wanted.by : null)
  expect(response.headers.get('x-used-fallback')).toBe(answered && wanted.by !== 'one' ? 'true' : null)

  expect(test.started).toEqual(wanted.started)
  expect(test.most()).toBe(wanted.most)
  expect(test.most()).toBeLessThanOrEqual(Math.max(1, course.maxParallel))
  expect(test.calledOff).toEqual(wanted.calledOff.map((name) => [name, wanted.over]))

  expect(test.traces).toHaveLength(1)
  expect(test.traces[0]?.durationMs).toBe(wanted.over)
  expectAttempts(test, wanted, course)
  expectOutcomes(test)
  await expectNothingLeft(test)
}

function expectAttempts(test: HedgeScene, wanted: Result, { horses, maxParallel }: Course): void {
  const races = maxParallel > 1
  const errorOf = (name: ProviderName): string | null => {
    const says = horses.find((horse) => horse.name === name)?.says
    if (wanted.by === 'client' && wanted.calledOff.includes(name)) return 'client_cancelled'
    if (wanted.by === 'clock' && wanted.calledOff.includes(name)) return 'out of time'
    if (wanted.calledOff.includes(name)) return 'hedge_lost'
    return says === 'answers' ? null : says === 'refuses' ? 'upstream_rejected' : 'upstream_error'
  }
  const seen = test.attempts().map(({ provider, error, hedge }) => ({
    provider: String(provider),
    // Whose clock strikes first ends the others.
    error: wanted.by === 'clock' && /limit_exceeded|hedge_lost/.test(String(error)) ? 'out of time' : error,
    hedge: hedge === true,
  }))
  const due = wanted.started.map(([name]) => ({
    provider: name as string,
    error: errorOf(name),
    hedge: races && wanted.hedges.includes(name),
  }))
  const inOrder = <T extends { readonly provider: string }>(all: readonly T[]): T[] =>
    [...all].sort((one, other) => one.provider.localeCompare(other.provider))
  expect(inOrder(seen)).toEqual(inOrder(due))
  if (wanted.by !== 'client' && wanted.by !== 'clock' && wanted.by !== 'nobody')
    expect(seen.at(-1)?.provider).toBe(wanted.by)
}

/** Who was called off says nothing of its target. */
function expectOutcomes(test: HedgeScene): void {
  const neutral = /^(hedge_lost|client_cancelled)$/
  for (const { use, outcomes } of test.told) {
    const { provider } = use.target
    const error = test.attempts().find((attempt) => attempt['provider'] === provider)?.['error']
    const type = error === null ? 'completed' : neutral.test(String(error)) ? 'neutral' : outcomes[0]?.type
    expect([provider, outcomes.map((outcome) => outcome.type)]).toEqual([provider, [type]])
  }
}

describe('for every race', () => {
  it.each([
    ['as bytes', '/v1/chat/completions'],
    ['translated', '/v1/messages'],
  ])('who is asked when, who answers, and who is called off, is what the model says: %s', async (_name, path) => {
    await fc.assert(
      fc.asyncProperty(anyCourse, (course) => expectCourse(course, path)),
      { numRuns: rounds(1000, 60) },
    )
  })
})

// Strategy `score`: what each profile weighs, and how a number comes about.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { scoreProfiles, type ScoreProfile } from '../../src/catalog/score-profiles.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { freshBreaker, type Breaker } from '../../src/policy/breaker.ts'
import type { RouteDecision } from '../../src/policy/decision.ts'
import { lockKey, noHealth, targetKey, type Health } from '../../src/policy/health.ts'
import type { Lock } from '../../src/policy/locks.ts'
import { planRoute } from '../../src/policy/plan.ts'
import type { Speed } from '../../src/policy/speed.ts'
import { profiles } from '../../src/policy/strategies/profiles.ts'
import { plainFacts } from '../support/facts.ts'

const now = 1_000_000

interface Shape {
  readonly models?: object
  readonly providers?: object
  readonly targets?: readonly object[]
  readonly profile?: ScoreProfile | null
}

const account = (id: string): object => ({ id, credential: 'k' })
const two = ['a', 'b'].map((name) => ({ name, provider: 'p', model: name }))

function plan(shape: Shape, health: Partial<Health> = {}, facts: Partial<RequestFacts> = {}): RouteDecision {
  const { models = {}, providers = {}, targets = two, profile = null } = shape
  const compiled = compileConfig({
    document: {
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: {
        p: { type: 'mock' },
        keyed: { type: 'openai', accounts: ['x', 'y', 'z', 'w'].map(account) },
        near: { type: 'ollama' },
        ...providers,
      },
      models,
      routes: { r: { strategy: 'score', profile, targets } },
      storage: { kind: 'memory' },
    },
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  const decision = planRoute(plainFacts({ model: 'r', ...facts }), compiled.snapshot, { ...noHealth, now, ...health })
  if (decision === undefined) throw new Error('no route')
  return decision
}

function factor(decision: RouteDecision, name: string): readonly (number | undefined)[] {
  return decision.scores.map(({ factors }) => factors[name])
}

function keyOf(name: string): string {
  return targetKey({ route: 'r', target: { name, provider: 'p', account: null, region: null }, model: name })
}

describe('the profiles', () => {
  it.each(scoreProfiles)('%s has weights that sum up to 1', (name) => {
    const sum = Object.values(profiles[name].weights).reduce((total, weight) => total + weight, 0)
    expect(sum).toBeCloseTo(1, 10)
  })

  it('balanced, cheap, fast, coding and large-context weigh as the specification has it', () => {
    expect(profiles.balanced.weights).toEqual({
      selection_rank: 0.1,
      health: 0.25,
      account_availability: 0.15,
      cost: 0.15,
      latency: 0.15,
      context_fit: 0.2,
    })
    expect(profiles.cheap.weights.cost).toBe(0.6)
    expect(profiles.fast.weights).toMatchObject({ ttft: 0.3, latency: 0.25 })
    expect(profiles.coding.weights.task_fit).toBe(0.3)
    expect(profiles['large-context'].weights.context_fit).toBe(0.6)
  })

  it.each<[ScoreProfile, Shape, Partial<Health>, string]>([
    ['cheap', { models: { a: { cost: { input: 5, output: 5 } }, b: { cost: { input: 1, output: 1 } } } }, {}, 'b'],
    ['fast', {}, { speeds: timed({ a: 900, b: 100 }) }, 'b'],
    ['coding', { models: { a: { strengths: ['judge'] }, b: { strengths: ['coding'] } } }, {}, 'b'],
    ['judge', { models: { a: { strengths: ['coding'] }, b: { strengths: ['judge', 'coding'] } } }, {}, 'b'],
    ['extract', { models: { b: { strengths: ['extract'] } } }, {}, 'b'],
    ['large-context', { models: { a: { context_window: 8000 }, b: { context_window: 1_000_000 } } }, {}, 'b'],
    [
      'private',
      {
        targets: [
          { name: 'a', provider: 'p', model: 'a' },
          { name: 'b', provider: 'near', model: 'b' },
        ],
      },
      {},
      'b',
    ],
    ['balanced', {}, { breakers: new Map([[keyOf('a'), counted(10, 9)]]) }, 'b'],
  ])('%s prefers what it is for to what stands first', (profile, shape, health, expected) => {
    const decision = plan({ ...shape, profile }, health)
    expect(decision.profile).toBe(profile)
    expect(decision.candidates[0]?.target.name).toBe(expected)
    expect(decision.reasons).toContain(`profile=${profile}`)
  })

  it('are balanced where nothing is said', () => {
    expect(plan({}).profile).toBe('balanced')
  })
})

function timed(ms: Readonly<Record<string, number>>): ReadonlyMap<string, Speed> {
  return new Map(
    Object.entries(ms).map(([name, one]) => [keyOf(name), { ttft: { ms: one, at: now }, total: { ms: one, at: now } }]),
  )
}

/** A breaker that has seen requests in its window. */
function counted(total: number, failed: number): Breaker {
  return { ...freshBreaker, from: now - 1000, total, failed }
}

describe('the factors', () => {
  it('are compared from the worst to the best of all', () => {
    const names = ['a', 'b', 'c']
    const models = Object.fromEntries(names.map((name, index) => [name, { cost: { input: index, output: index } }]))
    const targets = names.map((name) => ({ name, provider: 'p', model: name }))
    const decision = plan({ models, targets, profile: 'cheap' }, { speeds: timed({ a: 100, b: 200, c: 300 }) })
    expect(factor(decision, 'cost')).toEqual([1, 0.5, 0])
    expect(factor(decision, 'latency')).toEqual([1, 0.5, 0])
    expect(factor(decision, 'selection_rank')).toEqual([1, 0.5, 0])
  })

  it('that are known of nobody drop out, and the weights of the others sum up to 1 again', () => {
    const decision = plan({ profile: 'cheap' })
    expect(Object.keys(decision.scores[0]?.factors ?? {}).sort()).toEqual([
      'account_availability',
      'health',
      'selection_rank',
    ])
    // Weights 0.15, 0.1 and 0.05 of what is left, 0.3.
    expect(decision.scores.map(({ score }) => score)).toEqual([1, Number((0.25 / 0.3).toFixed(4))])
  })

  it('hold what is not known of one target against it where it is a price, and for it where it is a time', () => {
    const models = { a: { cost: { input: 5, output: 5 } } }
    const decision = plan({ models, profile: 'cheap' }, { speeds: timed({ a: 100 }) })
    expect(factor(decision, 'cost')).toEqual([1, 0])
    expect(factor(decision, 'latency')).toEqual([1, 1])
    const busy = plan({ models, profile: 'cheap' }, { speeds: timed({ a: 100 }), loads: new Map([[keyOf('b'), 1]]) })
    expect(factor(busy, 'latency')).toEqual([1, 0.5])
  })

  it('count the first content for streams only', () => {
    const health = { speeds: timed({ a: 100, b: 200 }) }
    expect(factor(plan({ profile: 'fast' }, health, { stream: true }), 'ttft')).toEqual([1, 0])
    expect(factor(plan({ profile: 'fast' }, health), 'ttft')).toEqual([undefined, undefined])
  })

  it('have the share of its window that a target answered, and half for one that has to prove itself', () => {
    const breakers = new Map([
      [keyOf('a'), counted(9, 5)],
      [keyOf('b'), { ...freshBreaker, isOpen: true, until: now - 1 }],
    ])
    expect(factor(plan({}, { breakers }), 'health')).toEqual([0.5, 0.5])
    const old = new Map([[keyOf('a'), { ...counted(9, 9), from: now - 999_000 }]])
    expect(factor(plan({}, { breakers: old }), 'health')).toEqual([1, 1])
  })

  it('have the share of the accounts that can be used', () => {
    const targets = [
      { name: 'a', provider: 'keyed', model: 'm' },
      { name: 'b', provider: 'p', model: 'b' },
    ]
    const locks = new Map<string, Lock>()
    for (const id of ['x', 'y', 'z']) {
      const place = { on: 'account', provider: 'keyed', account: id } as const
      locks.set(lockKey(place), { place, code: 'upstream_auth', since: 0, until: now + 1000, failures: 1 })
    }
    const decision = plan({ targets }, { locks })
    expect(factor(decision, 'account_availability')).toEqual([0.25, 1])
    expect(decision.candidates.map(({ target }) => target.name)).toEqual(['b', 'a'])
    expect(decision.rejected.filter(({ code }) => code === 'account_locked')).toHaveLength(3)
  })

  it('have what the request leaves of a window, or the window itself where a large one is wanted', () => {
    const models = { a: { context_window: 1000 }, b: { context_window: 2000 } }
    const facts = { approxInputTokens: 400, maxOutputTokens: 100 }
    expect(factor(plan({ models }, {}, facts), 'context_fit')).toEqual([0.5, 0.75])
    expect(factor(plan({ models, profile: 'large-context' }, {}, facts), 'context_fit')).toEqual([0, 1])
  })

  it('leave the order of the file where scores are equal, and are shown for a single target too', () => {
    const even = plan({ profile: 'judge', targets: two.slice(0, 1) })
    expect(even.scores).toMatchObject([{ target: 'p/a', name: 'a', score: 1 }])
    expect(even.cursor).toBeNull()
  })
})

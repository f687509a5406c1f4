// In which order each strategy puts targets that can all take the request.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { advanced, type Cursor } from '../../src/policy/cursor.ts'
import type { RouteDecision } from '../../src/policy/decision.ts'
import { noHealth, targetKey, type Health } from '../../src/policy/health.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { speedTtlMs, type Speed } from '../../src/policy/speed.ts'
import { explorationShare } from '../../src/policy/strategies/fastest.ts'
import { plainFacts } from '../support/facts.ts'

const now = 1_000_000

interface Shape {
  readonly targets?: readonly object[]
  readonly route?: object
  readonly models?: object
  readonly policy?: object
}

const abc: readonly object[] = ['a', 'b', 'c'].map((name) => ({ name, provider: 'p', model: name }))

const compiledShapes = new Map<Shape, Snapshot>()

function snapshotOf(shape: Shape): Snapshot {
  const snapshot = compiledShapes.get(shape) ?? compileShape(shape)
  compiledShapes.set(shape, snapshot)
  return snapshot
}

function compileShape({ targets = abc, route = {}, models = {}, policy = {} }: Shape): Snapshot {
  const compiled = compileConfig({
    document: {
      providers: { p: { type: 'mock' }, q: { type: 'mock', capabilities: { tool_calling: false } } },
      models,
      routes: { r: { targets, ...route } },
      policy,
      storage: { kind: 'memory' },
    },
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.snapshot
}

function plan(
  shape: Shape,
  health: Partial<Health> = {},
  facts: Partial<RequestFacts> = {},
  random = 0,
): RouteDecision {
  const whole = { ...noHealth, now, ...health }
  const decision = planRoute(plainFacts({ model: 'r', ...facts }), snapshotOf(shape), whole, random)
  if (decision === undefined) throw new Error('no route')
  return decision
}

function order(...asked: Parameters<typeof plan>): string {
  return plan(...asked)
    .candidates.map(({ target }) => target.name)
    .join(' ')
}

function keyOf(name: string): string {
  return targetKey({ route: 'r', target: { name, provider: 'p', account: null, region: null }, model: name })
}

function byKey<V>(values: Readonly<Record<string, V>>): ReadonlyMap<string, V> {
  return new Map(Object.entries(values).map(([name, value]) => [keyOf(name), value]))
}

function speeds(ms: Readonly<Record<string, number>>, at = now): ReadonlyMap<string, Speed> {
  return byKey(Object.fromEntries(Object.entries(ms).map(([name, one]) => [name, { total: { ms: one, at } }])))
}

/** Prices in USD per million tokens, input and output. */
function models(costs: Readonly<Record<string, readonly [number, number] | null>>): object {
  return Object.fromEntries(
    Object.entries(costs).map(([name, cost]) => [
      name,
      cost === null ? {} : { cost: { input: cost[0], output: cost[1] } },
    ]),
  )
}

describe('priority', () => {
  const numbered = [
    { name: 'late', provider: 'p', model: 'x', priority: 9 },
    { name: 'first', provider: 'p', model: 'y', priority: 1 },
    { name: 'second', provider: 'p', model: 'z', priority: 1 },
  ]
  it('takes the lowest number first, and equals as declared', () => {
    expect(order({ targets: numbered })).toBe('first second late')
    expect(plan({ targets: numbered })).toMatchObject({ strategy: 'priority', cursor: null, scores: [], profile: null })
  })

  const costs = models({ a: [5, 5], b: [1, 1], c: null })
  it.each([
    ['cost_aware', { cost_aware: true }, 'b a c', 'ordered_by=cost'],
    ['latency_aware', { latency_aware: true }, 'c a b', 'ordered_by=latency'],
    ['both: cost wins', { cost_aware: true, latency_aware: true }, 'b a c', 'ordered_by=cost,latency'],
  ])('lets the policy decide instead: %s', (_what, policy, expected, reason) => {
    const decision = plan({ models: costs, policy }, { speeds: speeds({ a: 20, b: 30 }) })
    expect(decision.candidates.map(({ target }) => target.name).join(' ')).toBe(expected)
    expect(decision.reasons).toContain(reason)
  })

  it('lets the faster of two equal prices go first with both', () => {
    const policy = { cost_aware: true, latency_aware: true }
    const shape = { models: models({ a: [1, 1], b: [1, 1], c: [9, 9] }), policy }
    expect(order(shape, { speeds: speeds({ a: 30, b: 20, c: 1 }) })).toBe('b a c')
  })

  it('of the policy orders no route of another strategy', () => {
    const shape = { models: costs, policy: { cost_aware: true }, route: { strategy: 'round_robin' } }
    expect(order(shape)).toBe('a b c')
  })
})

/** Serves `count` requests: each decision moves the cursor as serving does. */
function served(shape: Shape, count: number, facts: Partial<RequestFacts> = {}): string {
  let cursor: Cursor = {}
  let picks = ''
  for (let index = 0; index < count; index++) {
    const decision = plan(shape, { cursors: new Map([['r', cursor]]) }, facts)
    picks += decision.candidates[0]?.target.name
    if (decision.cursor !== null) cursor = advanced(cursor, decision.cursor)
  }
  return picks
}

const weights = (a: number, b: number, c: number): readonly object[] =>
  abc.map((target, index) => ({ ...target, weight: [a, b, c][index] }))

describe('weighted', () => {
  const route = { strategy: 'weighted' }
  it('picks each as often as its weight, spread evenly', () => {
    expect(served({ route, targets: weights(5, 1, 1) }, 14)).toBe('aabacaaaabacaa')
  })

  it('shares among those that are left what another one cannot take', () => {
    const targets = [...weights(2, 1, 0).slice(0, 2), { name: 'c', provider: 'q', model: 'c', weight: 5 }]
    expect(served({ route, targets }, 6, { needsTools: true })).toBe('abaaba')
  })

  it('keeps a target without weight for when the others fail', () => {
    const targets = weights(0, 1, 1)
    expect(served({ route, targets }, 4)).toBe('bcbc')
    expect(order({ route, targets })).toBe('b c a')
  })

  it('says how the cursor moves, and moves nothing where there is nobody else', () => {
    expect(plan({ route, targets: weights(3, 2, 0) }).cursor).toEqual({
      route: 'r',
      weights: { a: 3, b: 2 },
      picked: 'a',
    })
    expect(plan({ route, targets: abc.slice(0, 1) }).cursor).toBeNull()
    expect(plan({ route, targets: weights(1, 0, 0) }).cursor).toBeNull()
  })

  it('takes no turn for targets that stand in for others, and shares by chance instead', () => {
    const compiled = compileConfig({
      document: {
        providers: { p: { type: 'mock' }, q: { type: 'mock', capabilities: { tool_calling: false } } },
        routes: {
          main: { targets: [{ provider: 'q', model: 'x' }], fallback: { degrade_to: ['r'] } },
          r: { strategy: 'weighted', targets: weights(3, 1, 0) },
        },
        storage: { kind: 'memory' },
      },
    })
    if (!compiled.ok) throw new Error('does not compile')
    const facts = plainFacts({ model: 'main', needsTools: true })
    const counts: Record<string, number> = {}
    for (let draw = 0; draw < 1000; draw++) {
      const decision = planRoute(facts, compiled.snapshot, noHealth, draw / 1000)
      expect(decision).toMatchObject({ cursor: null, candidates: [{ degraded: true }, {}, { target: { name: 'c' } }] })
      const name = decision?.candidates[0]?.target.name ?? ''
      counts[name] = (counts[name] ?? 0) + 1
    }
    expect(counts['a']).toBeGreaterThan(690)
    expect(counts['a']).toBeLessThan(810)
    expect((counts['a'] ?? 0) + (counts['b'] ?? 0)).toBe(1000)
  })
})

describe('round_robin', () => {
  it('goes round, whatever the weights', () => {
    expect(served({ route: { strategy: 'round_robin' }, targets: weights(5, 1, 0) }, 7)).toBe('abcabca')
  })

  it('soon forgets the turns of a strategy that the route had before', () => {
    const cursors = new Map([['r', { a: -900, b: 500, c: 400 }]])
    const first = plan({ route: { strategy: 'round_robin' } }, { cursors })
    expect(first.cursor?.picked).toBe('b')
    let cursor: Cursor = cursors.get('r') ?? {}
    const picks: string[] = []
    for (let index = 0; index < 30; index++) {
      const decision = plan({ route: { strategy: 'round_robin' } }, { cursors: new Map([['r', cursor]]) })
      picks.push(decision.candidates[0]?.target.name ?? '')
      if (decision.cursor !== null) cursor = advanced(cursor, decision.cursor)
    }
    expect(new Set(picks.slice(-3))).toEqual(new Set(['a', 'b', 'c']))
  })
})

describe('least_connections', () => {
  const route = { strategy: 'least_connections' }
  it.each([
    ['the least busy first', { a: 3, b: 1, c: 2 }, 'b c a'],
    ['idle ones before all others', { a: 1 }, 'b c a'],
  ])('takes %s', (_what, loads, expected) => {
    expect(order({ route }, { loads: byKey(loads as Record<string, number>) })).toBe(expected)
  })

  it('measures by weight, and keeps one without weight for last', () => {
    const loads = byKey({ a: 4, b: 3, c: 0 })
    expect(order({ route, targets: weights(2, 1, 0) }, { loads })).toBe('a b c')
  })

  it('lets those that are equally busy take turns', () => {
    expect(served({ route }, 6)).toBe('abcabc')
    expect(plan({ route }, { loads: byKey({ a: 1, b: 1, c: 5 }) }).cursor).toEqual({
      route: 'r',
      weights: { a: 100, b: 100 },
      picked: 'a',
    })
  })
})

describe('fastest', () => {
  const route = { strategy: 'fastest' }
  it.each<[string, Partial<Health>, string]>([
    ['the lowest average first', { speeds: speeds({ a: 30, b: 10, c: 20 }) }, 'b c a'],
    ['what was never measured before all others', { speeds: speeds({ a: 30, b: 10 }) }, 'c b a'],
    [
      'what was measured too long ago as never measured',
      { speeds: new Map([...speeds({ a: 1 }, now - speedTtlMs - 1), ...speeds({ b: 9, c: 8 })]) },
      'a c b',
    ],
    [
      'what is being measured last, so that no herd follows',
      { speeds: speeds({ a: 30, b: 10 }), loads: byKey({ c: 1 }) },
      'b a c',
    ],
    ['the least busy where nothing is known', { loads: byKey({ a: 3, b: 1, c: 2 }) }, 'b c a'],
  ])('takes %s', (_what, health, expected) => {
    expect(order({ route }, health)).toBe(expected)
  })

  it('goes by the first content for streams', () => {
    const at = now
    const both = byKey<Speed>({
      a: { ttft: { ms: 5, at }, total: { ms: 900, at } },
      b: { ttft: { ms: 50, at }, total: { ms: 100, at } },
      c: { total: { ms: 20, at } },
    })
    expect(order({ route }, { speeds: both }, { stream: true })).toBe('a c b')
    expect(order({ route }, { speeds: both })).toBe('c b a')
  })

  it('explores another target with the last twentieth of the random numbers, each of them as often', () => {
    const health = { speeds: speeds({ a: 1, b: 2, c: 3 }) }
    const shape = { route }
    const firsts = Array.from({ length: 1000 }, (_, draw) => order(shape, health, {}, draw / 1000)[0])
    const of = (name: string) => firsts.filter((one) => one === name).length
    expect(of('a')).toBe(1000 - 1000 * explorationShare)
    expect(of('b')).toBe(of('c'))
    expect(plan({ route }, health, {}, 0.999).reasons).toContain('explores=c')
  })

  it('sends one request of many at once to what nobody has measured', () => {
    const loads = new Map<string, number>()
    const firsts: string[] = []
    for (let index = 0; index < 50; index++) {
      const first = plan({ route }, { speeds: speeds({ a: 30, b: 10 }), loads }).candidates[0]
      if (first === undefined) throw new Error('nobody')
      firsts.push(first.target.name)
      loads.set(targetKey(first), (loads.get(targetKey(first)) ?? 0) + 1)
    }
    expect(firsts.filter((name) => name === 'c')).toHaveLength(1)
    expect(firsts.filter((name) => name === 'b')).toHaveLength(49)
  })
})

describe('cheapest', () => {
  const route = { strategy: 'cheapest' }
  it('takes the lowest sum of both prices first, and unknown ones last', () => {
    expect(order({ route, models: models({ a: null, b: [3, 3], c: [1, 4] }) })).toBe('c b a')
    expect(order({ route, models: models({ a: [1, 1], b: [1, 1], c: [0, 0] }) })).toBe('c a b')
  })

  it('takes what the request is expected to cost where the policy says so', () => {
    // Cheap to read, dear to write, and the other way round.
    const shape = { route, models: models({ a: [1, 20], b: [10, 10], c: null }), policy: { cost_basis: 'expected' } }
    expect(order(shape, {}, { approxInputTokens: 100_000, maxOutputTokens: 10 })).toBe('a b c')
    expect(order(shape, {}, { approxInputTokens: 10, maxOutputTokens: 5000 })).toBe('b a c')
    expect(order({ ...shape, policy: {} }, {}, { approxInputTokens: 100_000, maxOutputTokens: 10 })).toBe('b a c')
    // As much output as it may have, and a thousand tokens where it does not say.
    expect(order(shape, {}, { approxInputTokens: 2000, maxOutputTokens: 5000 })).toBe('b a c')
    expect(order(shape, {}, { approxInputTokens: 50 })).toBe('b a c')
  })

  it('counts the price of a request where it is expected', () => {
    const request = { a: { cost: { input: 1, output: 1, request: 0.5 } }, b: { cost: { input: 2, output: 2 } }, c: {} }
    expect(order({ route, models: request, policy: { cost_basis: 'expected' } })).toBe('b a c')
  })

  it('asks no output price of vectors', () => {
    const shape = { route, models: { a: { cost: { input: 2 } }, b: { cost: { input: 1 } }, c: {} } }
    expect(order(shape, {}, { task: 'embed', dialect: 'openai-embeddings' })).toBe('b a c')
    expect(order(shape)).toBe('a b c')
  })
})

// Sessions that stay with their target: rendezvous hashing, so that a target that goes away moves nobody else's.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import { restrictToProfile } from '../../src/policy/client-profile.ts'
import { noHealth, targetKey, type Health } from '../../src/policy/health.ts'
import { freshBreaker } from '../../src/policy/breaker.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { claimOf, uniformOf } from '../../src/policy/rendezvous.ts'
import { plainFacts } from '../support/facts.ts'
import { rounds } from '../support/full-run.ts'

function snapshotOf(weights: Readonly<Record<string, number>>, route: object = {}): Snapshot {
  const targets = Object.entries(weights).map(([name, weight]) => ({ name, provider: 'p', model: name, weight }))
  const compiled = compileConfig({
    document: {
      providers: { p: { type: 'mock' } },
      routes: { r: { sticky: 'session', targets, ...route } },
      storage: { kind: 'memory' },
    },
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.snapshot
}

function namesFor(snapshot: Snapshot, sessionKey: string | undefined, health: Health = noHealth): string[] {
  const facts = plainFacts({ model: 'r', ...(sessionKey !== undefined && { sessionKey }) })
  return planRoute(facts, snapshot, health)?.candidates.map(({ target }) => target.name) ?? []
}

const sessions = Array.from({ length: 2000 }, (_, index) => `session-${index}`)

function homes(snapshot: Snapshot): Map<string, string | undefined> {
  return new Map(sessions.map((session) => [session, namesFor(snapshot, session)[0]]))
}

function shareOf(name: string, of: ReadonlyMap<string, string | undefined>): number {
  return [...of.values()].filter((home) => home === name).length / of.size
}

describe('a sticky route', () => {
  const four = { a: 1, b: 1, c: 1, d: 1 }

  it('sends a session to one target, whatever else happens, and spreads the sessions evenly', () => {
    const snapshot = snapshotOf(four)
    const found = homes(snapshot)
    const busy = { ...noHealth, loads: new Map(['a', 'b'].map((name) => [keyOf(name), 50])) }
    for (const session of sessions.slice(0, 50)) expect(namesFor(snapshot, session, busy)[0]).toBe(found.get(session))
    for (const name of Object.keys(four)) expect(Math.abs(shareOf(name, found) - 0.25)).toBeLessThan(0.04)
  })

  it('moves the sessions of a target that goes away, and nobody else', () => {
    const before = homes(snapshotOf(four))
    const after = homes(snapshotOf({ a: 1, b: 1, d: 1 }))
    const moved = sessions.filter((session) => before.get(session) !== after.get(session))
    expect(moved.every((session) => before.get(session) === 'c')).toBe(true)
    expect(moved).toHaveLength(sessions.filter((session) => before.get(session) === 'c').length)
    // And they spread over the others.
    for (const name of ['a', 'b', 'd'])
      expect(moved.filter((session) => after.get(session) === name).length / moved.length).toBeGreaterThan(0.25)
  })

  it('sends a session to its second choice while its target is out, and back afterwards', () => {
    const snapshot = snapshotOf(four)
    for (const session of sessions.slice(0, 100)) {
      const [first = '', second] = namesFor(snapshot, session)
      const breakers = new Map([[keyOf(first), { ...freshBreaker, isOpen: true, until: 99 }]])
      expect(namesFor(snapshot, session, { ...noHealth, now: 1, breakers })[0]).toBe(second)
      expect(namesFor(snapshot, session, { ...noHealth, now: 99, breakers })[0]).toBe(first)
    }
  })

  it('shares by weight where its strategy does, and keeps a target without weight for last', () => {
    const found = homes(snapshotOf({ a: 3, b: 1, c: 0 }, { strategy: 'weighted' }))
    expect(Math.abs(shareOf('a', found) - 0.75)).toBeLessThan(0.04)
    expect(shareOf('c', found)).toBe(0)
    const even = homes(snapshotOf({ a: 3, b: 1, c: 0 }, { strategy: 'round_robin' }))
    expect(Math.abs(shareOf('c', even) - 1 / 3)).toBeLessThan(0.04)
  })

  it('asks its strategy where there is no session, and moves its cursor only then', () => {
    const snapshot = snapshotOf({ a: 1, b: 3 }, { strategy: 'weighted' })
    const plan = (sessionKey?: string) =>
      planRoute(plainFacts({ model: 'r', ...(sessionKey !== undefined && { sessionKey }) }), snapshot)
    expect(plan()).toMatchObject({ candidates: [{ target: { name: 'b' } }, {}], cursor: { picked: 'b' } })
    expect(plan('s')?.cursor).toBeNull()
    expect(plan('s')?.reasons).toContain('sticky=session')
    expect(plan()?.reasons).not.toContain('sticky=session')
  })

  it('tells two routes apart, so that one target does not get the same sessions of both', () => {
    const targets = ['a', 'b'].map((name) => ({ name, provider: 'p', model: name }))
    const compiled = compileConfig({
      document: {
        providers: { p: { type: 'mock' } },
        routes: { r: { sticky: 'session', targets }, s: { sticky: 'session', targets } },
        storage: { kind: 'memory' },
      },
    })
    if (!compiled.ok) throw new Error('does not compile')
    const home = (model: string, sessionKey: string) =>
      planRoute(plainFacts({ model, sessionKey }), compiled.snapshot)?.candidates[0]?.target.name
    const same = sessions.filter((session) => home('r', session) === home('s', session))
    expect(Math.abs(same.length / sessions.length - 0.5)).toBeLessThan(0.05)
  })

  function keyOf(name: string): string {
    return targetKey({ route: 'r', target: { name, provider: 'p', account: null, region: null }, model: name })
  }
})

describe('rendezvous hashing', () => {
  it('moves only the keys of what is taken away, for any names and weights', () => {
    const nodes = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1, maxLength: 12 }), weight: fc.nat(50) }), {
      selector: ({ name }) => name,
      minLength: 2,
      maxLength: 8,
    })
    const best = (key: string, of: readonly { name: string; weight: number }[]): string =>
      of.toSorted((left, right) => claimOf(key, right.name, right.weight) - claimOf(key, left.name, left.weight))[0]
        ?.name ?? ''
    fc.assert(
      fc.property(nodes, fc.nat(7), fc.array(fc.string(), { maxLength: 20 }), (all, which, keys) => {
        const gone = all[which % all.length]?.name
        const left = all.filter(({ name }) => name !== gone)
        for (const key of keys) {
          const before = best(key, all)
          if (before !== gone) expect(best(key, left)).toBe(before)
        }
      }),
      { numRuns: rounds(1000, 100) },
    )
  })

  it('draws numbers inside (0, 1) that look like chance', () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (const session of sessions) {
      const number = uniformOf(session)
      expect(number).toBeGreaterThan(0)
      expect(number).toBeLessThan(1)
      const tenth = Math.floor(number * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 200)).toBeLessThan(60)
  })
})

describe('a client profile that takes targets out of a decision', () => {
  it('lets the turn be that of who is left', () => {
    const compiled = compileConfig({
      document: {
        credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
        providers: Object.fromEntries(
          ['p', 'q', 's'].map((id) => [id, { type: 'openai', accounts: [{ id: `${id}1`, credential: 'k' }] }]),
        ),
        routes: {
          r: {
            strategy: 'round_robin',
            targets: ['p', 'q', 's'].map((provider) => ({ name: provider, provider, model: 'm' })),
          },
        },
        storage: { kind: 'memory' },
      },
    })
    if (!compiled.ok) throw new Error('does not compile')
    const decision = planRoute(plainFacts({ model: 'r' }), compiled.snapshot)
    const profile = { id: 'c', kind: 'codex', enabled: true, mode: 'ingress', models: [] }
    expect(restrictToProfile(decision!, { ...profile, accounts: ['q1', 's1'] }).cursor).toEqual({
      route: 'r',
      weights: { q: 1, s: 1 },
      picked: 'q',
    })
    expect(restrictToProfile(decision!, { ...profile, accounts: ['s1'] }).cursor).toBeNull()
    expect(restrictToProfile(decision!, { ...profile, accounts: [] }).cursor).toEqual(decision?.cursor)
  })
})

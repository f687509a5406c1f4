// Which account of a provider is asked first, and what a plan says of those that are not asked.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { homeKey, lockKey, noHealth, type Health } from '../../src/policy/health.ts'
import type { Lock, LockPlace } from '../../src/policy/locks.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { plainFacts } from '../support/facts.ts'

const now = 50_000

function snapshotOf(provider: object): Snapshot {
  const compiled = compileConfig({
    document: {
      config_version: 1,
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: {
        p: { type: 'openai', ...provider },
        free: { type: 'mock' },
      },
      routes: {
        r: {
          targets: [
            { name: 'one', provider: 'p', model: 'm', priority: 1 },
            { name: 'pinned', provider: 'p', model: 'm2', account: 'c', priority: 2 },
          ],
        },
        both: {
          targets: [
            { provider: 'p', model: 'm' },
            { provider: 'free', model: 'echo' },
          ],
        },
      },
      storage: { kind: 'memory' },
    },
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.snapshot
}

const account = (id: string, priority = 0) => ({ id, credential: 'k', priority })
const three = [account('a'), account('b'), account('c')]

function healthOf(more: Partial<Health> = {}): Health {
  return { ...noHealth, now, homeTtlMs: 10_000, ...more }
}

function locked(place: LockPlace, code: Lock['code'] = 'upstream_auth', forMs = 9000): [string, Lock] {
  return [lockKey(place), { place, code, since: now - 10, until: now + forMs, failures: 1 }]
}

function orders(provider: object, health: Health, facts: Partial<RequestFacts> = {}) {
  const decision = planRoute(plainFacts({ model: 'r', ...facts }), snapshotOf(provider), health)
  return decision?.candidates.map(({ accounts, accountBy }) => [accountBy, ...accounts])
}

describe('the order of accounts', () => {
  it('fill_first: lower priority first, then as they stand', () => {
    const accounts = [account('a', 2), account('b', 1), account('c', 1)]
    expect(orders({ accounts }, healthOf())).toEqual([
      ['priority', 'b', 'c', 'a'],
      ['pinned', 'c'],
    ])
  })

  it.each([
    [0, ['a', 'b', 'c']],
    [1, ['a', 'b', 'c']],
    [2, ['b', 'c', 'a']],
    [5, ['c', 'a', 'b']],
    [6, ['a', 'b', 'c']],
  ])('round_robin, two in a row: after %d requests %j', (turns, expected) => {
    const health = healthOf({ turns: new Map([['p', turns]]) })
    expect(orders({ accounts: three, selection: 'round_robin', sticky: 2 }, health)?.[0]).toEqual(['turn', ...expected])
  })

  it('round_robin goes round among equals, and the next priority only follows', () => {
    const accounts = [account('a', 1), account('b', 1), account('c', 5)]
    const health = healthOf({ turns: new Map([['p', 1]]) })
    expect(orders({ accounts, selection: 'round_robin' }, health)?.[0]).toEqual(['turn', 'b', 'a', 'c'])
  })

  it('a session stays where it was, whosever turn it is', () => {
    const health = healthOf({
      turns: new Map([['p', 1]]),
      homes: new Map([[homeKey('p', 'chat-7'), { account: 'c', usedAt: now - 5000 }]]),
    })
    const provider = { accounts: three, selection: 'round_robin' }
    expect(orders(provider, health, { sessionKey: 'chat-7' })?.[0]).toEqual(['session', 'c', 'b', 'a'])
    expect(orders(provider, health, { sessionKey: 'chat-8' })?.[0]).toEqual(['turn', 'b', 'c', 'a'])
    expect(orders(provider, { ...health, now: now + 6000 }, { sessionKey: 'chat-7' })?.[0]?.[0]).toBe('turn')
    expect(orders({ accounts: three.slice(0, 3).toReversed() }, health, { sessionKey: 'chat-7' })?.[0]?.[1]).toBe('c')
  })

  it('a session whose account is locked, or gone from the configuration, goes on elsewhere', () => {
    const homes = new Map([[homeKey('p', 's'), { account: 'b', usedAt: now }]])
    const locks = new Map([locked({ on: 'account', provider: 'p', account: 'b' })])
    expect(orders({ accounts: three }, healthOf({ homes, locks }), { sessionKey: 's' })?.[0]).toEqual([
      'priority',
      'a',
      'c',
    ])
    const gone = new Map([[homeKey('p', 's'), { account: 'removed', usedAt: now }]])
    expect(orders({ accounts: three }, healthOf({ homes: gone }), { sessionKey: 's' })?.[0]).toEqual([
      'priority',
      'a',
      'b',
      'c',
    ])
  })

  it('what a client calls its session is not what is kept', () => {
    expect(homeKey('p', 'jane@example.com')).not.toContain('jane')
    expect(homeKey('p', 'x')).not.toBe(homeKey('q', 'x'))
  })
})

describe('a plan around locks', () => {
  const facts = plainFacts({ model: 'r' })
  const plan = (locks: readonly [string, Lock][], model = 'r') =>
    planRoute({ ...facts, model }, snapshotOf({ accounts: three }), healthOf({ locks: new Map(locks) }))

  it('leaves a locked account out, and says which, why, and for how long', () => {
    const decision = plan([locked({ on: 'account', provider: 'p', account: 'a' })])
    expect(decision?.candidates[0]?.accounts).toEqual(['b', 'c'])
    expect(decision?.rejected).toEqual([
      {
        target: 'p/m',
        name: 'one',
        account: 'a',
        code: 'account_locked',
        reason: 'account a left out after upstream_auth for another 9 s',
        lockedBy: 'upstream_auth',
        retryInMs: 9000,
      },
    ])
  })

  it('leaves an account out for the locked model only', () => {
    const decision = plan([
      locked({ on: 'model', provider: 'p', account: 'c', model: 'm', region: null }, 'upstream_rate_limited'),
    ])
    expect(decision?.candidates.map((candidate) => candidate.accounts)).toEqual([['a', 'b'], ['c']])
  })

  it('names the lock that ends last where an account has several', () => {
    const decision = plan([
      locked({ on: 'account', provider: 'p', account: 'a' }, 'upstream_quota', 5000),
      locked({ on: 'model', provider: 'p', account: 'a', model: 'm', region: null }, 'upstream_rate_limited', 8000),
    ])
    expect(decision?.rejected).toMatchObject([{ account: 'a', lockedBy: 'upstream_rate_limited', retryInMs: 8000 }])
  })

  it('leaves a target out where every account of it is locked, or it is locked itself', () => {
    const all = three.map(({ id }) => locked({ on: 'account', provider: 'p', account: id }))
    const decision = plan(all)
    expect(decision?.candidates).toEqual([])
    expect(decision?.rejected.map(({ target, account: who }) => `${target} ${who}`)).toEqual([
      'p/m a',
      'p/m b',
      'p/m c',
      'p/m2 c',
    ])
    const target: LockPlace = { on: 'target', provider: 'p', account: null, model: 'm', region: null }
    expect(plan([locked(target, 'upstream_model_missing')])).toMatchObject({
      candidates: [{ label: 'p/m2' }],
      rejected: [{ target: 'p/m', code: 'target_locked', lockedBy: 'upstream_model_missing' }],
    })
  })

  it('locks a provider that needs no key by the account that every provider has', () => {
    const place: LockPlace = { on: 'model', provider: 'free', account: 'default', model: 'echo', region: null }
    const decision = plan([locked(place, 'upstream_rate_limited')], 'both')
    expect(decision?.candidates.map((candidate) => candidate.label)).toEqual(['p/m'])
    expect(decision?.rejected[0]).toMatchObject({ target: 'free/echo', account: 'default', code: 'account_locked' })
  })

  it('forgets a lock the moment it is over', () => {
    const [key, lock] = locked({ on: 'account', provider: 'p', account: 'a' })
    expect(plan([[key, { ...lock, until: now }]])?.rejected).toEqual([])
    expect(plan([[key, { ...lock, until: now + 1 }]])?.rejected).toHaveLength(1)
  })

  it('knows an account by its name, so that a reload changes nothing', () => {
    const locks = new Map([locked({ on: 'account', provider: 'p', account: 'a' })])
    const reloaded = snapshotOf({
      accounts: [...three, account('d')],
      selection: 'round_robin',
      headers: { 'x-new': '1' },
    })
    expect(planRoute(facts, reloaded, healthOf({ locks }))?.candidates[0]?.accounts).toEqual(['b', 'c', 'd'])
  })

  it('keeps what is locked in one region out of that region only', () => {
    const eu: LockPlace = { on: 'model', provider: 'p', account: 'a', model: 'm', region: 'eu' }
    expect(plan([locked(eu)])?.rejected).toEqual([])
  })
})

// Arbitrary configurations, requests and states of health for properties of the planner.
import fc from 'fast-check'
import { compileConfig } from '../../src/catalog/compile.ts'
import { scoreProfiles } from '../../src/catalog/score-profiles.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { freshBreaker, type Breaker } from '../../src/policy/breaker.ts'
import { groupsOf } from '../../src/policy/degrade.ts'
import { homeKey, lockKey, placesOf, targetKey, type Health } from '../../src/policy/health.ts'
import type { Lock } from '../../src/policy/locks.ts'
import { matchRoute } from '../../src/policy/match-route.ts'
import { plainFacts } from '../support/facts.ts'

const providerIds = ['p', 'q', 'keyed', 'claude', 'hub']
const modelIds = ['m1', 'm2', 'm3', '*']
const routeNames = ['r1', 'r2', 'every']
const abilities = ['streaming', 'tool_calling', 'vision_in', 'json_schema', 'reasoning_summary', 'server_tools']
const now = 1_000_000

const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const capabilities = fc.dictionary(fc.constantFrom(...abilities), fc.boolean(), { maxKeys: 3 })
const price = fc.constantFrom(null, 0, 0.5, 3)

const model = fc.record(
  {
    context_window: fc.constantFrom(null, 100, 10_000),
    capabilities,
    strengths: fc.subarray(['coding', 'judge', 'extract', 'private']),
    cost: fc.option(fc.record({ input: price, output: price })),
  },
  { requiredKeys: [] },
)

const target = fc.record(
  {
    provider: fc.constantFrom(...providerIds),
    model: fc.constantFrom(...modelIds),
    priority: fc.integer({ min: 1, max: 3 }),
    weight: fc.constantFrom(0, 1, 2, 7, 100),
    lane: fc.constantFrom(null, 'standard', 'free', 'promo', 'aggregator'),
    account: fc.constantFrom(null, null, 'x'),
  },
  { requiredKeys: ['provider', 'model'] },
)

const route = fc.record({
  strategy: fc.constantFrom('priority', 'round_robin', 'weighted', 'least_connections', 'fastest', 'cheapest', 'score'),
  profile: fc.option(fc.constantFrom(...scoreProfiles)),
  sticky: fc.constantFrom('none', 'session'),
  require: fc.dictionary(fc.constantFrom(...abilities), fc.boolean(), { maxKeys: 2 }),
  targets: fc.array(target, { minLength: 1, maxLength: 5 }),
  fallback: fc.record({
    enabled: fc.boolean(),
    max_attempts: fc.integer({ min: 1, max: 4 }),
    degrade_to: fc.subarray(['m1', 'r1', 'r2']),
  }),
})

const unknownValue = fc.constantFrom('allow', 'penalize', 'reject')
const policy = fc.record(
  {
    cost_aware: fc.boolean(),
    latency_aware: fc.boolean(),
    cost_basis: fc.constantFrom('blended', 'expected'),
    max_price_per_mtok: fc.constantFrom(null, 2, 100),
    allow_free: fc.boolean(),
    allow_promo: fc.boolean(),
    allow_aggregator: fc.boolean(),
    unknown_cost: unknownValue,
    unknown_context: unknownValue,
  },
  { requiredKeys: [] },
)

const accounts = ['x', 'y'].map((id) => ({ id, credential: 'k' }))

/** Compiled configurations that are whole and sound. */
export const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    providers: fc.record({ p: capabilities, q: capabilities }),
    models: fc.record({ m1: model, m2: model }),
    routes: fc.record({ r1: route, r2: route, every: route }),
    policy: some(policy),
    defaultProvider: fc.constantFrom(null, 'p'),
  })
  .map(({ providers, models, routes, policy: said, defaultProvider }) => {
    const compiled = compileConfig({
      document: {
        server: { default_provider: defaultProvider },
        credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
        providers: {
          p: { type: 'mock', capabilities: providers.p },
          q: { type: 'mock', capabilities: providers.q },
          keyed: { type: 'openai', accounts, selection: 'round_robin' },
          claude: { type: 'anthropic', accounts },
          hub: { type: 'openrouter', accounts },
        },
        models,
        routes: Object.fromEntries(
          Object.entries(routes).map(([name, one]) => [name, soundRoute(name as keyof typeof routes, one)]),
        ),
        ...(said !== undefined && { policy: said }),
        storage: { kind: 'memory' },
      },
    })
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    return compiled.snapshot
  })

interface Drawn {
  readonly targets: readonly { provider: string; model: string; account?: string | null; weight?: number }[]
  readonly fallback: { readonly degrade_to: readonly string[] }
}

// What the compiler would refuse is put right: whole configurations are wanted here, and not the compiler's opinion.
function soundRoute(name: string, drawn: Drawn): object {
  const isGlob = name === 'every'
  const targets = drawn.targets.map(({ account, ...one }, index) => ({
    ...one,
    ...(account !== undefined && account !== null && !['p', 'q'].includes(one.provider) && { account }),
    ...(one.model === '*' && !isGlob && { model: 'm3' }),
    ...(index === 0 && { weight: 3 }),
  }))
  return {
    ...drawn,
    targets,
    ...(isGlob && { match: { model: '*' } }),
    fallback: { ...drawn.fallback, degrade_to: drawn.fallback.degrade_to.filter((other) => other !== name) },
  }
}

/** Requests, for routes, providers, models and names that nobody knows. */
export const requests: fc.Arbitrary<RequestFacts> = fc
  .record({
    model: fc.constantFrom(...routeNames, 'auto', 'auto/cheap', 'auto/fast', 'p/m1', 'hub/org/x', 'keyed/m2', 'else'),
    dialect: fc.constantFrom('openai-chat', 'anthropic-messages'),
    stream: fc.boolean(),
    needsTools: fc.boolean(),
    needsImages: fc.boolean(),
    needsSchema: fc.boolean(),
    needsServerTools: fc.boolean(),
    choices: fc.constantFrom(1, 1, 2),
    approxInputTokens: fc.constantFrom(0, 10, 500, 50_000),
    sessionKey: some(fc.string({ minLength: 1, maxLength: 5 })),
    maxOutputTokens: some(fc.integer({ min: 1, max: 9999 })),
  })
  .map(({ sessionKey, maxOutputTokens, ...facts }) =>
    plainFacts({
      ...(facts as Partial<RequestFacts>),
      ...(sessionKey !== undefined && { sessionKey }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    }),
  )

const breaker: fc.Arbitrary<Breaker> = fc.constantFrom(
  { ...freshBreaker, from: now - 500, total: 9, failed: 3 },
  { ...freshBreaker, isOpen: true, until: now + 5000, code: 'upstream_error' as const },
  { ...freshBreaker, isOpen: true, until: now - 5 },
  { ...freshBreaker, isOpen: true, until: now - 5, probe: { owner: 'someone', until: now + 50 } },
)
const ms = fc.integer({ min: 1, max: 900 })
const at = fc.constantFrom(now, now - 1000, 0)
const average = fc.record({ ms, at })
const lockCode = fc.constantFrom('upstream_auth' as const, 'upstream_rate_limited' as const)

/** What may be known of one thing that a request could look at. */
interface Fate {
  readonly breaker: Breaker | undefined
  readonly load: number | undefined
  readonly speed: { ttft: { ms: number; at: number }; total: { ms: number; at: number } } | undefined
  readonly lock: 'upstream_auth' | 'upstream_rate_limited' | undefined
  readonly turns: number
}

const fate: fc.Arbitrary<Fate> = fc.record({
  breaker: rarely(breaker),
  load: some(fc.nat(5)),
  speed: some(fc.record({ ttft: average, total: average })),
  lock: rarely(lockCode),
  turns: fc.integer({ min: -20, max: 20 }),
})

function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: 4 })
}

export interface World {
  readonly snapshot: Snapshot
  readonly facts: RequestFacts
  readonly health: Health
  readonly random: number
}

/** A configuration, a request, and what is known of everything that both could touch. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    snapshot: snapshots,
    facts: requests,
    fates: fc.array(fate, { minLength: 8, maxLength: 8 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(({ snapshot, facts, fates, random }) => ({
    snapshot,
    facts,
    random,
    health: healthOf(snapshot, facts, fates),
  }))

function healthOf(snapshot: Snapshot, facts: RequestFacts, fates: readonly Fate[]): Health {
  const health = {
    now,
    locks: new Map<string, Lock>(),
    turns: new Map<string, number>(),
    homes: new Map<string, { account: string; usedAt: number }>(),
    homeTtlMs: 5000,
    breakers: new Map<string, Breaker>(),
    loads: new Map<string, number>(),
    speeds: new Map<string, { ttft: { ms: number; at: number }; total: { ms: number; at: number } }>(),
    cursors: new Map<string, Record<string, number>>(),
  }
  const fateOf = (index: number): Fate => fates[index % fates.length] as Fate
  let drawn = 0
  const look = (model: string): void => {
    const match = matchRoute(model, snapshot)
    for (const group of match === undefined ? [] : groupsOf(match, snapshot))
      for (const one of group.targets) {
        const route = group.route?.name ?? null
        const destination = { route, target: one, model: one.model === '*' ? facts.model : one.model }
        const key = targetKey(destination)
        const mine = fateOf(drawn++)
        if (mine.breaker !== undefined) health.breakers.set(key, mine.breaker)
        if (mine.load !== undefined) health.loads.set(key, mine.load)
        if (mine.speed !== undefined) health.speeds.set(key, mine.speed)
        health.turns.set(one.provider, Math.abs(mine.turns))
        if (route !== null) health.cursors.set(route, { ...health.cursors.get(route), [one.name]: mine.turns })
        health.homes.set(homeKey(one.provider, facts.sessionKey ?? ''), { account: 'y', usedAt: now - 100 })
        if (mine.lock === undefined) continue
        const places = placesOf(destination, drawn % 2 === 0 ? 'x' : 'y')
        const place = Object.values(places)[drawn % 3]
        if (place !== undefined)
          health.locks.set(lockKey(place), { place, code: mine.lock, since: 0, until: now + 5000, failures: 1 })
      }
  }
  // Things of other routes too, which this request must not look at.
  for (const name of [facts.model, ...routeNames]) look(name)
  return health
}

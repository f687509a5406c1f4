import fc from 'fast-check'
import { plainFacts } from '../support/facts.ts'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { listModels } from '../../src/policy/list-models.ts'
import { matchGlob, matchRoute } from '../../src/policy/match-route.ts'
import { freshBreaker } from '../../src/policy/breaker.ts'
import { noHealth, targetKey } from '../../src/policy/health.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { summariseDecision } from '../../src/policy/decision.ts'

function snapshotOf(extra: object = {}): Snapshot {
  const compiled = compileConfig({
    document: {
      config_version: 1,
      providers: {
        mock: { type: 'mock' },
        other: { type: 'mock', capabilities: { tool_calling: false, max_context_tokens: 1000 } },
        formal: {
          type: 'openai_compatible',
          base_url: 'https://formal.example.com',
          api_formats: ['anthropic_messages'],
          auth_scheme: { kind: 'none' },
        },
        chatty: {
          type: 'openai_compatible',
          base_url: 'https://a.example.com/v1',
          api_formats: ['openai_chat'],
          auth_scheme: { kind: 'none' },
        },
      },
      routes: {
        exact: { targets: [{ provider: 'mock', model: 'echo' }] },
        'mock/echo': { targets: [{ provider: 'chatty', model: 'really-another' }] },
        several: {
          targets: [
            { name: 'late', provider: 'mock', model: 'b', priority: 2 },
            { name: 'early', provider: 'other', model: 'a', priority: 1 },
          ],
        },
        wide: { match: { model: 'claude-*' }, targets: [{ provider: 'mock', model: '*' }] },
        narrow: { match: { model: 'claude-3-*' }, targets: [{ provider: 'mock', model: 'three' }] },
        stripped: { match: { model: 'team/*' }, strip_prefix: true, targets: [{ provider: 'mock', model: '*' }] },
      },
      storage: { kind: 'memory' },
      ...extra,
    },
  })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.snapshot
}

const facts = (model: string, extra: Partial<RequestFacts> = {}): RequestFacts => plainFacts({ model, ...extra })

describe('resolving a model name', () => {
  const snapshot = snapshotOf()
  it.each([
    ['an exact route', 'exact', 'route', ['mock/echo']],
    [
      'a route that is called like a provider and model, before that provider',
      'mock/echo',
      'route',
      ['chatty/really-another'],
    ],
    ['provider/model', 'mock/anything', 'provider', ['mock/anything']],
    ['provider/model with more slashes', 'mock/org/name:free', 'provider', ['mock/org/name:free']],
    ['the glob with the longest literal prefix', 'claude-3-opus', 'glob', ['mock/three']],
    ['a wider glob, passing the name on', 'claude-9', 'glob', ['mock/claude-9']],
    ['a glob whose prefix is dropped', 'team/gpt-x', 'glob', ['mock/gpt-x']],
  ] as const)('finds %s', (_name, model, resolvedBy, labels) => {
    const decision = planRoute(facts(model), snapshot)
    expect(decision?.resolvedBy).toBe(resolvedBy)
    expect(decision?.candidates.map((candidate) => candidate.label)).toEqual(labels)
  })

  it('finds nothing where nothing answers to the name', () => {
    expect(planRoute(facts('gpt-unknown'), snapshot)).toBeUndefined()
    expect(planRoute(facts('nobody/x'), snapshot)).toBeUndefined()
    // A glob route's own name is not a model.
    expect(matchRoute('wide', snapshot)).toBeUndefined()
  })

  it('passes unknown names to the default provider, marked unverified', () => {
    const decision = planRoute(facts('gpt-unknown'), snapshotOf({ server: { default_provider: 'mock' } }))
    expect(decision).toMatchObject({ resolvedBy: 'default_provider', unverified: true })
    expect(decision?.candidates[0]?.model).toBe('gpt-unknown')
  })
})

describe('a decision', () => {
  const snapshot = snapshotOf()
  it('orders targets by priority and names every rejected one with a reason', () => {
    const plain = planRoute(facts('several'), snapshot)
    expect(plain?.candidates.map((candidate) => candidate.target.name)).toEqual(['early', 'late'])
    const tools = planRoute(facts('several', { needsTools: true }), snapshot)
    expect(tools?.candidates.map((candidate) => candidate.target.name)).toEqual(['late'])
    expect(tools?.rejected).toEqual([
      { target: 'other/a', name: 'early', code: 'tools_unsupported', reason: 'provider other does not do tools' },
    ])
    expect(summariseDecision(tools!)).toBe('route=several strategy=priority selected=mock/b fallbacks=[] rejected=1')
  })

  it('speaks the dialect of the client where the provider offers it, else the first it has', () => {
    expect(planRoute(facts('mock/x', { dialect: 'anthropic-messages' }), snapshot)?.candidates[0]).toMatchObject({
      dialect: 'anthropic-messages',
      passthrough: true,
    })
    expect(planRoute(facts('chatty/x', { dialect: 'anthropic-messages' }), snapshot)?.candidates[0]).toMatchObject({
      dialect: 'openai-chat',
      passthrough: false,
    })
  })

  it('turns away what is clearly too large, and several answers where they would be translated', () => {
    expect(planRoute(facts('several', { approxInputTokens: 2500 }), snapshot)?.rejected[0]?.code).toBe('context_window')
    const many = planRoute(facts('formal/x', { choices: 2 }), snapshot)
    expect(many?.rejected[0]?.code).toBe('choices_unsupported')
  })

  it('is a function of its input: the same question gets the same answer, and selected and rejected are all there is', () => {
    const names = fc.constantFrom('exact', 'several', 'claude-3-x', 'mock/y', 'team/z', 'nothing')
    fc.assert(
      fc.property(names, fc.boolean(), fc.boolean(), fc.nat(5000), (model, needsTools, stream, approxInputTokens) => {
        const question = facts(model, { needsTools, stream, approxInputTokens })
        const decision = planRoute(question, snapshot)
        expect(planRoute(question, snapshot)).toEqual(decision)
        if (decision === undefined) return
        const targets = matchRoute(model, snapshot)?.targets.length
        expect(decision.candidates.length + decision.rejected.length).toBe(targets)
      }),
    )
  })
})

describe('auto', () => {
  const models = { cheap: { cost: { input: 1, output: 1 } }, dear: { cost: { input: 9, output: 9 } } }
  const everything = {
    match: { model: '*' },
    targets: [
      { name: 'dear', provider: 'mock', model: 'dear' },
      { name: 'cheap', provider: 'mock', model: 'cheap' },
      { name: 'any', provider: 'mock', model: '*' },
    ],
  }
  const withEverything = snapshotOf({ models, routes: { everything } })

  it.each([
    ['auto', 'balanced'],
    ['auto/balanced', 'balanced'],
    ['auto/cheap', 'cheap'],
    ['auto/large-context', 'large-context'],
  ])('%s scores the targets of the * route by %s', (model, profile) => {
    const decision = planRoute(facts(model), withEverything)
    expect(decision).toMatchObject({ route: 'everything', resolvedBy: 'auto', strategy: 'score', profile })
    expect(decision?.scores.map(({ name }) => name)).toEqual(['dear', 'cheap'])
    expect(decision?.rejected).toMatchObject([{ name: 'any', code: 'no_model' }])
  })

  it('takes the cheapest with auto/cheap', () => {
    expect(planRoute(facts('auto/cheap'), withEverything)?.candidates.map(({ label }) => label)).toEqual([
      'mock/cheap',
      'mock/dear',
    ])
  })

  it('is a route where one has that name', () => {
    const routes = { everything, 'auto/fast': { strategy: 'score', targets: [{ provider: 'mock', model: 'cheap' }] } }
    const decision = planRoute(facts('auto/fast'), snapshotOf({ models, routes }))
    expect(decision).toMatchObject({ route: 'auto/fast', resolvedBy: 'route', strategy: 'score', profile: 'fast' })
    expect(decision?.candidates.map(({ label }) => label)).toEqual(['mock/cheap'])
  })

  it('is not known where no route has targets to choose from, and is never passed on to the default provider', () => {
    const server = { default_provider: 'mock' }
    expect(planRoute(facts('auto'), snapshotOf({ server }))).toBeUndefined()
    expect(planRoute(facts('auto/fast'), snapshotOf({ server }))).toBeUndefined()
    expect(planRoute(facts('auto/unheard-of'), snapshotOf({ server }))?.resolvedBy).toBe('default_provider')
  })

  it('is passed on by a * route that does nothing else', () => {
    const routes = { everything: { match: { model: '*' }, targets: [{ provider: 'mock', model: '*' }] } }
    const decision = planRoute(facts('auto'), snapshotOf({ routes }))
    expect(decision).toMatchObject({ resolvedBy: 'glob', strategy: 'priority', candidates: [{ label: 'mock/auto' }] })
  })

  it('is in the list of models where it means something, with its profiles', () => {
    const ids = listModels(withEverything).map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['auto', 'auto/cheap', 'auto/judge', 'mock/cheap']))
    expect(ids).not.toContain('auto/balanced')
    expect(listModels(snapshotOf()).map(({ id }) => id)).not.toContain('auto')
  })
})

describe('what stands in for the targets of a route', () => {
  const routes = {
    main: {
      targets: [
        { name: 'one', provider: 'mock', model: 'big' },
        { name: 'two', provider: 'chatty', model: 'big' },
        { name: 'three', provider: 'chatty', model: 'huge' },
      ],
      fallback: { max_attempts: 2, degrade_to: ['small', 'backup'] },
    },
    backup: {
      targets: [
        { name: 'again', provider: 'mock', model: 'big' },
        { name: 'formal', provider: 'formal', model: 'claude' },
      ],
      fallback: { degrade_to: ['main'] },
    },
  }
  const snapshot = snapshotOf({ models: { small: {} }, routes })

  it('goes after all own targets: another model of the same providers, then the targets of another route', () => {
    const decision = planRoute(facts('main'), snapshot)
    expect(decision?.candidates.map(({ label, route, degraded }) => [label, route, degraded])).toEqual([
      ['mock/big', 'main', false],
      ['chatty/big', 'main', false],
      ['chatty/huge', 'main', false],
      ['mock/small', 'main', true],
      ['chatty/small', 'main', true],
      ['formal/claude', 'backup', true],
    ])
    // Of two targets at one provider the first one lends its name.
    expect(decision?.candidates.slice(3, 5).map(({ target }) => target.name)).toEqual(['one', 'two'])
    expect(decision?.rejected).toEqual([
      { target: 'mock/big', name: 'again', code: 'duplicate', reason: 'the same target is there already' },
    ])
    expect(summariseDecision(decision!)).toContain(
      'fallbacks=[chatty/big,chatty/huge,~mock/small,~chatty/small,~formal/claude]',
    )
  })

  it('does not go round, and is absent where fallback is off', () => {
    expect(planRoute(facts('backup'), snapshot)?.candidates.map(({ label }) => label)).toEqual([
      'mock/big',
      'formal/claude',
      'chatty/big',
      'chatty/huge',
    ])
    const off = { ...routes, main: { ...routes.main, fallback: { enabled: false, degrade_to: ['backup'] } } }
    const decision = planRoute(facts('main'), snapshotOf({ models: { small: {} }, routes: off }))
    expect(decision).toMatchObject({ maxAttempts: 1 })
    expect(decision?.candidates.every(({ degraded }) => !degraded)).toBe(true)
  })
})

describe('regions', () => {
  const bedrock = { type: 'bedrock', region: 'us-east-1' }
  it('of a target are targets of their own, in order, and each is locked by itself', () => {
    const snapshot = snapshotOf({
      providers: { bedrock },
      routes: {
        far: {
          targets: [
            { name: 'first', provider: 'bedrock', model: 'claude', regions: ['eu-west-1', 'us-west-2'] },
            { name: 'last', provider: 'bedrock', model: 'nova' },
          ],
        },
      },
    })
    expect(planRoute(facts('far'), snapshot)?.candidates.map(({ target }) => [target.name, target.region])).toEqual([
      ['first@eu-west-1', 'eu-west-1'],
      ['first@us-west-2', 'us-west-2'],
      ['last', null],
    ])
  })
})

describe('the summary of a decision', () => {
  it('is short whatever the names: a long list of fallbacks says how many it leaves out', () => {
    const targets = Array.from({ length: 60 }, (_, index) => ({ provider: 'mock', model: `${'m'.repeat(30)}${index}` }))
    const name = 'r'.repeat(200)
    const decision = planRoute(facts(name), snapshotOf({ routes: { [name]: { targets } } }))
    const summary = summariseDecision(decision!)
    expect(summary.length).toBeLessThanOrEqual(1024)
    const [, list, left] = /fallbacks=\[(.*),\+(\d+)\] rejected=0$/.exec(summary) ?? []
    expect((list ?? '').split(',').length + Number(left)).toBe(59)
  })
})

describe('a glob', () => {
  it.each([
    ['*', '', true],
    ['*', 'a/b', true],
    ['claude-*', 'claude-', true],
    ['claude-*', 'claud', false],
    ['*-mini', 'gpt-4o-mini', true],
    ['gpt-?', 'gpt-?', true],
    ['gpt-?', 'gpt-5', false],
    ['a*b*c', 'a--b--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['a.c', 'abc', false],
  ])('%s on %s: %s', (glob, name, expected) => {
    expect(matchGlob(glob, name)).toBe(expected)
  })

  it('agrees with the regular expression that means the same, and never explodes', () => {
    const chars = fc.constantFrom('a', 'b', '*', '?')
    fc.assert(
      fc.property(
        fc.string({ unit: chars, maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '?'), maxLength: 12 }),
        (glob, name) => {
          const pattern = new RegExp(`^${glob.replaceAll('?', String.raw`\?`).replaceAll('*', '.*')}$`)
          expect(matchGlob(glob, name)).toBe(pattern.test(name))
        },
      ),
      { numRuns: 2000 },
    )
    expect(matchGlob('*a'.repeat(50), 'a'.repeat(5000) + 'b')).toBe(false)
  })
})

describe('a target whose circuit is open', () => {
  const planned = (breaker: object) => {
    const targets = [{ provider: 'mock', model: 'echo' }]
    const snapshot = snapshotOf({ routes: { exact: { targets, breaker } } })
    const key = targetKey({
      route: 'exact',
      target: { name: 'mock/echo', provider: 'mock', account: null, region: null },
      model: 'echo',
    })
    const breakers = new Map([[key, { ...freshBreaker, isOpen: true, since: 10, until: 5000 }]])
    return planRoute(facts('exact'), snapshot, { ...noHealth, now: 1000, breakers })
  }

  it('is left out, and used where its breaker was switched off since', () => {
    expect(planned({})).toMatchObject({ candidates: [], rejected: [{ code: 'breaker_open', retryInMs: 4000 }] })
    expect(planned({ enabled: false })).toMatchObject({ candidates: [{ breaker: 'closed' }], rejected: [] })
  })
})

import fc from 'fast-check'
import { plainFacts } from '../support/facts.ts'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { matchGlob, matchRoute } from '../../src/policy/match-route.ts'
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
      { target: 'other/a', code: 'tools_unsupported', reason: 'provider other does not do tools' },
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

describe('a glob', () => {
  it.each([
    ['*', '', true],
    ['*', 'a/b', true],
    ['claude-*', 'claude-', true],
    ['claude-*', 'claud', false],
    ['*-mini', 'gpt-4o-mini', true],
    ['gpt-?', 'gpt-5', true],
    ['gpt-?', 'gpt-55', false],
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
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }),
        (glob, name) => {
          const pattern = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`)
          expect(matchGlob(glob, name)).toBe(pattern.test(name))
        },
      ),
      { numRuns: 2000 },
    )
    expect(matchGlob('*a'.repeat(50), 'a'.repeat(5000) + 'b')).toBe(false)
  })
})

// Which targets cannot take a request at all: what they lack, and what the policy forbids, in the order that is promised.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { noHealth, targetKey, type Health } from '../../src/policy/health.ts'
import { freshBreaker } from '../../src/policy/breaker.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { plainFacts } from '../support/facts.ts'

function snapshotOf(document: object): Snapshot {
  const compiled = compileConfig({ document: { storage: { kind: 'memory' }, ...document } })
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.snapshot
}

interface Said {
  readonly provider?: object
  readonly model?: object
  readonly target?: object
  readonly route?: object
  readonly policy?: object
}

/** One target, behind another one that can do everything. */
function world({ provider = {}, model = {}, target = {}, route = {}, policy = {} }: Said): Snapshot {
  const free = { input: 1, output: 1 }
  return snapshotOf({
    providers: { p: { type: 'mock', ...provider }, able: { type: 'mock' } },
    models: { m: model, fine: { context_window: 1_000_000, cost: free } },
    routes: {
      r: {
        targets: [
          { name: 'judged', provider: 'p', model: 'm', ...target },
          { name: 'other', provider: 'able', model: 'fine' },
        ],
        ...route,
      },
    },
    policy,
  })
}

function judged(said: Said, facts: Partial<RequestFacts> = {}, health?: Health) {
  const decision = planRoute(plainFacts({ model: 'r', ...facts }), world(said), health)
  expect(decision?.candidates.map(({ target }) => target.name)).toContain('other')
  const rejection = decision?.rejected.find(({ name }) => name === 'judged')
  const isIn = decision?.candidates.some(({ target }) => target.name === 'judged') === true
  expect(isIn).toBe(rejection === undefined)
  return rejection
}

/** Key in the file, what a request says that needs it, and the code of who has not got it. */
const abilities: readonly (readonly [string, Partial<RequestFacts>, string])[] = [
  ['streaming', { stream: true }, 'streaming_unsupported'],
  ['tool_calling', { needsTools: true }, 'tools_unsupported'],
  ['server_tools', { needsServerTools: true }, 'server_tools_unsupported'],
  ['vision_in', { needsImages: true }, 'images_unsupported'],
  ['audio_in', { needsAudio: true }, 'audio_unsupported'],
  ['file_in', { needsFiles: true }, 'files_unsupported'],
  ['image_out', { needsImageOutput: true }, 'image_output_unsupported'],
  ['reasoning_summary', { needsReasoning: true }, 'reasoning_unsupported'],
  ['json_schema', { needsSchema: true }, 'schema_unsupported'],
]

describe.each(abilities)('a target without %s', (key, needing, code) => {
  it('is turned away by a request that needs it, and by no other', () => {
    const without = { provider: { capabilities: { [key]: false } } }
    expect(judged(without, needing)).toMatchObject({ code, reason: expect.stringContaining('provider p does not do') })
    expect(judged(without)).toBeUndefined()
  })

  it('is turned away by a route that requires it, whatever a request needs', () => {
    const required = { provider: { capabilities: { [key]: false } }, route: { require: { [key]: true } } }
    expect(judged(required)).toMatchObject({
      code: 'requirement',
      reason: expect.stringContaining('the route requires'),
    })
    expect(judged({ ...required, route: { require: { [key]: false } } })).toBeUndefined()
  })

  it('is tried where nobody says that it lacks it', () => {
    expect(judged({}, needing)).toBeUndefined()
    expect(judged({ route: { require: { [key]: true } } }, needing)).toBeUndefined()
  })

  it('is judged by its model first, either way', () => {
    const provider = { capabilities: { [key]: false } }
    expect(judged({ provider, model: { capabilities: { [key]: true } } }, needing)).toBeUndefined()
    const model = { capabilities: { [key]: false } }
    expect(judged({ provider: { capabilities: { [key]: true } }, model }, needing)).toMatchObject({
      code,
      reason: expect.stringContaining('model m does not do'),
    })
  })
})

describe('the source of an image', () => {
  const inline = { provider: { capabilities: { vision_sources: ['inline_base64'] } } }
  const withImage = (source: 'inline_base64' | 'remote_url') => ({ needsImages: true, imageSources: [source] })

  it('is taken where it is listed, or where nothing is', () => {
    expect(judged(inline, withImage('inline_base64'))).toBeUndefined()
    expect(judged({}, withImage('remote_url'))).toBeUndefined()
    expect(judged(inline, withImage('remote_url'))).toEqual({
      target: 'p/m',
      name: 'judged',
      code: 'image_source_unsupported',
      reason: 'provider p does not take images by remote_url',
    })
  })

  it('may be required by the route', () => {
    const route = { require: { vision_sources: ['remote_url'] } }
    expect(judged({ ...inline, route })).toMatchObject({ code: 'requirement' })
    expect(judged({ route })).toBeUndefined()
  })
})

describe('the context window', () => {
  it.each<[string, Said, Partial<RequestFacts>, string | undefined]>([
    [
      'of the model turns away what is clearly too large',
      { model: { context_window: 100 } },
      tokens(201),
      'context_window',
    ],
    ['lets through what may still fit', { model: { context_window: 100 } }, tokens(200), undefined],
    ['of the provider counts where the model has none', ofProvider(100), tokens(201), 'context_window'],
    [
      'of the model goes before that of the provider',
      { ...ofProvider(100), model: { context_window: 300 } },
      tokens(201),
      undefined,
    ],
    [
      'may be required',
      { model: { context_window: 99 }, route: { require: { min_context_tokens: 100 } } },
      {},
      'requirement',
    ],
    [
      'that is large enough is fine',
      { model: { context_window: 100 }, route: { require: { min_context_tokens: 100 } } },
      {},
      undefined,
    ],
    ['that nobody knows is tried', { route: { require: { min_context_tokens: 100 } } }, tokens(9999), undefined],
  ])('%s', (_what, said, facts, code) => {
    expect(judged(said, facts)?.code).toBe(code)
  })

  function tokens(approxInputTokens: number): Partial<RequestFacts> {
    return { approxInputTokens }
  }

  function ofProvider(max: number): Said {
    return { provider: { capabilities: { max_context_tokens: max } } }
  }
})

describe('the policy', () => {
  const priced = (input: number, output: number) => ({ cost: { input, output } })
  it.each<[string, Said, string | undefined, string?]>([
    [
      'turns away what costs more than the ceiling',
      { model: priced(4, 5), policy: { max_price_per_mtok: 5 } },
      'price',
      'blended price 9.00/Mtok > max 5.00/Mtok',
    ],
    ['lets through what costs the ceiling', { model: priced(2, 3), policy: { max_price_per_mtok: 5 } }, undefined],
    [
      'turns away what the known half of a price is too much of already',
      { model: { cost: { input: 6 } }, policy: { max_price_per_mtok: 5 } },
      'price',
      'blended price 6.00/Mtok > max 5.00/Mtok',
    ],
    [
      'lets half a price through that is below the ceiling',
      { model: { cost: { output: 4 } }, policy: { max_price_per_mtok: 5 } },
      undefined,
    ],
    ['has no ceiling for what is not known', { policy: { max_price_per_mtok: 5 } }, undefined],
    ['turns away what has no known price', { policy: { unknown_cost: 'reject' } }, 'cost_unknown'],
    ['turns away half a price', { model: { cost: { input: 1 } }, policy: { unknown_cost: 'reject' } }, 'cost_unknown'],
    [
      'knows that a free lane costs nothing',
      { target: { lane: 'free' }, policy: { unknown_cost: 'reject' } },
      undefined,
    ],
    ['turns away what has no known window', { policy: { unknown_context: 'reject' } }, 'context_unknown'],
    [
      'turns away the free lane',
      { model: priced(0, 0), policy: { allow_free: false } },
      'lane',
      'lane free is switched off by policy.allow_free',
    ],
    [
      'takes nothing for free that costs a little',
      { model: priced(0, 0.01), policy: { allow_free: false } },
      undefined,
    ],
    ['takes nothing for free whose price is not known', { policy: { allow_free: false } }, undefined],
    ['turns away promotions', { provider: { lane: 'promo' }, policy: { allow_promo: false } }, 'lane'],
    [
      'lets a target be of another lane than its provider',
      { provider: { lane: 'promo' }, target: { lane: 'standard' }, policy: { allow_promo: false } },
      undefined,
    ],
  ])('%s', (_what, said, code, reason) => {
    const rejection = judged(said)
    expect(rejection?.code).toBe(code)
    if (reason !== undefined) expect(rejection?.reason).toBe(reason)
  })

  it.each(['openrouter', 'huggingface'])('knows that %s is an aggregator', (type) => {
    const snapshot = (lane: object) =>
      snapshotOf({ providers: { x: { type, ...lane } }, policy: { allow_aggregator: false } })
    const plan = (lane: object) => planRoute(plainFacts({ model: 'x/m' }), snapshot(lane))
    expect(plan({})?.rejected).toMatchObject([{ code: 'lane' }])
    expect(plan({ lane: 'standard' })?.rejected).toEqual([])
  })

  it('holds for a provider that is named directly', () => {
    const snapshot = snapshotOf({
      providers: { p: { type: 'mock' } },
      models: { m: priced(4, 5) },
      policy: { max_price_per_mtok: 5 },
    })
    expect(planRoute(plainFacts({ model: 'p/m' }), snapshot)).toMatchObject({
      candidates: [],
      rejected: [{ code: 'price' }],
    })
  })

  it.each(['unknown_cost', 'unknown_context'])('puts a target last where %s has a penalty', (key) => {
    const decision = planRoute(plainFacts({ model: 'r' }), world({ policy: { [key]: 'penalize' } }))
    expect(decision?.candidates.map(({ target }) => target.name)).toEqual(['other', 'judged'])
    expect(decision?.reasons).toContain('penalized=judged')
  })

  it('gives every one its place where all have a penalty', () => {
    const snapshot = snapshotOf({
      providers: { p: { type: 'mock' } },
      routes: { r: { targets: ['a', 'b'].map((model) => ({ provider: 'p', model })) } },
      policy: { unknown_cost: 'penalize' },
    })
    const decision = planRoute(plainFacts({ model: 'r' }), snapshot)
    expect(decision?.candidates.map(({ label }) => label)).toEqual(['p/a', 'p/b'])
  })
})

describe('the order of the filters', () => {
  // Everything is wrong with it, and one after the other is put right.
  const steps: readonly (readonly [string, (said: Wrong) => void])[] = [
    ...abilities.slice(0, 8).map(([key, , code]) => [code, fixed(key)] as const),
    ['image_source_unsupported', (said: Wrong) => void delete said.capabilities['vision_sources']],
    ['schema_unsupported', fixed('json_schema')],
    ['context_window', (said: Wrong) => void (said.model['context_window'] = undefined)],
    ['breaker_open', (said: Wrong) => void (said.health = noHealth)],
    ['lane', (said: Wrong) => void (said.target['lane'] = 'standard')],
    ['price', (said: Wrong) => void (said.model['cost'] = undefined)],
    ['cost_unknown', (said: Wrong) => void (said.policy['unknown_cost'] = 'allow')],
    ['context_unknown', (said: Wrong) => void (said.policy['unknown_context'] = 'allow')],
  ]

  interface Wrong {
    readonly capabilities: Record<string, unknown>
    readonly model: Record<string, unknown>
    readonly target: Record<string, unknown>
    readonly policy: Record<string, unknown>
    health: Health
  }

  function fixed(key: string) {
    return (said: Wrong): void => void delete said.capabilities[key]
  }

  it('is streaming, tools, server tools, vision, audio, file, pictures, reasoning, image source, schema, window, health, lane, price, unknown cost, unknown window', () => {
    const key = targetKey({
      route: 'r',
      target: { name: 'judged', provider: 'p', account: null, region: null },
      model: 'm',
    })
    const open = { ...freshBreaker, isOpen: true, until: 99_000 }
    const said: Wrong = {
      capabilities: {
        ...Object.fromEntries(abilities.map(([one]) => [one, false])),
        vision_sources: ['inline_base64'],
      },
      model: { context_window: 10, cost: { input: 9, output: 9 } },
      target: { lane: 'promo' },
      policy: { allow_promo: false, max_price_per_mtok: 5, unknown_cost: 'reject', unknown_context: 'reject' },
      health: { ...noHealth, now: 1000, breakers: new Map([[key, open]]) },
    }
    const facts: Partial<RequestFacts> = {
      ...Object.assign({}, ...abilities.map(([, needing]) => needing)),
      imageSources: ['remote_url'],
      approxInputTokens: 1000,
    }
    const met: (string | undefined)[] = []
    for (const [, mend] of steps) {
      const { capabilities, model, target, policy, health } = said
      met.push(
        judged({ provider: { capabilities }, model: withoutUndefined(model), target, policy }, facts, health)?.code,
      )
      mend(said)
    }
    expect(met).toEqual(steps.map(([code]) => code))
    const { capabilities, model, target, policy } = said
    expect(
      judged({ provider: { capabilities }, model: withoutUndefined(model), target, policy }, facts),
    ).toBeUndefined()
  })

  function withoutUndefined(record: Record<string, unknown>): object {
    return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
  }
})

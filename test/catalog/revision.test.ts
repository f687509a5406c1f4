// The revision names a configuration: printing and reading it back keeps it, a change does not.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { problemText } from '../../src/catalog/problem.ts'
import { configSchema } from '../../src/catalog/schema.ts'

function revision(document: unknown): string {
  const compiled = compileConfig({ document })
  if (!compiled.ok) throw new Error(compiled.problems.map(problemText).join('\n'))
  return compiled.snapshot.revision
}

const id = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
const env = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,10}$/)
const price = fc.option(fc.nat({ max: 1_000_000 }).map((milli) => milli / 1000))

// What the file can say: no minus zero, and none of the keys that it refuses.
const plainJson = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  .filter((value) => !/"(?:__proto__|constructor|prototype)":/.test(JSON.stringify(value)))

const target = fc.record(
  {
    provider: fc.constantFrom('mock', 'openai', 'local'),
    model: fc.stringMatching(/^[\w./:-]{1,20}$/),
    priority: fc.nat({ max: 9 }),
    weight: fc.nat({ max: 100 }),
    timeouts: fc.record({ idle_ms: fc.integer({ min: 1, max: 1e6 }) }, { requiredKeys: [] }),
    max_retries: fc.nat({ max: 3 }),
  },
  { requiredKeys: ['provider', 'model'] },
)

const config = fc.record(
  {
    config_version: fc.constant(1),
    server: fc.record(
      {
        port: fc.nat({ max: 65_535 }),
        allow_unauthenticated: fc.option(fc.boolean()),
        limits: fc.record(
          { max_body_bytes: fc.integer({ min: 1, max: 1e8 }), max_tools: fc.integer({ min: 1, max: 5000 }) },
          { requiredKeys: [] },
        ),
        headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,6}$/), fc.stringMatching(/^[ -~]{0,10}$/)),
      },
      { requiredKeys: [] },
    ),
    keys: fc
      .uniqueArray(
        fc.record({ id, env, role: fc.constantFrom('client', 'agent', 'admin') }, { requiredKeys: ['id', 'env'] }),
        {
          selector: (key) => key.env,
          maxLength: 4,
        },
      )
      .map((keys) => keys.map((key, index) => ({ ...key, id: `${key.id}${index}` }))),
    providers: fc.constant({
      mock: { type: 'mock' },
      openai: { type: 'openai' },
      local: {
        type: 'openai_compatible',
        base_url: 'http://127.0.0.1:1/v1',
        auth_scheme: { kind: 'none' },
        allow_private: true,
        allow_http: true,
      },
    }),
    models: fc.dictionary(
      id,
      fc.record(
        {
          context_window: fc.option(fc.integer({ min: 1, max: 1e6 })),
          cost: fc.record({ input: price, output: price }),
        },
        { requiredKeys: [] },
      ),
    ),
    routes: fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9/.-]{0,12}$/),
      fc.record(
        {
          targets: fc.array(target, { minLength: 1, maxLength: 3 }),
          defaults: fc.dictionary(fc.stringMatching(/^[a-z]{4}_x$/), plainJson),
          display_name: fc.option(fc.string({ minLength: 1, unit: 'grapheme' })),
        },
        { requiredKeys: ['targets'] },
      ),
    ),
    observability: fc.record(
      { retention: fc.constantFrom('1d', '14d', '2w'), sample: fc.constantFrom(0, 0.5, 1) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['providers'] },
)

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, shuffled(member)]),
  )
}

describe('the revision', () => {
  it('is the same after printing what was read and reading it again', () => {
    fc.assert(
      fc.property(config, (document) => {
        const whole = configSchema().parse(document)
        const parsed = parseConfig(JSON.stringify(whole))
        if (!parsed.ok) throw new Error(parsed.problems.map(problemText).join('\n'))
        expect(configSchema().parse(parsed.value)).toEqual(whole)
        expect(revision(parsed.value)).toBe(revision(document))
      }),
    )
  })

  it('does not depend on the order of keys', () => {
    fc.assert(fc.property(config, (document) => revision(shuffled(document)) === revision(document)))
  })

  it('does not depend on whether a default is written out, nor on $schema', () => {
    const providers = { mock: { type: 'mock' } }
    expect(revision({ providers })).toBe(
      revision({ $schema: './x.json', config_version: 1, providers, server: { port: 8787, limits: {} } }),
    )
  })

  it.each<[string, Record<string, unknown>]>([
    ['a port', { server: { port: 1 } }],
    ['a limit', { server: { limits: { max_tools: 7 } } }],
    ['a header', { server: { headers: { 'x-a': '1' } } }],
    ['a key', { keys: [{ id: 'a', env: 'A' }] }],
    ['a tenant', { tenants: [{ id: 'a' }] }],
    ['a provider', { providers: { mock: { type: 'mock' }, other: { type: 'mock' } } }],
    ['a price', { models: { m: { cost: { input: 0.15 } } } }],
    ['a route', { routes: { r: { targets: [{ provider: 'mock', model: 'echo' }] } } }],
    ['storage', { storage: { kind: 'memory' } }],
    ['the life of kept reasoning', { storage: { reasoning_state: { ttl: '1h' } } }],
    ['retention', { observability: { retention: '1d' } }],
    ['tiers', { mcp: { tiers: [] } }],
  ])('changes with %s', (_name, change) => {
    const base = { providers: { mock: { type: 'mock' } } }
    expect(revision({ ...base, ...change })).not.toBe(revision(base))
  })

  it('sees the order of globs that tie, and of targets', () => {
    const star = [{ provider: 'mock', model: '*' }]
    const providers = { mock: { type: 'mock' } }
    const a = { match: { model: 'x*' }, targets: star }
    const b = { match: { model: 'x*y' }, targets: star }
    expect(revision({ providers, routes: { a, b } })).not.toBe(revision({ providers, routes: { b, a } }))
    const one = { provider: 'mock', model: 'one' }
    const two = { provider: 'mock', model: 'two' }
    const routes = (targets: unknown[]): unknown => ({ providers, routes: { r: { targets } } })
    expect(revision(routes([one, two]))).not.toBe(revision(routes([two, one])))
  })

  it('is short and plain', () => {
    expect(revision({ providers: { mock: { type: 'mock' } } })).toMatch(/^[0-9a-f]{16}$/)
  })
})

// The file of the specification and ours are the same file: every key it shows is known, every default it shows is ours.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isRecord } from '../../src/catalog/json.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { problemText } from '../../src/catalog/problem.ts'
import { providerTypes } from '../../src/catalog/presets.ts'
import { configSchema, type Config } from '../../src/catalog/schema.ts'
import { readStructure } from '../../src/catalog/structure.ts'
import { requireShared, sharedPath } from '../support/shared.ts'

function block(file: string, heading: string): Record<string, unknown> {
  const text = readFileSync(sharedPath('spec', file), 'utf8')
  const section = text.slice(text.indexOf(heading))
  const jsonc = /```jsonc\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
  const parsed = parseConfig(jsonc)
  if (!parsed.ok || !isRecord(parsed.value)) throw new Error(`${file}: ${JSON.stringify(parsed)}`)
  return parsed.value
}

function defaults(document: Record<string, unknown> = {}): Config {
  return configSchema().parse(document)
}

/** Of a value only the members that another one has. */
function shownOf(value: unknown, shape: unknown): unknown {
  if (!isRecord(value) || !isRecord(shape)) return value
  return Object.fromEntries(Object.keys(shape).map((key) => [key, shownOf(value[key], shape[key])]))
}

function shown(): Config {
  return block('config.md', '## The file') as unknown as Config
}

describe.runIf(requireShared('configuration contract'))('the file of the specification', () => {
  it('is structurally valid as it stands', () => {
    const structure = readStructure(configSchema(), shown())
    expect(structure.problems.map(problemText)).toEqual([])
    expect(structure.value).toMatchObject({ config_version: 1, mcp: { tiers: ['read'] } })
  })

  it('is noticed to change: an invented key in any of its objects is refused', () => {
    const invent = (value: unknown, path: string[]): string[][] => {
      if (Array.isArray(value)) return value.flatMap((member, index) => invent(member, [...path, String(index)]))
      if (!isRecord(value)) return []
      return [path, ...Object.entries(value).flatMap(([key, member]) => invent(member, [...path, key]))]
    }
    // Free-form by nature: records of names, headers, and what a route sets in a request.
    const free = /^(?:credentials|providers|models|routes)$|(?:^|\.)(?:headers|defaults)$/
    for (const path of invent(shown(), []).filter((one) => !free.test(one.join('.')))) {
      const copy: unknown = structuredClone(shown())
      const parent = path.reduce<unknown>((value, step) => Reflect.get(value as object, step), copy)
      Reflect.set(parent as object, 'zz_invented', 1)
      const problems = readStructure(configSchema(), copy).problems.map((problem) => problem.path)
      expect(problems, path.join('.')).toContainEqual(expect.stringMatching(/zz_invented$/))
    }
  })

  it('shows our defaults for the sections of the server and its operation', () => {
    const { server, storage, observability, mcp, benchmark, agents, client_profiles, plugins, egress } = defaults()
    const file = shown()
    // What it does not show is ours.
    expect(shownOf(server, file.server)).toEqual(file.server)
    const { reasoning_state: _, ...kept } = storage
    expect({ storage: kept, observability, mcp, benchmark, agents, client_profiles, plugins, egress }).toEqual({
      storage: file.storage,
      observability: file.observability,
      mcp: file.mcp,
      benchmark: file.benchmark,
      agents: file.agents,
      client_profiles: file.client_profiles,
      plugins: file.plugins,
      egress: file.egress,
    })
  })

  it('shows our defaults for routes, targets, providers and keys', () => {
    const shownRoute = shown().routes['internal-lite']
    const shownTarget = shownRoute?.targets[0]
    const route = defaults({ routes: { r: { targets: [{ provider: 'p', model: 'm' }] } } }).routes['r']
    expect({ ...route, targets: [] }).toMatchObject({ ...shownRoute, targets: [], breaker: {} })
    expect(route?.targets[0]).toEqual({
      ...shownTarget,
      name: undefined,
      provider: 'p',
      model: 'm',
      // Ours: null stands for policy.retry.max_retries, whose default is the 0 that the file shows.
      max_retries: null,
      lane: null,
      on_abort: 'cancel',
    })
    expect(defaults().policy.retry.max_retries).toBe(shownTarget?.max_retries)
    const provider = defaults({ providers: { p: { type: 'mock' } } }).providers['p']
    const { selection, sticky, egress, budget_usd } = shown().providers['claude'] ?? {}
    expect(provider).toMatchObject({ selection, sticky, egress, budget_usd })
    const key = defaults({ keys: [{ id: 'k', env: 'K' }] }).keys[0]
    const { budget_usd: budget, expires_at, revoked } = shown().keys[0] ?? {}
    expect(key).toMatchObject({ budget_usd: budget, expires_at, revoked })
    const { cache_ttl_s } = shown().credentials['openai-main'] ?? {}
    expect(defaults({ credentials: { c: { type: 'api_key' } } }).credentials['c']).toMatchObject({ cache_ttl_s })
  })

  it('names no provider type that we do not know', () => {
    const text = readFileSync(sharedPath('spec', 'config.md'), 'utf8')
    const list = /`type` names a provider preset \(([^)]+)\)/.exec(text)?.[1]?.split(', ') ?? []
    expect(list.length).toBeGreaterThan(10)
    expect(list.filter((type) => !providerTypes.includes(type))).toEqual([])
  })

  it('has the policy and breaker blocks of the first sketch with its defaults', () => {
    const sketch = block('systems.md', '## 6.3')
    const policy = sketch['policy'] as Config['policy']
    const route = (sketch['routes'] as Record<string, { breaker: object }>)['internal-lite']
    expect(defaults({ policy }).policy).toEqual(defaults().policy)
    // Ours: the cap of locks, the breaker of targets without a route, what prices are compared by, the budget of retries.
    const { lock: _, breaker: directBreaker, cost_basis: __, retry, ...ours } = defaults().policy
    const { budget: ___, ...retryShown } = retry
    expect(policy).toEqual({ ...ours, retry: retryShown })
    const breaker = defaults({ routes: { r: {} } }).routes['r']?.breaker
    expect(directBreaker).toEqual(breaker)
    expect({ ...breaker, max_open_ms: undefined }).toEqual({ ...route?.breaker, max_open_ms: undefined })
  })
})

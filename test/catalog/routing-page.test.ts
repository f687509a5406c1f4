// docs/routing.md as a reader uses it: every example compiles, and does what the page says.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { problemText } from '../../src/catalog/problem.ts'
import { scoreProfiles } from '../../src/catalog/score-profiles.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import { summariseDecision } from '../../src/policy/decision.ts'
import { planRoute } from '../../src/policy/plan.ts'
import { explorationShare } from '../../src/policy/strategies/fastest.ts'
import { profiles } from '../../src/policy/strategies/profiles.ts'
import { speedTtlMs } from '../../src/policy/speed.ts'
import { plainFacts } from '../support/facts.ts'

const page = readFileSync(new URL('../../docs/routing.md', import.meta.url), 'utf8')

function compiled(text: string): Snapshot {
  const parsed = parseConfig(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(problemText).join('\n'))
  const result = compileConfig({ document: { providers: { mock: { type: 'mock' } }, ...(parsed.value as object) } })
  expect(result.ok ? result.warnings : result.problems.map(problemText)).toEqual([])
  if (!result.ok) throw new Error('does not compile')
  return result.snapshot
}

const examples = [...page.matchAll(/```jsonc\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')

function example(text: string): Snapshot {
  const found = examples.filter((one) => one.includes(text))
  expect(found).toHaveLength(1)
  return compiled(found[0] ?? '')
}

const labels = (snapshot: Snapshot, model: string): readonly string[] =>
  planRoute(plainFacts({ model }), snapshot)?.candidates.map(({ label }) => label) ?? []

describe('docs/routing.md', () => {
  it('has examples that compile without a warning', () => {
    expect(examples.length).toBeGreaterThan(5)
    for (const text of examples) compiled(text)
  })

  it('says of its vision route who is turned away', () => {
    const decision = planRoute(plainFacts({ model: 'vision' }), example('"llava": {'))
    expect(decision?.candidates.map(({ label }) => label)).toEqual(['local/llava', 'openai/gpt-4o'])
    expect(decision?.rejected[0]).toMatchObject({
      code: 'requirement',
      reason: expect.stringContaining('provider local does not do images'),
    })
  })

  it('shows the header of its weighted route', () => {
    const decision = planRoute(plainFacts({ model: 'split' }), example('"split"'))
    expect(page).toContain(`x-signalbox-route: ${summariseDecision(decision!)}`)
  })

  it('has a * route for auto and its profiles', () => {
    const snapshot = example('"everything"')
    expect(labels(snapshot, 'auto/cheap')).toEqual(['b/small', 'a/large'])
    expect(labels(snapshot, 'auto/coding')).toEqual(['a/large', 'b/small'])
    expect(labels(snapshot, 'auto/large-context')).toEqual(['a/large', 'b/small'])
    expect(labels(snapshot, 'any-name')).toEqual(['a/large', 'b/small'])
    expect(planRoute(plainFacts({ model: 'reviewer' }), snapshot)?.profile).toBe('judge')
  })

  it('has a route with regions that degrades to a smaller model', () => {
    const decision = planRoute(plainFacts({ model: 'sonnet' }), example('"regions"'))
    expect(decision?.candidates.map(({ target, model, degraded }) => [target.name, model, degraded])).toEqual([
      ['sonnet@us-east-1', 'anthropic.claude-sonnet-4-5', false],
      ['sonnet@us-west-2', 'anthropic.claude-sonnet-4-5', false],
      ['sonnet@us-east-1', 'anthropic.claude-haiku-4-5', true],
      ['sonnet@us-west-2', 'anthropic.claude-haiku-4-5', true],
    ])
  })

  it.each(scoreProfiles)('has the weights of %s', (name) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? ''
    const said = [...row.matchAll(/(\w+) \.(\d\d)/g)].map((match) => [match[1] ?? '', Number(`0.${match[2]}`)])
    expect(Object.fromEntries(said)).toEqual(profiles[name].weights)
  })

  it('has the times of strategy fastest', () => {
    expect([speedTtlMs, explorationShare]).toEqual([600_000, 0.05])
  })
})

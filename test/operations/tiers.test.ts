import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Role, Tier } from '../../src/catalog/snapshot.ts'
import { operations } from '../../src/operations/index.ts'
import { mayRun } from '../../src/operations/operation.ts'
import { requireShared, sharedPath } from '../support/shared.ts'

const roles: readonly Role[] = ['client', 'agent', 'operator', 'admin']
const tiers: readonly Tier[] = ['read', 'mutation', 'privileged']

describe('who may run what', () => {
  const expected: readonly (readonly [Role, readonly Tier[]])[] = [
    ['client', []],
    ['agent', []],
    ['operator', ['read', 'mutation']],
    ['admin', ['read', 'mutation', 'privileged']],
  ]

  it.each(expected)('the role %s runs exactly the tiers %j', (role, allowed) => {
    expect(tiers.filter((tier) => mayRun(new Set([role]), tier))).toEqual(allowed)
  })

  it('nobody without a role runs anything', () => {
    expect(tiers.filter((tier) => mayRun(new Set(), tier))).toEqual([])
  })

  it('a set of roles may what one of them may', () => {
    expect(mayRun(new Set<Role>(['client', 'admin']), 'privileged')).toBe(true)
    expect(mayRun(new Set<Role>(['client', 'agent', 'operator']), 'privileged')).toBe(false)
  })

  it('prints the matrix of roles and operations', () => {
    const width = Math.max(...operations.map((operation) => operation.verb.length))
    const lines = operations.map((operation) => {
      const cells = roles.map((role) => (mayRun(new Set([role]), operation.tier) ? 'yes' : 'no').padEnd(8))
      return `${operation.verb.padEnd(width)}  ${operation.tier.padEnd(10)}  ${cells.join('  ')}`
    })
    console.log(
      [`${''.padEnd(width)}  ${'tier'.padEnd(10)}  ${roles.map((role) => role.padEnd(8)).join('  ')}`, ...lines].join(
        '\n',
      ),
    )
    expect(lines).toHaveLength(operations.length)
  })
})

// The tiers are read from the smallest to the largest, and an entry stays with the first that has it.
/** The table "tier | operations" of the configuration's contract, each entry written out: `config show / validate` is two. */
function tierTable(): ReadonlyMap<string, Tier> {
  const text = readFileSync(sharedPath('spec', 'config.md'), 'utf8')
  const found = new Map<string, Tier>()
  for (const tier of tiers) {
    const row = new RegExp(`^\\| ${tier} \\| (.*) \\|$`, 'm').exec(text)?.[1]
    if (row === undefined) throw new Error(`no row for the tier ${tier}`)
    for (const entry of row.replaceAll(/\([^)]*\)/g, '').split(',')) {
      const [first = '', ...more] = entry.split('/').map((part) => part.trim())
      const group = first.split(' ')[0] ?? ''
      for (const verb of [first, ...more.map((word) => `${group} ${word}`)]) if (!found.has(verb)) found.set(verb, tier)
    }
  }
  return found
}

describe.runIf(requireShared('the tier table'))('the tiers of the contract', () => {
  // What we have beyond the table looks and changes nothing, but for locks: "breaker and lock reset" is a mutation.
  const table = new Map([
    ...tierTable(),
    ...(['translate', 'accounts list', 'doctor', 'client-profiles', 'trace replay'] as const).map(
      (verb) => [verb, 'read'] as const,
    ),
    ['accounts reset', 'mutation'] as const,
    // `health` there.
    ['health targets', 'read'] as const,
    ['provider status', 'read'] as const,
    ['provider reset', 'mutation'] as const,
    // `reload` there.
    ['gateway reload', 'mutation'] as const,
    // The table names the vault and credentials as a whole.
    ...['set', 'rm', 'rewrap'].map((word) => [`vault ${word}`, 'privileged'] as const),
    ...['check', 'audit'].map((word) => [`credentials ${word}`, 'privileged'] as const),
    // Asking a vendor for its list changes nothing; a request of one's own costs money, as a benchmark does.
    ...['show', 'presets', 'models'].map((word) => [`provider ${word}`, 'read'] as const),
    ...['add', 'sync-models', 'test', 'certify', 'certify-all'].map(
      (word) => [`provider ${word}`, 'mutation'] as const,
    ),
  ])

  it('were found', () => {
    expect(table.get('config validate')).toBe('read')
    expect(table.get('switch')).toBe('mutation')
    expect(table.get('vault')).toBe('privileged')
  })

  it.each(operations.map((operation) => [operation.verb, operation.tier] as const))(
    'give %s the tier %s',
    (verb, tier) => {
      // `routes` alone stands for looking at them; changing them has entries of its own in another tier.
      const group = verb.split(' ')[0] ?? ''
      const isLooking = / (?:list|show)$/.test(verb)
      expect(table.get(verb) ?? (isLooking ? table.get(group) : undefined)).toBe(tier)
    },
  )
})

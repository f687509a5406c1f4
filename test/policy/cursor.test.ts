// Smooth weighted round robin against what it is by definition: over as many steps as the weights sum up to, from wherever
// one begins to count, each target is picked exactly as often as its weight says.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advanced, byTurn, type Cursor, type Elector } from '../../src/policy/cursor.ts'

const runs = { numRuns: 1000 }

function step(cursor: Cursor, electors: readonly Elector[]): { cursor: Cursor; picked: string } {
  const picked = electors[byTurn(cursor, electors)[0] ?? 0]?.name ?? ''
  const weights = Object.fromEntries(electors.map(({ name, weight }) => [name, weight]))
  return { cursor: advanced(cursor, { route: 'r', weights, picked }), picked }
}

function picks(electors: readonly Elector[], count: number, from: Cursor = {}): { names: string[]; cursor: Cursor } {
  const names: string[] = []
  let cursor = from
  for (let index = 0; index < count; index++) {
    const next = step(cursor, electors)
    names.push(next.picked)
    cursor = next.cursor
  }
  return { names, cursor }
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const electorLists = fc
  .array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
  .map((weights) => weights.map((weight, index) => ({ name: `t${index}`, weight })))

describe('smooth weighted round robin', () => {
  it('takes no name for one of the language', () => {
    const electors = ['constructor', 'toString', '__proto__'].map((name) => ({ name, weight: 1 }))
    const { names } = picks(electors, 6)
    expect(electors.map(({ name }) => names.filter((picked) => picked === name).length)).toEqual([2, 2, 2])
  })

  it('gives each target exactly its weight in any run of as many steps as the weights sum up to', () => {
    fc.assert(
      fc.property(electorLists, fc.nat(200), (electors, begin) => {
        const sum = electors.reduce((total, { weight }) => total + weight, 0)
        const { names } = picks(electors, begin + sum)
        expect(counted(names.slice(begin))).toEqual(
          Object.fromEntries(electors.map(({ name, weight }) => [name, weight])),
        )
      }),
      runs,
    )
  })

  it('spreads the turns of a target instead of giving them all at once', () => {
    // The example of nginx's own description.
    const electors = [
      { name: 'a', weight: 5 },
      { name: 'b', weight: 1 },
      { name: 'c', weight: 1 },
    ]
    expect(picks(electors, 7).names.join('')).toBe('aabacaa')
  })

  it('forgets before long what larger weights left behind', () => {
    const few = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 })
      .map((weights) => weights.map((weight, index) => ({ name: `t${index}`, weight })))
    const leftovers = fc.array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 4 })
    fc.assert(
      fc.property(few, leftovers, (electors, left) => {
        const cursor = Object.fromEntries(left.map((value, index) => [`t${index}`, value]))
        const sum = electors.reduce((total, { weight }) => total + weight, 0)
        const after = picks(electors, 2 * electors.length * sum, cursor)
        const { names } = picks(electors, 4 * sum, after.cursor)
        for (const { name, weight } of electors)
          expect(Math.abs((counted(names)[name] ?? 0) - 4 * weight)).toBeLessThanOrEqual(electors.length)
      }),
      runs,
    )
  })

  it('breaks ties as listed, whatever the targets are called', () => {
    const electors = ['7', '__proto', '1', 'a'].map((name) => ({ name, weight: 1 }))
    expect(picks(electors, 4).names).toEqual(['7', '__proto', '1', 'a'])
  })

  it('looks without moving', () => {
    const cursor = Object.freeze({ a: -3, b: 3 })
    const electors = [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 1 },
    ]
    expect(byTurn(cursor, electors)).toEqual([1, 0])
    expect(cursor).toEqual({ a: -3, b: 3 })
  })
})

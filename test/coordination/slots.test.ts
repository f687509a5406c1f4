// I-15: concurrency slots against a list of holders.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSlots, refusalOf, type Slots } from '../../src/coordination/slots.ts'

const all = { name: 'global', limit: 2 }
const acme = { name: 'tenant:acme', limit: 1 }

describe('slots', () => {
  it('are given all at once or not at all', () => {
    const slots = createSlots()
    expect(slots.take('q1', [all, acme], 0, 100)).toBeUndefined()
    expect(slots.take('q2', [all, acme], 0, 100)).toEqual(acme)
    expect(Object.fromEntries(slots.used(0))).toEqual({ global: 1, 'tenant:acme': 1 })
    expect(slots.take('q2', [all], 0, 100)).toBeUndefined()
    expect(slots.take('q3', [all], 0, 100)).toEqual(all)
    slots.release('q1', [all, acme])
    expect(Object.fromEntries(slots.used(0))).toEqual({ global: 1 })
    expect(slots.take('q3', [all, acme], 0, 100)).toBeUndefined()
  })

  it('count an owner once, also where everything is full', () => {
    const slots = createSlots()
    for (let n = 0; n < 3; n++) expect(slots.take('q1', [acme], n, 100)).toBeUndefined()
    expect(slots.used(2).get('tenant:acme')).toBe(1)
  })

  it('come back when their lease is over, and not before', () => {
    const slots = createSlots()
    slots.take('dead', [acme], 0, 100)
    expect(slots.take('q2', [acme], 99, 100)).toEqual(acme)
    expect(slots.take('q2', [acme], 100, 100)).toBeUndefined()
    expect(slots.used(150).get('tenant:acme')).toBe(1)
    expect(slots.used(250).size).toBe(0)
  })

  it('are held for as long as they are renewed, by their holder only', () => {
    const slots = createSlots()
    slots.take('q1', [acme], 0, 100)
    for (let now = 50; now < 500; now += 50) {
      slots.renew('q1', [acme], now, 100)
      slots.renew('other', [acme], now, 100)
      expect(slots.take('q2', [acme], now + 10, 100)).toEqual(acme)
    }
    slots.release('q1', [acme])
    slots.release('q1', [acme])
    expect(slots.used(500).size).toBe(0)
  })

  it('a limit of nothing lets nobody in, and a smaller one waits for those who are in', () => {
    const slots = createSlots()
    expect(slots.take('q1', [{ ...acme, limit: 0 }], 0, 100)).toBeDefined()
    for (const owner of ['q1', 'q2', 'q3']) slots.take(owner, [{ ...all, limit: 3 }], 0, 100)
    slots.release('q1', [all])
    expect(slots.take('q4', [all], 0, 100)).toEqual(all)
    slots.release('q2', [all])
    expect(slots.take('q4', [all], 0, 100)).toBeUndefined()
  })

  it('looking changes nothing', () => {
    const slots = createSlots()
    slots.take('late', [acme], 0, 100)
    expect(slots.used(1000).size).toBe(0)
    slots.renew('late', [acme], 1000, 100)
    expect(slots.used(1000).get('tenant:acme')).toBe(1)
  })

  it('are refused as an overload, or as the limit of a tenant', () => {
    expect([refusalOf(all), refusalOf(acme)]).toEqual(['overloaded', 'concurrency_limit'])
  })
})

interface Model {
  now: number
  /** By `slot owner`: until when. */
  readonly held: Map<string, number>
}

const limits = { a: 3, b: 2 } as const
type Name = keyof typeof limits
const asked = (names: readonly Name[]) => names.map((name) => ({ name, limit: limits[name] }))

abstract class Command implements fc.Command<Model, Slots> {
  check = () => true
  run(model: Model, slots: Slots): void {
    this.act(model, slots)
    const used = slots.used(model.now)
    for (const name of ['a', 'b'] as const) {
      const holders = [...model.held].filter(([key, until]) => key.startsWith(name) && until > model.now)
      expect(used.get(name) ?? 0).toBe(holders.length)
      expect(holders.length).toBeLessThanOrEqual(limits[name])
    }
  }
  abstract act(model: Model, slots: Slots): void
  abstract toString(): string
}

class Take extends Command {
  readonly owner: string
  readonly names: readonly Name[]
  readonly lease: number
  constructor(owner: string, names: readonly Name[], lease: number) {
    super()
    this.owner = owner
    this.names = names
    this.lease = lease
  }
  act({ now, held }: Model, slots: Slots): void {
    const full = this.names.find((name) => {
      const others = [...held].filter(
        ([key, until]) => key.startsWith(name) && until > now && key !== name + this.owner,
      )
      const isIn = (held.get(name + this.owner) ?? 0) > now
      return !isIn && others.length >= limits[name]
    })
    expect(slots.take(this.owner, asked(this.names), now, this.lease)?.name).toBe(full)
    if (full === undefined) for (const name of this.names) held.set(name + this.owner, now + this.lease)
  }
  toString = () => `take ${this.owner} ${this.names.join('')} ${this.lease}`
}

class Release extends Command {
  readonly owner: string
  readonly names: readonly Name[]
  constructor(owner: string, names: readonly Name[]) {
    super()
    this.owner = owner
    this.names = names
  }
  act({ held }: Model, slots: Slots): void {
    slots.release(this.owner, asked(this.names))
    for (const name of this.names) held.delete(name + this.owner)
  }
  toString = () => `release ${this.owner} ${this.names.join('')}`
}

class Wait extends Command {
  readonly ms: number
  constructor(ms: number) {
    super()
    this.ms = ms
  }
  act(model: Model): void {
    model.now += this.ms
  }
  toString = () => `wait ${this.ms}`
}

describe('I-15: slots against a model', () => {
  it('in use are exactly the live holders, never more than the limit, and none at the end', () => {
    const owner = fc.constantFrom('p', 'q', 'r', 's', 't')
    const names = fc.subarray<Name>(['a', 'b'], { minLength: 1 })
    const commands = [
      fc.tuple(owner, names, fc.constantFrom(50, 500, Infinity)).map((args) => new Take(...args)),
      fc.tuple(owner, names).map((args) => new Release(...args)),
      fc.nat(200).map((ms) => new Wait(ms)),
    ]
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 60 }), (run) => {
        const slots = createSlots()
        const model: Model = { now: 0, held: new Map() }
        fc.modelRun(() => ({ model, real: slots }), run)
        for (const holder of ['p', 'q', 'r', 's', 't']) slots.release(holder, asked(['a', 'b']))
        expect(slots.used(model.now).size).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })
})

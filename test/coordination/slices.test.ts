// A limit that the objects of several tenants share, with letters that are late, lost or out of order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdmitMessage } from '../../src/coordination/messages.ts'
import { createSliceBook } from '../../src/coordination/slice-book.ts'
import { createSlicePool, type SlicePool } from '../../src/coordination/slice-pool.ts'
import { sliceTtlMs } from '../../src/coordination/slices.ts'
import { createStateServer, type StateServer } from '../../src/coordination/state-server.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

const nothing = { lock() {}, breaker() {}, owner() {} }
const watch = { locks: [], targets: [], providers: [], homes: [], routes: [] }
const limit = 10

interface World {
  readonly clock: ReturnType<typeof createVirtualClock>
  readonly root: StateServer
  tenants: readonly { readonly server: StateServer; readonly pool: SlicePool }[]
  /** What is in use over all of them. */
  total(): number
  /** How the next letter travels: milliseconds, or lost. */
  way: () => number | 'lost'
}

function world(count: number, slice = 3): World {
  const clock = createVirtualClock()
  const now = (): number => clock.now()
  const made: { -readonly [K in keyof World]: World[K] } = {
    clock,
    root: undefined as unknown as StateServer,
    tenants: [],
    total: () =>
      [made.root, ...made.tenants.map(({ server }) => server)].reduce((sum, at) => sum + at.used('global'), 0),
    way: () => 0,
  }
  const travel = async (): Promise<void> => {
    const way = made.way()
    if (way === 'lost') throw new Error('lost')
    if (way > 0) await new Promise<void>((resolve) => void clock.after(way, resolve))
  }
  const book = createSliceBook({
    now,
    used: (name) => made.root.used(name),
    keep() {},
    async reclaim(holder, name) {
      await travel()
      const answer = made.tenants[Number(holder)]?.pool.reclaim(name)
      await travel()
      if (answer === undefined) throw new Error('no such tenant')
      return answer
    },
  })
  made.root = createStateServer({ now, keeper: nothing, share: book })
  made.tenants = Array.from({ length: count }, (_, index) => {
    const pool: SlicePool = createSlicePool({
      now,
      used: (name) => server.used(name),
      self: () => ({ holder: String(index), slice }),
      async ask(message) {
        await travel()
        const answer = await book.lease(message)
        await travel()
        return answer
      },
      defer: (work) => void work.catch(() => {}),
      after: (ms, call) => void clock.after(ms, call),
      keep() {},
    })
    const server: StateServer = createStateServer({ now, keeper: nothing, share: pool })
    return { server, pool }
  })
  return made
}

let owners = 0

function gone(): never {
  throw new Error('gone')
}

async function take(at: StateServer): Promise<string | undefined> {
  const owner = `owner-${owners++}`
  const message: AdmitMessage = { owner, slots: [{ name: 'global', limit }], leaseMs: 90_000, watch }
  const answer = await Promise.resolve()
    .then(() => at.admit(message))
    .catch(() => undefined)
  return answer?.refused === null ? owner : undefined
}

function release(at: StateServer, owner: string): void {
  void at.report({ owner, told: [], probes: [], release: ['global'] })
}

async function takeMany(where: World, at: StateServer, count: number): Promise<string[]> {
  const asked = Promise.all(Array.from({ length: count }, () => take(at)))
  await where.clock.advance(500)
  return (await asked).filter((owner) => owner !== undefined)
}

describe('a shared limit', () => {
  it('goes to one tenant alone, all of it, in slices', async () => {
    const one = world(2)
    const [first] = one.tenants
    if (first === undefined) throw new Error('two tenants')
    expect(await takeMany(one, first.server, limit + 5)).toHaveLength(limit)
    expect(one.total()).toBe(limit)
  })

  it('comes back from a tenant that holds what it does not use, as soon as another one needs it', async () => {
    const one = world(2, 8)
    const [first, second] = one.tenants
    if (first === undefined || second === undefined) throw new Error('two tenants')
    const owners = await takeMany(one, first.server, limit)
    for (const owner of owners) release(first.server, owner)
    expect(await takeMany(one, second.server, limit)).toHaveLength(limit)
  })

  it('is left to the root as well, and the root gets it back', async () => {
    const one = world(1, 8)
    const [first] = one.tenants
    if (first === undefined) throw new Error('a tenant')
    const [owner = ''] = await takeMany(one, first.server, 1)
    expect(await takeMany(one, one.root, limit)).toHaveLength(limit - 1)
    release(first.server, owner)
    expect(await takeMany(one, one.root, limit)).toHaveLength(1)
  })

  it('is given back by a tenant that is idle', async () => {
    const one = world(1, 8)
    const [first] = one.tenants
    if (first === undefined) throw new Error('a tenant')
    const [owner = ''] = await takeMany(one, first.server, 1)
    expect(one.root.used('global')).toBe(0)
    release(first.server, owner)
    await one.clock.advance(11_000)
    // Nobody has to be asked any more.
    one.way = () => 'lost'
    expect(await takeMany(one, one.root, limit)).toHaveLength(limit)
  })

  it('comes back by itself from a tenant that is gone', async () => {
    const one = world(2)
    const [first, second] = one.tenants
    if (first === undefined || second === undefined) throw new Error('two tenants')
    await takeMany(one, first.server, limit)
    // Its requests end with it; the root hears nothing of that, and cannot ask.
    one.tenants = [{ server: one.root, pool: { ...first.pool, reclaim: () => gone() } }, second]
    expect(await takeMany(one, second.server, 1)).toHaveLength(0)
    await one.clock.advance(sliceTtlMs)
    expect(await takeMany(one, second.server, limit)).toHaveLength(limit)
  })

  it('goes by the newest statement of a tenant, whatever arrives after it', async () => {
    const book = createSliceBook({
      now: () => 0,
      used: () => 0,
      keep() {},
      reclaim: () => Promise.reject(new Error('nobody is asked')),
    })
    const message = { holder: 'a', name: 'global', limit }
    expect(await book.lease({ ...message, seq: 2, have: 0, want: 4 })).toMatchObject({ granted: 4 })
    expect(await book.lease({ ...message, seq: 1, have: 0, want: 4 })).toMatchObject({ granted: 0 })
    expect(book.leased('global')).toBe(4)
    expect(await book.lease({ ...message, seq: 3, have: 1, want: 0 })).toMatchObject({ granted: 0 })
    expect(book.leased('global')).toBe(1)
  })

  it('is never passed and never lost, however letters travel', async () => {
    const step = fc.record({
      tenant: fc.nat(2),
      does: fc.constantFrom(
        'take' as const,
        'take' as const,
        'release' as const,
        'renew' as const,
        'release all' as const,
      ),
      ms: fc.oneof(
        { weight: 8, arbitrary: fc.nat(40) },
        { weight: 1, arbitrary: fc.constant(10_020) },
        { weight: 1, arbitrary: fc.constant(31_000) },
      ),
      ways: fc.array(
        fc.oneof({ weight: 9, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.constant('lost' as const) }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const one = world(3)
        const held: [StateServer, string][] = []
        const asked: Promise<unknown>[] = []
        for (const { tenant, does, ms, ways } of steps) {
          let turn = 0
          one.way = () => ways[turn++ % ways.length] ?? 0
          const at = one.tenants[tenant]?.server
          if (at === undefined) continue
          if (does === 'take') {
            for (let index = 0; index < 3; index++)
              asked.push(take(at).then((owner) => owner !== undefined && held.push([at, owner])))
          } else if (does === 'renew') one.tenants[tenant]?.pool.renew()
          else for (const next of held.splice(0, does === 'release' ? 1 : held.length)) release(...next)
          await one.clock.advance(ms)
          expect(one.total()).toBeLessThanOrEqual(limit)
        }
        one.way = () => 0
        await one.clock.advance(3000)
        await Promise.all(asked)
        expect(one.total()).toBeLessThanOrEqual(limit)
        for (const taken of held) release(...taken)
        expect(one.total()).toBe(0)
        // Nothing was lost on the way: whoever comes next may have all of it.
        const last = one.tenants[1]?.server
        if (last === undefined) throw new Error('three tenants')
        expect(await takeMany(one, last, limit)).toHaveLength(limit)
      }),
      { numRuns: 200 },
    )
  }, 120_000)
})

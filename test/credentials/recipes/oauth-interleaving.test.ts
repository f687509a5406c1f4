// Whatever the order in which instances, store and endpoint get their turn: a refresh token whose successor was stored is
// never sent again, and nothing is handed out that was not stored first.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeOAuth, refreshLeaseMs } from '../../../src/credentials/recipes/oauth.ts'
import type { Made } from '../../../src/credentials/recipe.ts'
import type { Outcome } from '../../../src/ir/error.ts'
import type { Clock, Fetch, Stores } from '../../../src/ports/index.ts'
import { readSealed } from '../../../src/sealing/vault.ts'
import { createMemoryStores } from '../../../src/store/memory.ts'
import { jsonAnswer } from '../../support/app.ts'
import { createBench } from './making.ts'

const recipe = {
  type: 'oauth',
  refresh: { source: 'env', env: 'REFRESH' },
  tokenUrl: 'https://login.example.test/token',
  clientId: 'client-1',
  clientSecret: null,
  scope: null,
} as const

interface World {
  readonly stores: Stores
  readonly clock: Clock & { jump(ms: number): void }
  readonly fetch: Fetch
  /** What went wrong, in words. */
  readonly faults: string[]
  readonly sent: string[]
  granted(): number
}

/** Store and endpoint whose every step waits for its turn; some answers are lost on their way back. */
function worldOf(scheduler: fc.Scheduler, lost: readonly boolean[]): World {
  const memory = createMemoryStores()
  const faults: string[] = []
  const sent: string[] = []
  const replaced = new Set<string>()
  let granted = 0
  let current = 'rt-0'
  let time = 0
  const turn = async <T>(name: string, step: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve(), name)
    const result = await step()
    await scheduler.schedule(Promise.resolve(), `${name} is answered`)
    return result
  }
  const secrets = createBench().ports.secrets
  const stores: Stores = {
    ...memory,
    coordination: {
      ...memory.coordination,
      acquire: (...args) => turn('acquire', () => memory.coordination.acquire(...args)),
      release: (...args) => turn('release', () => memory.coordination.release(...args)),
    },
    vault: {
      ...memory.vault,
      get: (name) => turn('get', () => memory.vault.get(name)),
      put: (...args) =>
        turn('put', async () => {
          const before = await storedToken()
          const put = await memory.vault.put(...args)
          const after = await storedToken()
          if (put.ok && before !== after) replaced.add(before)
          return put
        }),
    },
  }
  async function storedToken(): Promise<string> {
    if ((await memory.vault.get('oauth/acct')) === undefined) return 'rt-0'
    const read = await readSealed({ secrets, stores: memory }, 'oauth/acct')
    return read.ok ? String((JSON.parse(read.value.reveal()) as Record<string, unknown>)['refresh_token']) : ''
  }
  const fetch: Fetch = (request) =>
    turn('token endpoint', async () => {
      const token = new URLSearchParams(new TextDecoder().decode(request.body)).get('refresh_token') ?? ''
      if (replaced.has(token)) faults.push(`${token} was sent after its successor was stored`)
      const isLost = lost[sent.push(token) - 1] === true
      // Real servers allow for a lost answer: the one before the newest is taken once more.
      if (token !== current && token !== `rt-${granted - 1}`) return jsonAnswer({ error: 'invalid_grant' }, 400)
      granted += 1
      current = `rt-${granted}`
      if (isLost) throw new Error('socket hang up')
      return jsonAnswer({ access_token: `at-${granted}`, refresh_token: current, expires_in: 3600 })
    })
  return {
    stores,
    fetch,
    faults,
    sent,
    granted: () => granted,
    clock: {
      now: () => 1_790_000_000_000 + time,
      mono: () => time,
      // Deadlines of calls never come; who polls waits for its turn.
      after: (ms, call) => {
        if (ms < 2000) void scheduler.schedule(Promise.resolve(), 'poll').then(() => ((time += 1), call()))
        return () => {}
      },
      jump: (ms) => void (time += ms),
    },
  }
}

function instance(world: World) {
  const bench = createBench({ clock: world.clock, fetch: world.fetch, stores: world.stores, env: { REFRESH: 'rt-0' } })
  return (spent?: Outcome<Made>) =>
    makeOAuth(recipe, bench.making(spent?.ok === true ? { fresh: true, spent: spent.value.material } : {}))
}

const tokenOf = (made: Outcome<Made>): string =>
  made.ok && made.value.material.kind === 'token' ? made.value.material.secret.reveal() : 'none'

describe('whatever the interleaving', () => {
  it('one refresh serves all instances, round after round, and no replaced token is sent again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, count) => {
        const world = worldOf(scheduler, [])
        const ask = Array.from({ length: count }, () => instance(world))
        const round = async (before: readonly (Outcome<Made> | undefined)[]) => {
          const made = Promise.all(ask.map((make, index) => make(before[index])))
          await scheduler.waitFor(made)
          return made
        }
        const first = await round([])
        const second = await round(first)
        expect(world.faults).toEqual([])
        expect(new Set(first.map(tokenOf))).toEqual(new Set(['at-1']))
        expect(new Set(second.map(tokenOf))).toEqual(new Set(['at-2']))
        expect(world.sent).toEqual(['rt-0', 'rt-1'])
      }),
      { numRuns: 150 },
    )
  })

  it('neither a lost answer nor an instance that dies at any step makes one send a replaced token', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.boolean(), { maxLength: 4 }),
        fc.nat({ max: 14 }),
        async (scheduler, lost, dyingStep) => {
          const world = worldOf(scheduler, lost)
          // The doomed one gets so many steps of its own, and then nothing that it does has an effect.
          let steps = 0
          const never = new Promise<never>(() => {})
          const doom =
            <Args extends unknown[], T>(step: (...args: Args) => Promise<T>) =>
            (...args: Args): Promise<T> => {
              if (steps++ !== dyingStep) return steps > dyingStep ? never : step(...args)
              world.clock.jump(refreshLeaseMs)
              return never
            }
          const { coordination, vault } = world.stores
          if (coordination === undefined) throw new Error('no leases')
          const doomedWorld: World = {
            ...world,
            fetch: doom(world.fetch),
            stores: {
              ...world.stores,
              coordination: {
                ...coordination,
                acquire: doom(coordination.acquire),
                release: doom(coordination.release),
              },
              vault: { ...vault, get: doom(vault.get), put: doom(vault.put) },
            },
          }
          void instance(doomedWorld)()
          const others = Promise.all([instance(world)(), instance(world)()])
          await scheduler.waitFor(others)
          expect(world.faults).toEqual([])
          for (const made of await others)
            if (made.ok) expect(Number(tokenOf(made).slice(3))).toBeLessThanOrEqual(world.granted())
        },
      ),
      { numRuns: 300 },
    )
  })
})

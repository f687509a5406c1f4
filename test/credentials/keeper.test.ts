import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Lease } from '../../src/credentials/keeper.ts'
import { refusalPauseMs } from '../../src/credentials/keeper.ts'
import { beatMs, goneMs, waitMs } from '../../src/credentials/flight.ts'
import { maxUses, rememberedMs } from '../../src/credentials/handed-out.ts'
import { makeMs } from '../../src/credentials/making.ts'
import { aheadMs, failureMs, graceMs, lifeOf, skewMs } from '../../src/credentials/obtain.ts'
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { Machine, StateRecord } from '../../src/ports/index.ts'
import { openKeyring, unopenedStates } from '../../src/engine/state/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createVirtualClock, drainMicrotasks } from '../support/virtual-clock.ts'
import { configOf, createScene, digestHere, fileSnapshot, leaseFor, now, snapshotOf, valueOf } from './support/scene.ts'

const hour = 3_600_000

beforeAll(() => digestHere())

function leased(outcome: Outcome<Lease>): Lease {
  if (!outcome.ok) throw new Error(outcome.error.message)
  return outcome.value
}

describe('a key in a variable', () => {
  const snapshot = snapshotOf(configOf({ type: 'api_key', env: 'OPENAI_API_KEY' }))

  it('is there at once, and is the same object with each request', () => {
    const scene = createScene({ env: { OPENAI_API_KEY: 'sk-first' } })
    const first = now(scene.lease(snapshot))
    expect(valueOf(first)).toBe('sk-first')
    expect(now(scene.lease(snapshot))).toBe(first)
    expect(scene.clock.pending()).toBe(0)
  })

  it('is used as soon as it changes', () => {
    const scene = createScene({ env: { OPENAI_API_KEY: 'sk-first' } })
    now(scene.lease(snapshot))
    scene.env['OPENAI_API_KEY'] = 'sk-second'
    expect(valueOf(now(scene.lease(snapshot)))).toBe('sk-second')
  })

  it('leaves a row in the audit when it is first read and when it changes, and none per request', async () => {
    const scene = createScene({ env: { OPENAI_API_KEY: 'sk-first' } })
    for (let i = 0; i < 100; i++) now(scene.lease(snapshot))
    scene.env['OPENAI_API_KEY'] = 'sk-second'
    for (let i = 0; i < 100; i++) now(scene.lease(snapshot))
    await drainMicrotasks()
    expect(await scene.rows()).toMatchObject([
      { credential: 'c', source: 'env', reason: 'first', outcome: 'ok' },
      { credential: 'c', source: 'env', reason: 'rotation', outcome: 'ok' },
    ])
  })

  it.each([{}, { OPENAI_API_KEY: '' }])('that is not set (%j) is named with its account', (env) => {
    const scene = createScene({ env })
    expect(now(scene.lease(snapshot))).toMatchObject({
      ok: false,
      error: {
        code: 'missing_credential',
        message: 'the environment variable OPENAI_API_KEY of account p/a is not set',
      },
    })
  })

  it('is not had anew after a refusal, because asking again brings the same', () => {
    const scene = createScene({ env: { OPENAI_API_KEY: 'sk-first' } })
    const lease = leased(now(scene.lease(snapshot)))
    expect(lease.renewable).toBe(false)
    scene.keeper.refused(lease)
    expect(leased(now(scene.lease(snapshot)))).toBe(lease)
  })

  it('survives a new configuration without another row', async () => {
    const scene = createScene({ env: { OPENAI_API_KEY: 'sk-first' } })
    const first = now(scene.lease(snapshot))
    expect(now(scene.lease(snapshotOf(configOf({ type: 'api_key', env: 'OPENAI_API_KEY' }))))).toBe(first)
    await drainMicrotasks()
    expect(await scene.rows()).toHaveLength(1)
  })
})

describe('a key in the file', () => {
  it('is there at once, and a new file brings its own', () => {
    const scene = createScene()
    const of = (key: string) => snapshotOf({ providers: { p: { type: 'openai', api_key: key } } })
    expect(valueOf(now(scene.lease(of('sk-one-12345678'))))).toBe('sk-one-12345678')
    expect(valueOf(now(scene.lease(of('sk-two-12345678'))))).toBe('sk-two-12345678')
  })
})

describe('an account without a credential', () => {
  it('leases nothing', () => {
    const scene = createScene()
    const snapshot = snapshotOf({
      providers: { p: { type: 'openai_compatible', base_url: 'https://x.example', auth_scheme: { kind: 'none' } } },
    })
    expect(now(scene.lease(snapshot))).toMatchObject({ ok: true, value: { material: { kind: 'none' } } })
  })
})

describe('the cache', () => {
  it('asks the source once, and then answers at once until the time to live is over', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 60 })
    expect(valueOf(await scene.lease(snapshot))).toBe('key-1')
    scene.source.value = 'key-2'
    await scene.clock.advance(53_000)
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-1')
    expect(scene.source.looks).toBe(1)
    await scene.clock.advance(7000)
    expect(valueOf(await scene.lease(snapshot))).toBe('key-2')
    expect(scene.source.looks).toBe(2)
    expect((await scene.rows()).map((row) => row.reason)).toEqual(['first', 'expired'])
  })

  it('asks in the background in the last tenth of the time, while the old value still serves', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 60 })
    await scene.lease(snapshot)
    scene.source.value = 'key-2'
    await scene.clock.advance(54_500)
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-1')
    await vi.waitFor(() => expect(valueOf(now(scene.lease(snapshot)))).toBe('key-2'))
    expect(scene.source.looks).toBe(2)
  })

  it('asks in the background at most five minutes before the end of a long time', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 86_400 })
    await scene.lease(snapshot)
    await scene.clock.advance(24 * hour - 301_000)
    now(scene.lease(snapshot))
    await drainMicrotasks()
    expect(scene.source.looks).toBe(1)
    await scene.clock.advance(2000)
    now(scene.lease(snapshot))
    await drainMicrotasks()
    expect(scene.source.looks).toBe(2)
  })

  it('with a time to live of zero asks for each request, and still once for those that come together', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 0 })
    scene.source.delayMs = 50
    const together = Promise.all(Array.from({ length: 20 }, () => scene.lease(snapshot)))
    expect((await scene.settle(together)).map(valueOf)).toEqual(Array.from({ length: 20 }, () => 'key-1'))
    expect(scene.source.looks).toBe(1)
    await scene.settle(scene.lease(snapshot))
    expect(scene.source.looks).toBe(2)
  })

  it('survives a new configuration that says the same of the credential, and not one that says something else', async () => {
    const scene = createScene()
    await scene.lease(fileSnapshot())
    expect(valueOf(now(scene.lease(fileSnapshot())))).toBe('key-1')
    expect(scene.lease(fileSnapshot({ path: '/other' }))).toBeInstanceOf(Promise)
    await drainMicrotasks()
    expect(scene.source.looks).toBe(2)
  })

  it('keeps no more than 1,024 credentials', async () => {
    const scene = createScene()
    for (let i = 0; i < 1100; i++) await scene.lease(fileSnapshot({ path: `/key-${i}` }))
    expect(scene.keeper.states().length).toBe(1024)
  })
})

describe('the life of a value', () => {
  const at = { mono: 1000, now: 1_000_000 }
  const record = { cacheTtlMs: hour, rotationMs: null }

  it.each([
    ['that has no end', null, { freshUntil: 1000 + hour, endsAt: Infinity, aheadMs }],
    ['of an hour', at.now + hour, { endsAt: at.now + hour - skewMs, aheadMs }],
    ['of five minutes', at.now + 300_000, { endsAt: at.now + 300_000 - skewMs, aheadMs: 24_000 }],
    ['of a minute', at.now + 60_000, { endsAt: at.now + 30_000, aheadMs: 3000 }],
    ['that is over', at.now - 1, { endsAt: at.now, aheadMs: 0 }],
  ])('%s ends before its own end', (_name, expiresAt, expected) => {
    expect(lifeOf(record, expiresAt, at)).toMatchObject(expected)
  })

  it.each([
    [{ cacheTtlMs: hour, rotationMs: 60_000 }, 60_000],
    [{ cacheTtlMs: 60_000, rotationMs: hour }, 60_000],
  ])('is no longer than %j say', (kept, ttl) => {
    expect(lifeOf(kept, null, at)).toMatchObject({ freshUntil: at.mono + ttl, aheadMs: ttl / 10 })
  })

  it('of a role’s keys is renewed before they end, and never used after', async () => {
    let session = 0
    const ends: number[] = []
    const scene = createScene({
      env: { AWS_REGION: 'eu-west-1' },
      machine: {
        awsInstanceProfile: () => {
          ends.push(scene.clock.now() + 600_000)
          const keys = {
            accessKeyId: `ASIA${session++}`,
            secretAccessKey: new Secret('k', 'secret'),
            sessionToken: null,
          }
          return Promise.resolve(ok({ ...keys, expiresAt: ends.at(-1) ?? null }))
        },
      },
    })
    const snapshot = snapshotOf({
      credentials: { c: { type: 'aws', source: 'instance_profile', cache_ttl_s: 86_400 } },
      providers: { p: { type: 'bedrock', accounts: [{ id: 'a', credential: 'c' }], region: 'eu-west-1' } },
    })
    for (let second = 0; second < 3600; second += 5) {
      const { material } = leased(await scene.settle(scene.lease(snapshot)))
      if (material.kind !== 'aws') throw new Error(material.kind)
      const end = ends[Number(material.accessKeyId.slice(4))] ?? 0
      expect(end - scene.clock.now()).toBeGreaterThan(60_000 - 1)
      await scene.clock.advance(5000)
    }
    expect(ends.length).toBeLessThan(10)
  })
})

describe('many requests at once', () => {
  it('on an expired value look at the source exactly once, all 1,000 of them', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 60 })
    await scene.lease(snapshot)
    await scene.clock.advance(61_000)
    scene.source.value = 'key-2'
    scene.source.delayMs = 400
    const all = Promise.all(Array.from({ length: 1000 }, () => scene.lease(snapshot)))
    expect(new Set((await scene.settle(all)).map(valueOf))).toEqual(new Set(['key-2']))
    expect(scene.source.looks).toBe(2)
    expect(scene.source.most).toBe(1)
  })

  it('on a source that fails all hear of it, after one look', async () => {
    const scene = createScene()
    scene.source.failure = 'missing_credential'
    scene.source.delayMs = 400
    const all = Promise.all(Array.from({ length: 100 }, () => scene.lease(fileSnapshot())))
    expect(new Set((await scene.settle(all)).map((outcome) => outcome.ok))).toEqual(new Set([false]))
    expect(scene.source.looks).toBe(1)
  })

  it('F-82 · take over where the one who asked is gone', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    // An asker that is taken away shows no sign of life any more: its timers are gone with it.
    const timers = scene.clock.after
    scene.source.dead = true
    Object.assign(scene.clock, { after: () => () => {} })
    void scene.lease(snapshot)
    Object.assign(scene.clock, { after: timers })
    scene.source.dead = false
    const waiting = Promise.all(Array.from({ length: 50 }, () => scene.lease(snapshot)))
    await scene.clock.advance(goneMs - 500)
    expect(scene.source.looks).toBe(1)
    expect(new Set((await scene.settle(waiting)).map(valueOf))).toEqual(new Set(['key-1']))
    expect(scene.source.looks).toBe(2)
  })

  it('do not take over from one who is slow and still there, and give up after a time', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    scene.source.delayMs = waitMs + 5000
    const asker = scene.lease(snapshot)
    const waiter = scene.lease(snapshot)
    await scene.clock.advance(waitMs + 1000)
    expect(await waiter).toMatchObject({ ok: false, error: { code: 'upstream_unreachable' } })
    expect(scene.source.looks).toBe(1)
    expect(valueOf(await scene.settle(asker))).toBe('key-1')
  })

  it('are not kept waiting by a maker that never comes back', async () => {
    const scene = createScene()
    scene.source.dead = true
    const asker = scene.lease(fileSnapshot())
    await scene.clock.advance(makeMs + beatMs)
    expect(await asker).toMatchObject({ ok: false, error: { code: 'upstream_unreachable' } })
    expect(scene.clock.pending()).toBe(0)
  })

  it('never look twice at once, whatever the order of events', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('lease' as const) }),
      fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
      fc.record({ kind: fc.constant('refuse' as const) }),
      fc.record({ kind: fc.constant('check' as const) }),
      fc.record({
        kind: fc.constant('change' as const),
        delayMs: fc.integer({ min: 0, max: 8000 }),
        fails: fc.boolean(),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const scene = createScene()
        const snapshot = fileSnapshot({ cache_ttl_s: 60, rotation_interval: '45s' })
        const answers: Promise<Outcome<Lease>>[] = []
        for (const [index, one] of steps.entries())
          switch (one.kind) {
            case 'lease':
              answers.push(Promise.resolve(scene.lease(snapshot)))
              break
            case 'advance':
              await scene.clock.advance(one.ms)
              break
            case 'refuse': {
              const known = scene.lease(snapshot)
              if (!(known instanceof Promise) && known.ok) scene.keeper.refused(known.value)
              break
            }
            case 'check':
              void scene.keeper.check('c', snapshot)
              break
            case 'change':
              scene.source.value = `key-${index}`
              scene.source.delayMs = one.delayMs
              scene.source.failure = one.fails ? 'upstream_unreachable' : undefined
          }
        await scene.clock.advance(makeMs + waitMs)
        expect(scene.source.most).toBeLessThanOrEqual(1)
        for (const answer of await scene.settle(Promise.all(answers)))
          if (answer.ok) expect(valueOf(answer)).toMatch(/^key-\d+$/)
      }),
      { numRuns: 60 },
    )
  })

  it('never look twice at once, whichever promise settles first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 12 }), async (scheduler, count) => {
        const scene = createScene()
        const snapshot = fileSnapshot()
        const read = scene.ports.machine!.readOwnFile
        Object.assign(scene.ports.machine!, { readOwnFile: scheduler.scheduleFunction(read) })
        const leases = Array.from({ length: count }, (_, index) =>
          scheduler.schedule(Promise.resolve(), `request ${index}`).then(() => scene.lease(snapshot)),
        )
        for (let round = 0; round < 10; round++) {
          await scheduler.waitAll()
          await scene.clock.advance(200)
        }
        expect(new Set((await scene.settle(Promise.all(leases))).map(valueOf))).toEqual(new Set(['key-1']))
        expect(scene.source.looks).toBe(1)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a source that fails', () => {
  it('is not asked again for a while, and then is', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    scene.source.failure = 'upstream_unreachable'
    for (let i = 0; i < 10; i++) expect((await scene.lease(snapshot)).ok).toBe(false)
    expect(scene.source.looks).toBe(1)
    scene.source.failure = undefined
    await scene.clock.advance(failureMs - 1)
    expect((await scene.lease(snapshot)).ok).toBe(false)
    await scene.clock.advance(1)
    expect(valueOf(await scene.lease(snapshot))).toBe('key-1')
  })

  it('in the background costs no request while the old value is good, and is not hammered', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 600 })
    await scene.lease(snapshot)
    scene.source.failure = 'missing_credential'
    await scene.clock.advance(550_000)
    for (let i = 0; i < 100; i++) {
      expect(valueOf(now(scene.lease(snapshot)))).toBe('key-1')
      await drainMicrotasks()
    }
    expect(scene.source.looks).toBe(2)
  })

  it('and says that the secret is gone takes the value away when its time is over', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 60 })
    await scene.lease(snapshot)
    scene.source.failure = 'missing_credential'
    await scene.clock.advance(60_000)
    expect(await scene.lease(snapshot)).toMatchObject({ ok: false, error: { code: 'missing_credential' } })
  })

  it('is done without where the vault itself is away, and then no longer', async () => {
    // The file of this scene can only be missing, so a vault that refuses the connection stands for one that is away.
    let vault: 'up' | 'down' = 'up'
    const scene = createScene({
      env: { VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_TOKEN: 't' },
      fetch: () => {
        if (vault === 'down') return Promise.reject(new Error('ECONNREFUSED'))
        const text = JSON.stringify({ data: { data: { value: 'key-v' }, metadata: { version: 1 } } })
        const chunks = [new TextEncoder().encode(text)]
        return Promise.resolve({
          status: 200,
          headers: new Headers(),
          body: { read: () => Promise.resolve(chunks.shift()), cancel: () => Promise.resolve() },
        })
      },
    })
    const snapshot = snapshotOf(
      configOf({ type: 'api_key', source: 'hashicorp_vault', path: 'llm/key', cache_ttl_s: 60 }),
    )
    await scene.lease(snapshot)
    vault = 'down'
    await scene.clock.advance(61_000)
    expect(valueOf(await scene.lease(snapshot))).toBe('key-v')
    expect(scene.logs.join()).toContain('credential_failed')
    await scene.clock.advance(graceMs)
    expect(await scene.lease(snapshot)).toMatchObject({ ok: false, error: { code: 'upstream_unreachable' } })
  })
})

describe('the role of the machine', () => {
  it('serves on while the metadata service is away, and no longer than its keys live', async () => {
    let isAway = false
    const clock = createVirtualClock()
    const awsInstanceProfile: Machine['awsInstanceProfile'] = () =>
      Promise.resolve(
        isAway
          ? failed('missing_credential', { message: 'no instance metadata service answers' })
          : ok({
              accessKeyId: 'ASIAEXAMPLE',
              secretAccessKey: new Secret('aws role', 'secret-of-the-role'),
              sessionToken: null,
              expiresAt: clock.now() + 1.5 * hour,
            }),
      )
    const scene = createScene({ clock, machine: { awsInstanceProfile } })
    const snapshot = snapshotOf({
      credentials: { c: { type: 'aws', source: 'instance_profile' } },
      providers: { p: { type: 'bedrock', region: 'eu-west-1', accounts: [{ id: 'a', credential: 'c' }] } },
    })
    const first = leased(await scene.settle(scene.lease(snapshot)))
    isAway = true
    await clock.advance(hour + 1)
    expect(leased(await scene.settle(scene.lease(snapshot)))).toBe(first)
    await clock.advance(0.5 * hour)
    expect(await scene.settle(scene.lease(snapshot))).toMatchObject({
      ok: false,
      error: { code: 'missing_credential' },
    })
  })
})

describe('a look at the source', () => {
  it('under way while its operator changed it is not kept, and nobody new waits for it', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    scene.source.delayMs = 400
    const first = Promise.resolve(scene.lease(snapshot))
    await scene.clock.advance(100)
    scene.source.value = 'key-2'
    scene.source.delayMs = 0
    scene.keeper.drop('c')
    expect(valueOf(await scene.settle(scene.lease(snapshot)))).toBe('key-2')
    expect(valueOf(await scene.settle(first))).toBe('key-1')
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-2')
  })

  it('under way while its operator changed it does not hold its failure against the new value', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    Object.assign(scene.source, { delayMs: 400, failure: 'missing_credential' })
    const first = Promise.resolve(scene.lease(snapshot))
    await scene.clock.advance(100)
    scene.keeper.drop('c')
    expect((await scene.settle(first)).ok).toBe(false)
    Object.assign(scene.source, { delayMs: 0, failure: undefined })
    expect(valueOf(await scene.settle(scene.lease(snapshot)))).toBe('key-1')
  })

  it('of somebody who was frozen until another took over does not replace what is newer', async () => {
    const answers: ((read: Outcome<string>) => void)[] = []
    const readOwnFile = () => new Promise<Outcome<string>>((resolve) => void answers.push(resolve))
    const scene = createScene({ machine: { readOwnFile } })
    const snapshot = fileSnapshot()
    const timers = scene.clock.after
    Object.assign(scene.clock, { after: () => () => {} })
    const frozen = Promise.resolve(scene.lease(snapshot))
    Object.assign(scene.clock, { after: timers })
    const next = scene.lease(snapshot)
    await scene.clock.advance(goneMs + 1000)
    answers[1]?.(ok('key-2'))
    expect(valueOf(await scene.settle(next))).toBe('key-2')
    answers[0]?.(ok('key-1'))
    expect(valueOf(await scene.settle(frozen))).toBe('key-1')
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-2')
  })
})

describe('a refusal by the provider', () => {
  it('drops the value, and the next lease makes a new one', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    const lease = leased(await scene.lease(snapshot))
    expect(lease.renewable).toBe(true)
    scene.source.value = 'key-2'
    scene.keeper.refused(lease)
    expect(valueOf(await scene.lease(snapshot))).toBe('key-2')
    expect((await scene.rows()).map((row) => row.reason)).toEqual(['first', 'refused'])
  })

  it('of a value that was replaced meanwhile drops nothing', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    const lease = leased(await scene.lease(snapshot))
    scene.source.value = 'key-2'
    scene.keeper.refused(lease)
    await scene.lease(snapshot)
    await scene.clock.advance(refusalPauseMs)
    scene.keeper.refused(lease)
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-2')
  })

  it('again and again asks the source once in ten seconds', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    let lease = leased(await scene.lease(snapshot))
    for (let i = 0; i < 50; i++) {
      scene.keeper.refused(lease)
      lease = leased(await scene.lease(snapshot))
    }
    expect(scene.source.looks).toBe(2)
    await scene.clock.advance(refusalPauseMs)
    scene.keeper.refused(lease)
    await scene.lease(snapshot)
    expect(scene.source.looks).toBe(3)
  })

  it('while the value is being asked for does not let the same one in again', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 60 })
    const lease = leased(await scene.lease(snapshot))
    await scene.clock.advance(55_000)
    scene.source.delayMs = 100
    now(scene.lease(snapshot))
    scene.keeper.refused(lease)
    // What comes of the question under way is the refused value: whoever waits for it gets it, and nobody after them.
    expect(valueOf(await scene.settle(scene.lease(snapshot)))).toBe('key-1')
    scene.source.value = 'key-2'
    expect(valueOf(await scene.settle(scene.lease(snapshot)))).toBe('key-2')
  })
})

describe('a rotation interval', () => {
  it('asks the source again when it is over, whatever the time to live', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 86_400, rotation_interval: '1h' })
    await scene.lease(snapshot)
    await scene.clock.advance(hour)
    await scene.lease(snapshot)
    expect((await scene.rows()).map((row) => row.reason)).toEqual(['first', 'rotation'])
  })

  it('is due when the value did not change in it, and not any more when it did', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ rotation_interval: '2h' })
    await scene.lease(snapshot)
    const began = scene.clock.now()
    await scene.clock.advance(2 * hour + 1)
    await scene.lease(snapshot)
    expect(scene.keeper.states()).toMatchObject([{ id: 'c', changedAt: began, rotationDue: true }])
    scene.source.value = 'key-2'
    await scene.clock.advance(hour)
    await scene.lease(snapshot)
    expect(scene.keeper.states()).toMatchObject([{ changedAt: began + 3 * hour + 1, rotationDue: false }])
  })

  it.each([
    ['a file', { source: 'file', path: '/key' }],
    ['a variable', { env: 'KEY' }],
  ])('of a key in %s counts on after a restart, by a digest that says nothing of the value', async (_name, where) => {
    const stores = createMemoryStores()
    const clock = createVirtualClock()
    const env = { KEY: 'key-1', SIGNALBOX_KEK: `a:${Buffer.alloc(32, 1).toString('base64')}` }
    const snapshot = snapshotOf(configOf({ type: 'api_key', rotation_interval: '30d', ...where }))
    const first = createScene({ stores, clock, env })
    const written: string[] = []
    const put = stores.state.put.bind(stores.state)
    Object.assign(stores.state, {
      put: (records: readonly StateRecord[], at: number) => {
        written.push(JSON.stringify(records))
        return put(records, at)
      },
    })
    await first.lease(snapshot)
    await vi.waitFor(() => expect(written).toHaveLength(1))
    expect(written.join()).not.toMatch(/key-1|["/]c["/]/)
    const began = clock.now()
    await clock.advance(31 * 24 * hour)
    // The key that seals may have been exchanged meanwhile, the old one behind it.
    const ring = `b:${Buffer.alloc(32, 2).toString('base64')},${env.SIGNALBOX_KEK}`
    const second = createScene({ stores, clock, env: { ...env, SIGNALBOX_KEK: ring } })
    await second.lease(snapshot)
    await vi.waitFor(() => expect(second.keeper.states()).toMatchObject([{ changedAt: began, rotationDue: true }]))
    expect(
      await unopenedStates(
        openKeyring({ get: (name) => (name === 'SIGNALBOX_KEK' ? ring : undefined) }),
        stores.state,
        clock.now(),
      ),
    ).toBe(0)
    const third = createScene({ stores, clock, env: { ...env, KEY: 'key-2' } })
    third.source.value = 'key-2'
    await third.lease(snapshot)
    await vi.waitFor(() => expect(written).toHaveLength(3))
    expect(third.keeper.states()).toMatchObject([{ changedAt: clock.now(), rotationDue: false }])
  })

  it('does without a store that fails, and without a key that seals', async () => {
    const stores = createMemoryStores()
    Object.assign(stores.state, { get: () => Promise.reject(new Error('disk')) })
    const env = { SIGNALBOX_KEK: `a:${Buffer.alloc(32, 1).toString('base64')}` }
    const snapshot = fileSnapshot({ rotation_interval: '30d' })
    const scene = createScene({ stores, env })
    expect(valueOf(await scene.lease(snapshot))).toBe('key-1')
    await vi.waitFor(() => expect(scene.logs.join()).toContain('rotation_not_remembered'))
    expect(valueOf(await createScene({ stores }).lease(snapshot))).toBe('key-1')
  })

  it('of a token is that of the secret it is made from, which stays while the token changes', async () => {
    let tokens = 0
    const encoder = new TextEncoder()
    const scene = createScene({
      env: { SIGNALBOX_KEK: `a:${Buffer.alloc(32, 1).toString('base64')}` },
      fetch: () => {
        const chunks = [encoder.encode(JSON.stringify({ access_token: `at-${tokens++}`, expires_in: 600 }))]
        const body = { read: () => Promise.resolve(chunks.shift()), cancel: () => Promise.resolve() }
        return Promise.resolve({ status: 200, headers: new Headers(), body })
      },
    })
    const refresh = { source: 'file', path: '/refresh' }
    const snapshot = snapshotOf(
      configOf({ type: 'oauth', refresh, token_url: 'https://t.example/', client_id: 'me', rotation_interval: '1d' }),
    )
    await scene.settle(scene.lease(snapshot))
    const began = scene.clock.now()
    for (let i = 0; i < 10; i++) {
      await scene.clock.advance(hour)
      await scene.settle(scene.lease(snapshot))
    }
    expect(scene.logs).toEqual([])
    expect(tokens).toBeGreaterThan(10)
    const [state] = scene.keeper.states()
    expect(state?.changedAt).toBeLessThanOrEqual(began)
    expect(state?.changedAt).toBeGreaterThan(0)
  })

  it('holds for a variable too', async () => {
    const scene = createScene({ env: { KEY: 'sk-one' } })
    const snapshot = snapshotOf(configOf({ type: 'api_key', env: 'KEY', rotation_interval: '1d' }))
    now(scene.lease(snapshot))
    await scene.clock.advance(25 * hour)
    now(scene.lease(snapshot))
    expect(scene.keeper.states()).toMatchObject([{ rotationDue: true }])
    scene.env['KEY'] = 'sk-two'
    now(scene.lease(snapshot))
    expect(scene.keeper.states()).toMatchObject([{ rotationDue: false }])
  })
})

describe('what was handed out', () => {
  it('is known for an hour after its last use, values that were replaced included', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 60 })
    const live = () => new Set(scene.keeper.live().map((secret) => secret.reveal()))
    await scene.lease(snapshot)
    scene.source.value = 'key-2'
    await scene.clock.advance(61_000)
    await scene.lease(snapshot)
    expect(live()).toEqual(new Set(['key-1', 'key-2']))
    await scene.clock.advance(rememberedMs - 61_000 + 60_000)
    expect(live()).toEqual(new Set(['key-2']))
    await scene.clock.advance(rememberedMs)
    expect(live()).toEqual(new Set())
  })

  it('is known again when it is used again after a long rest', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot({ cache_ttl_s: 86_400 })
    await scene.lease(snapshot)
    await scene.clock.advance(3 * hour)
    expect(scene.keeper.live()).toEqual([])
    now(scene.lease(snapshot))
    expect(scene.keeper.live().map((secret) => secret.reveal())).toEqual(['key-1'])
  })

  it('stays known while it is used', async () => {
    const scene = createScene({ env: { KEY: 'sk-one' } })
    const snapshot = snapshotOf(configOf({ type: 'api_key', env: 'KEY' }))
    for (let i = 0; i < 10; i++) {
      now(scene.lease(snapshot))
      await scene.clock.advance(hour / 2)
      expect(scene.keeper.live().map((secret) => secret.reveal())).toEqual(['sk-one'])
    }
  })

  it('is bounded, and what was used last is kept', () => {
    const scene = createScene({ env: {} })
    const snapshot = snapshotOf(configOf({ type: 'api_key', env: 'KEY' }))
    for (let i = 0; i < maxUses + 100; i++) {
      scene.env['KEY'] = `sk-${i}`
      now(scene.lease(snapshot))
    }
    const live = scene.keeper.live().map((secret) => secret.reveal())
    expect(live.length).toBeLessThanOrEqual(maxUses)
    expect(live).toContain(`sk-${maxUses + 99}`)
  })

  it('is the same list as long as nothing changes, so that asking for it costs nothing', () => {
    const scene = createScene({ env: { KEY: 'sk-one' } })
    now(scene.lease(snapshotOf(configOf({ type: 'api_key', env: 'KEY' }))))
    expect(scene.keeper.live()).toBe(scene.keeper.live())
  })
})

describe('a check', () => {
  it('asks the source although a value is kept, and keeps the new one', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    await scene.lease(snapshot)
    scene.source.value = 'key-2'
    expect(await scene.keeper.check('c', snapshot)).toEqual({ ok: true, value: true })
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-2')
    expect((await scene.rows()).map((row) => row.reason)).toEqual(['first', 'check'])
  })

  it('that fails says why, and takes nothing from the requests', async () => {
    const scene = createScene()
    const snapshot = fileSnapshot()
    await scene.lease(snapshot)
    scene.source.failure = 'upstream_unreachable'
    expect(await scene.keeper.check('c', snapshot)).toMatchObject({ ok: false })
    expect(valueOf(now(scene.lease(snapshot)))).toBe('key-1')
    expect(scene.keeper.states()).toMatchObject([{ cached: true, problem: 'missing_credential' }])
  })

  it.each([
    ['a variable', { type: 'api_key', env: 'KEY' }, 'c', 'env'],
    ['a file', { type: 'api_key', source: 'file', path: '/key' }, 'c', 'file'],
  ])('of %s is in the audit', async (_name, credential, id, source) => {
    const scene = createScene({ env: { KEY: 'sk-one' } })
    await scene.keeper.check(id, snapshotOf(configOf(credential)))
    await drainMicrotasks()
    expect(await scene.rows(id)).toMatchObject([{ source, reason: 'check', outcome: 'ok' }])
  })

  it('of a credential that a provider brings without naming one goes by its own id', async () => {
    const scene = createScene({ env: { GROQ_API_KEY: 'gsk' } })
    const snapshot = snapshotOf({ providers: { p: { type: 'groq' } } })
    expect((await scene.keeper.check('provider:p', snapshot)).ok).toBe(true)
  })

  it('of none that is there fails with not_found', async () => {
    const scene = createScene()
    expect(await scene.keeper.check('nope', fileSnapshot())).toMatchObject({ ok: false, error: { code: 'not_found' } })
  })
})

describe('a file that is wanted where there is no machine', () => {
  it('is refused with what to do instead', async () => {
    const scene = createScene({ files: false })
    expect(await scene.keeper.lease(leaseFor(fileSnapshot()), fileSnapshot())).toMatchObject({
      ok: false,
      error: {
        code: 'missing_credential',
        message: expect.stringContaining('only where the gateway runs on a machine'),
      },
    })
  })
})

// What is remembered of accounts and targets: locks against a model of their own, turns, homes, bounds.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unguarded, type Coordinator, type Session } from '../../src/coordination/coordinator.ts'
import type { TargetSettings, Use, UseOutcome } from '../../src/coordination/event.ts'
import { createMemoryCoordinator } from '../../src/coordination/memory.ts'
import { createState, stateLimits, type CoordinationState, type StateLimits } from '../../src/coordination/state.ts'
import type { LockSelector } from '../../src/coordination/lock-selector.ts'
import { tallyKey } from '../../src/coordination/tally.ts'
import type { ErrorCode } from '../../src/ir/error.ts'
import { errorCodes } from '../../src/ir/error.ts'
import { defaultBreaker } from '../../src/policy/breaker.ts'
import { accountLock, homeKey, targetLock, type Health } from '../../src/policy/health.ts'
import { defaultPermanent, holds, type Lock, type LockPlace } from '../../src/policy/locks.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

const settings: TargetSettings = { permanent: defaultPermanent, maxMs: 4_800_000, breaker: defaultBreaker }
const random = 0.5
const target: Use['target'] = { name: 't', provider: 'p', account: null, region: null }
const destination = { route: 'r', target, model: 'm' }

function useOf(startedAt: number, more: Partial<Use> = {}): Use {
  return {
    requestId: 'q',
    route: 'r',
    target,
    model: 'm',
    account: 'a',
    task: 'generate',
    home: undefined,
    startedAt,
    ...more,
  }
}

function homeOf(session: string): Pick<Use, 'home'> {
  return { home: homeKey('p', session) }
}

function failureOf(code: ErrorCode, retryAfterMs?: number, isPermanent = false): UseOutcome {
  const error = { code, origin: errorCodes[code].origin, retryAfterMs, isPermanent }
  return { type: 'failed', error, totalMs: 10, isCommitted: false }
}

/** A state with a clock that a test moves, told of whole attempts. */
interface Book {
  readonly state: CoordinationState
  now: number
  began(use: Use): void
  succeeded(use: Use): void
  /** The client left in the middle of an answer. */
  abandoned(use: Use): void
  failed(use: Use, code: ErrorCode, retryAfterMs?: number, isPermanent?: boolean): void
  health(): Health
  /** Those that hold. */
  locks(): readonly Lock[]
  reset(selector: Partial<LockSelector>): number
}

function bookOf(limits?: StateLimits): Book {
  const state = createState(limits)
  return {
    state,
    now: 0,
    began(use) {
      state.apply({ type: 'began', use }, this.now, random)
    },
    succeeded(use) {
      state.apply({ type: 'accepted', use }, this.now, random)
      const outcome = { type: 'completed', totalMs: this.now - use.startedAt, ttftMs: null } as const
      state.apply({ type: 'ended', use, outcome, settings }, this.now, random)
    },
    abandoned(use) {
      state.apply({ type: 'accepted', use }, this.now, random)
      state.apply({ type: 'ended', use, outcome: { type: 'neutral' }, settings }, this.now, random)
    },
    failed(use, code, retryAfterMs, isPermanent) {
      const outcome = failureOf(code, retryAfterMs, isPermanent)
      state.apply({ type: 'ended', use, outcome, settings }, this.now, random)
    },
    health() {
      return state.health(this.now)
    },
    locks() {
      return [...state.locks.values()].filter((lock) => holds(lock, this.now))
    },
    reset(selector) {
      return state.resetLocks({ provider: 'p', account: null, model: null, ...selector }, this.now)
    },
  }
}

describe('P4: locks against a model', () => {
  /** What the specification says, written down as plainly as it goes: one row per lock. */
  interface Row {
    code: ErrorCode
    since: number
    until: number
    failures: number
  }
  interface Model {
    now: number
    rows: Record<string, Row | undefined>
  }
  interface Real {
    readonly book: Book
  }
  const accounts = ['a', 'b']
  const models = ['m', 'n']
  const keysOf = (account: string, model: string) => [`${account}/*`, `${account}/${model}`, `*/${model}`]
  const keyFor: Partial<Record<ErrorCode, 0 | 1 | 2>> = {
    upstream_auth: 0,
    upstream_quota: 0,
    upstream_forbidden: 1,
    upstream_rate_limited: 1,
    upstream_overloaded: 1,
    upstream_model_missing: 2,
    stream_truncated: 2,
  }
  const minutes = [5, 10, 20, 40, 80]

  function expectedWait(code: ErrorCode, failures: number, hint: number | undefined, isPermanent: boolean): number {
    if (isPermanent) return (minutes[Math.min(failures, 5) - 1] ?? 0) * 60_000
    if (code === 'stream_truncated') return failures < 3 ? 0 : 300_000
    if (code === 'upstream_quota') return hint ?? 3_600_000
    if (code === 'upstream_rate_limited' || code === 'upstream_overloaded') {
      if (hint !== undefined) return Math.min(hint, 900_000)
      const grown = Math.min(300_000, 2000 * 2 ** (failures - 1))
      return code === 'upstream_rate_limited' ? grown / 2 : grown
    }
    return (minutes[Math.min(failures, 5) - 1] ?? 0) * 60_000
  }

  function agree(model: Model, { book }: Real): void {
    const health = book.health()
    for (const account of accounts)
      for (const name of models) {
        const [whole, pair, shared] = keysOf(account, name).map((key) => model.rows[key])
        const isLocked = [whole, pair].some((row) => row !== undefined && row.until > model.now)
        const asked = { ...destination, model: name }
        expect(accountLock(health, asked, account) !== undefined).toBe(isLocked)
        expect(targetLock(health, asked) !== undefined).toBe(shared !== undefined && shared.until > model.now)
      }
    const held = Object.entries(model.rows).flatMap(([key, row]) =>
      row !== undefined && row.until > model.now ? [{ key, ...row }] : [],
    )
    const found = book
      .locks()
      .map(({ place, code, since, until, failures }) => ({ key: rowOf(place), code, since, until, failures }))
    expect(found.toSorted(byRow)).toEqual(held.toSorted(byRow))
  }

  const byRow = (one: { readonly key: string }, other: { readonly key: string }): number =>
    one.key.localeCompare(other.key)

  function rowOf(place: LockPlace): string {
    switch (place.on) {
      case 'account':
        return `${place.account}/*`
      case 'model':
        return `${place.account}/${place.model}`
      case 'target':
        return `*/${place.model}`
    }
  }

  /** An attempt that began so long before. */
  interface Attempt {
    readonly account: string
    readonly model: string
    readonly age: number
  }

  class Fail implements fc.Command<Model, Real> {
    readonly attempt: Attempt
    readonly failure: { readonly code: ErrorCode; readonly hint: number | undefined; readonly isPermanent: boolean }
    constructor(attempt: Attempt, failure: Fail['failure']) {
      this.attempt = attempt
      this.failure = failure
    }
    check = () => true
    run(model: Model, real: Real): void {
      const { code, hint, isPermanent } = this.failure
      const { account, model: name, age } = this.attempt
      const startedAt = model.now - age
      const use = useOf(startedAt, { account, model: name })
      real.book.began(use)
      real.book.failed(use, code, hint, isPermanent)
      const at = keyFor[code] ?? (isPermanent && code === 'upstream_error' ? 2 : undefined)
      const key = at === undefined ? undefined : keysOf(account, name)[at]
      if (key !== undefined) this.apply(model, key, startedAt)
      agree(model, real)
    }
    apply(model: Model, key: string, startedAt: number): void {
      const { code, hint, isPermanent } = this.failure
      const row = model.rows[key]
      const isNews = row === undefined || startedAt >= row.since
      const before = row?.code === code ? row.failures : 0
      const failures = isNews ? before + 1 : Math.max(1, before)
      const until = model.now + Math.min(4_800_000, expectedWait(code, failures, hint, isPermanent))
      if (row === undefined || until > row.until) model.rows[key] = { code, since: model.now, until, failures }
      else if (isNews && before > 0) model.rows[key] = { ...row, since: model.now, failures }
    }
    toString = () => `fail ${JSON.stringify({ ...this.attempt, ...this.failure })}`
  }

  class Succeed implements fc.Command<Model, Real> {
    readonly attempt: Attempt
    readonly isWhole: boolean
    constructor(attempt: Attempt, isWhole: boolean) {
      this.attempt = attempt
      this.isWhole = isWhole
    }
    check = () => true
    run(model: Model, real: Real): void {
      const { account, model: name, age } = this.attempt
      const startedAt = model.now - age
      const use = useOf(startedAt, { account, model: name })
      real.book.began(use)
      if (this.isWhole) real.book.succeeded(use)
      else real.book.abandoned(use)
      for (const key of keysOf(account, name)) {
        const row = model.rows[key]
        const isOver = row?.code !== 'stream_truncated' || this.isWhole
        if (row !== undefined && row.since <= startedAt && isOver) delete model.rows[key]
      }
      agree(model, real)
    }
    toString = () => `succeed ${JSON.stringify(this.attempt)} whole=${this.isWhole}`
  }

  class Wait implements fc.Command<Model, Real> {
    readonly ms: number
    constructor(ms: number) {
      this.ms = ms
    }
    check = () => true
    run(model: Model, real: Real): void {
      model.now += this.ms
      real.book.now = model.now
      agree(model, real)
    }
    toString = () => `wait ${this.ms}`
  }

  class Reset implements fc.Command<Model, Real> {
    readonly account: string | null
    constructor(account: string | null) {
      this.account = account
    }
    check = () => true
    run(model: Model, real: Real): void {
      const keys = Object.keys(model.rows).filter((key) => this.account === null || key.startsWith(`${this.account}/`))
      const held = keys.filter((key) => (model.rows[key]?.until ?? 0) > model.now).length
      expect(real.book.reset({ account: this.account })).toBe(held)
      for (const key of keys) delete model.rows[key]
      agree(model, real)
    }
    toString = () => `reset ${this.account}`
  }

  class Look implements fc.Command<Model, Real> {
    check = () => true
    run(model: Model, real: Real): void {
      real.book.health()
      real.book.locks()
      agree(model, real)
    }
    toString = () => 'look'
  }

  it('agree after any history, and looking changes nothing', () => {
    const account = fc.constantFrom(...accounts)
    const model = fc.constantFrom(...models)
    const code = fc.constantFrom<ErrorCode>(
      ...(Object.keys(keyFor) as ErrorCode[]),
      'upstream_error',
      'client_cancelled',
    )
    const age = fc.oneof(fc.constant(0), fc.nat(5000), fc.nat(400_000))
    const hint = fc.option(fc.nat(2_000_000), { nil: undefined })
    const attempt = fc.record({ account, model, age })
    const failure = fc.record({ code, hint, isPermanent: fc.boolean() })
    const commands = [
      fc.tuple(attempt, failure).map((args) => new Fail(...args)),
      fc.tuple(attempt, fc.boolean()).map((args) => new Succeed(...args)),
      fc.oneof(fc.nat(50), fc.nat(5000), fc.nat(400_000), fc.nat(6_000_000)).map((ms) => new Wait(ms)),
      fc.constantFrom(null, ...accounts).map((who) => new Reset(who)),
      fc.constant(new Look()),
    ]
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 40 }), (run) => {
        fc.modelRun(() => {
          const book = bookOf()
          book.now = 1_000_000
          return { model: { now: book.now, rows: {} }, real: { book } }
        }, run)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a success', () => {
  it('lifts what stood against this account, this model and this target, and nothing else', () => {
    const book = bookOf()
    book.failed(useOf(0), 'upstream_auth')
    book.failed(useOf(0), 'upstream_rate_limited', 60_000)
    book.failed(useOf(0, { model: 'n' }), 'upstream_rate_limited', 60_000)
    book.failed(useOf(0, { account: 'b' }), 'upstream_auth')
    book.now = 10
    book.succeeded(useOf(10))
    expect(book.locks().map(({ place }) => place)).toEqual([
      { on: 'model', provider: 'p', account: 'a', model: 'n', region: null },
      { on: 'account', provider: 'p', account: 'b' },
    ])
  })

  it('of counting tokens says that the key is good, and nothing of the model', () => {
    const book = bookOf()
    book.failed(useOf(0), 'upstream_auth')
    book.failed(useOf(0), 'upstream_rate_limited', 60_000)
    book.now = 10
    book.succeeded(useOf(10, { task: 'count-tokens' }))
    expect(book.locks().map(({ code }) => code)).toEqual(['upstream_rate_limited'])
  })
})

describe('sessions', () => {
  const homeIn = (book: Book, session: string) => book.health().homes.get(homeKey('p', session))?.account

  it('find a home with their first attempt, and move only when another account has served them', () => {
    const book = bookOf()
    book.began(useOf(0, { ...homeOf('s') }))
    expect(homeIn(book, 's')).toBe('a')
    book.began(useOf(0, { ...homeOf('s'), account: 'b' }))
    expect(homeIn(book, 's')).toBe('a')
    book.succeeded(useOf(0, { ...homeOf('s'), account: 'b' }))
    expect(homeIn(book, 's')).toBe('b')
  })

  it('are forgotten an hour after they were last heard of', () => {
    const book = bookOf()
    book.began(useOf(0, { ...homeOf('s') }))
    book.now = stateLimits.sessionTtlMs + 1
    book.began(useOf(0, { ...homeOf('s'), account: 'b' }))
    expect(homeIn(book, 's')).toBe('b')
  })
})

describe('the tally', () => {
  it('counts what an account failed at, and not what a request did wrong', () => {
    const book = bookOf()
    for (const code of ['upstream_error', 'upstream_auth', 'upstream_rejected', 'unsupported_content'] as const) {
      book.began(useOf(0))
      book.failed(useOf(0), code)
    }
    expect(book.state.tallies.get(tallyKey('p', 'a'))).toMatchObject({ attempts: 4, failures: 2, authFailures: 1 })
  })
})

describe('everything is bounded', () => {
  const small = { maxLocks: 3, maxSessions: 2, sessionTtlMs: 1000, maxProviders: 2, maxAccounts: 2, maxTargets: 2 }

  it('locks: the oldest model goes first, and a flood of made-up models pushes out no account', () => {
    const book = bookOf(small)
    book.failed(useOf(0), 'upstream_auth')
    for (let n = 0; n < 50; n++) book.failed(useOf(0, { model: `made-up-${n}` }), 'upstream_model_missing')
    expect(book.locks().map(({ place }) => (place.on === 'account' ? place.account : place.model))).toEqual([
      'a',
      'made-up-48',
      'made-up-49',
    ])
    for (const account of ['b', 'c', 'd', 'e']) book.failed(useOf(0, { account }), 'upstream_auth')
    expect(book.locks()).toHaveLength(3)
  })

  it('sessions, turns and tallies: the one left alone longest goes first', () => {
    const book = bookOf(small)
    for (const session of ['s1', 's2', 's1', 's3']) book.began(useOf(0, homeOf(session)))
    const { homes } = book.health()
    expect([homes.size, homes.has(homeKey('p', 's1')), homes.has(homeKey('p', 's2'))]).toEqual([2, true, false])
    for (const provider of ['p1', 'p2', 'p3']) book.state.apply({ type: 'turn', provider }, 0, random)
    expect([...book.health().turns.keys()]).toEqual(['p2', 'p3'])
    for (const account of ['x', 'y', 'z']) book.began(useOf(0, { account }))
    const { tallies } = book.state
    expect([tallies.get(tallyKey('p', 'x')), tallies.get(tallyKey('p', 'z'))?.attempts]).toEqual([undefined, 1])
  })

  it('has room for what a real gateway needs', () => {
    expect(stateLimits).toEqual({
      maxLocks: 10_000,
      maxSessions: 20_000,
      sessionTtlMs: 3_600_000,
      maxProviders: 1000,
      maxAccounts: 10_000,
      maxTargets: 10_000,
    })
  })
})

describe('an operator', () => {
  it('resets a model of an account, an account, or a whole provider', () => {
    const fill = () => {
      const book = bookOf()
      book.failed(useOf(0), 'upstream_auth')
      book.failed(useOf(0), 'upstream_forbidden')
      book.failed(useOf(0, { account: 'b', model: 'n' }), 'upstream_forbidden')
      book.failed(useOf(0), 'upstream_model_missing')
      return book
    }
    expect(fill().reset({ provider: 'p', account: 'a', model: 'm' })).toBe(1)
    expect(fill().reset({ provider: 'p', account: 'a', model: null })).toBe(2)
    expect(fill().reset({ provider: 'p', account: null, model: 'm' })).toBe(2)
    expect(fill().reset({ provider: 'p', account: null, model: null })).toBe(4)
    expect(fill().reset({ provider: 'other', account: null, model: null })).toBe(0)
  })

  it('forgets the failures too, so that the next one starts at the beginning', () => {
    const book = bookOf()
    for (let n = 0; n < 3; n++) {
      book.failed(useOf(book.now), 'upstream_auth')
      book.now += 6_000_000
    }
    book.reset({})
    book.failed(useOf(book.now), 'upstream_auth')
    expect(book.locks()).toMatchObject([{ failures: 1, until: book.now + 300_000 }])
  })

  it('goes where clients are kept out, and what comes of it counts', async () => {
    const clock = createVirtualClock()
    const coordinator = createMemoryCoordinator(clock, { next: () => random, id: () => 'x' })
    const session = admitted(coordinator)
    session.began(useOf(0))
    session.ended(useOf(0), failureOf('upstream_auth'), settings)
    const own = admitted(unguarded(coordinator))
    expect(accountLock(own.health(), destination, 'a')).toBeUndefined()
    expect(accountLock(session.health(), destination, 'a')).toBeDefined()
    await clock.advance(5)
    own.accepted(useOf(5))
    expect((await coordinator.view()).locks).toEqual([])
  })
})

function admitted(coordinator: Coordinator): Session {
  const session = coordinator.admit({
    requestId: 'q',
    tenant: null,
    slots: [],
    watch: () => ({ locks: [], targets: [], providers: [], homes: [], routes: [] }),
    settings: { backend: 'memory', objects: 'one', slice: 1 },
  })
  if (session instanceof Promise || !session.ok) throw new Error('a coordinator of this process admits at once')
  return session.value
}

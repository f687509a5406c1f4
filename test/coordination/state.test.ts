// What a gateway remembers of its accounts: locks against a model of their own, turns, homes, bounds.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TargetRecord } from '../../src/catalog/snapshot.ts'
import {
  bookLimits,
  createAccountBook,
  withoutLocks,
  type AccountBook,
  type Use,
} from '../../src/engine/account-book.ts'
import { GatewayError, type ErrorCode } from '../../src/ir/error.ts'
import { accountLock, homeKey, targetLock } from '../../src/policy/health.ts'
import { defaultPermanent, type LockSettings } from '../../src/policy/locks.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'

const settings: LockSettings = { permanent: defaultPermanent, maxMs: 4_800_000 }
const random = { next: () => 0.5, id: () => 'x' }

const target: TargetRecord = {
  name: 't',
  provider: 'p',
  model: 'm',
  dialect: null,
  account: null,
  region: null,
  priority: 1,
  weight: 100,
  timeouts: {},
  maxRetries: 0,
  onAbort: 'cancel',
}

function useOf(startedAt: number, more: Partial<Use> = {}): Use {
  return { target, model: 'm', account: 'a', task: 'generate', session: undefined, startedAt, ...more }
}

function error(code: ErrorCode, retryAfterMs?: number): GatewayError {
  return new GatewayError(code, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** A clock that a synchronous test can move. */
function handClock(): VirtualClock & { now(): number; tick(ms: number): void } {
  let elapsed = 0
  const clock = createVirtualClock()
  return { ...clock, now: () => 1_790_000_000_000 + elapsed, mono: () => elapsed, tick: (ms) => void (elapsed += ms) }
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
    readonly book: AccountBook
    readonly clock: ReturnType<typeof handClock>
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
  }
  const minutes = [5, 10, 20, 40, 80]

  function expectedWait(code: ErrorCode, failures: number, hint: number | undefined): number {
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
        const destination = { target, model: name }
        expect(accountLock(health, destination, account) !== undefined).toBe(isLocked)
        expect(targetLock(health, destination) !== undefined).toBe(shared !== undefined && shared.until > model.now)
      }
    const held = Object.values(model.rows).filter((row) => row !== undefined && row.until > model.now)
    expect(book.locks()).toHaveLength(held.length)
  }

  class Fail implements fc.Command<Model, Real> {
    readonly account: string
    readonly model: string
    readonly code: ErrorCode
    readonly hint: number | undefined
    readonly age: number
    constructor(account: string, model: string, code: ErrorCode, hint: number | undefined, age: number) {
      this.account = account
      this.model = model
      this.code = code
      this.hint = hint
      this.age = age
    }
    check = () => true
    run(model: Model, real: Real): void {
      const startedAt = model.now - this.age
      real.book.failed(
        useOf(startedAt, { account: this.account, model: this.model }),
        error(this.code, this.hint),
        settings,
      )
      const at = keyFor[this.code]
      const key = at === undefined ? undefined : keysOf(this.account, this.model)[at]
      if (key !== undefined) this.apply(model, key, startedAt)
      agree(model, real)
    }
    apply(model: Model, key: string, startedAt: number): void {
      const row = model.rows[key]
      const isNews = row === undefined || startedAt >= row.since
      const before = row?.code === this.code ? row.failures : 0
      const failures = isNews ? before + 1 : Math.max(1, before)
      const until = model.now + Math.min(4_800_000, expectedWait(this.code, failures, this.hint))
      if (row === undefined) model.rows[key] = { code: this.code, since: model.now, until, failures }
      else if (until > row.until)
        model.rows[key] = { code: this.code, since: isNews ? model.now : row.since, until, failures }
      else if (isNews && before > 0) model.rows[key] = { ...row, since: model.now, failures }
    }
    toString = () => `fail ${this.account}/${this.model} ${this.code} hint=${this.hint} age=${this.age}`
  }

  class Succeed implements fc.Command<Model, Real> {
    readonly account: string
    readonly model: string
    readonly age: number
    constructor(account: string, model: string, age: number) {
      this.account = account
      this.model = model
      this.age = age
    }
    check = () => true
    run(model: Model, real: Real): void {
      const startedAt = model.now - this.age
      real.book.succeeded(useOf(startedAt, { account: this.account, model: this.model }))
      for (const key of keysOf(this.account, this.model)) {
        const row = model.rows[key]
        if (row !== undefined && row.since <= startedAt) delete model.rows[key]
      }
      agree(model, real)
    }
    toString = () => `succeed ${this.account}/${this.model} age=${this.age}`
  }

  class Wait implements fc.Command<Model, Real> {
    readonly ms: number
    constructor(ms: number) {
      this.ms = ms
    }
    check = () => true
    run(model: Model, real: Real): void {
      model.now += this.ms
      real.clock.tick(this.ms)
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
      expect(real.book.reset('p', this.account, null)).toBe(held)
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
    const age = fc.oneof(fc.constant(0), fc.nat(400_000))
    const hint = fc.option(fc.nat(2_000_000), { nil: undefined })
    const commands = [
      fc.tuple(account, model, code, hint, age).map((args) => new Fail(...args)),
      fc.tuple(account, model, age).map((args) => new Succeed(...args)),
      fc.oneof(fc.nat(5000), fc.nat(6_000_000)).map((ms) => new Wait(ms)),
      fc.constantFrom(null, ...accounts).map((who) => new Reset(who)),
      fc.constant(new Look()),
    ]
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 40 }), (run) => {
        fc.modelRun(() => {
          const clock = handClock()
          clock.tick(1_000_000)
          return { model: { now: 1_000_000, rows: {} }, real: { book: createAccountBook(clock, random), clock } }
        }, run)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a success', () => {
  it('lifts what stood against this account, this model and this target, and nothing else', () => {
    const clock = handClock()
    const book = createAccountBook(clock, random)
    book.failed(useOf(0), error('upstream_auth'), settings)
    book.failed(useOf(0), error('upstream_rate_limited', 60_000), settings)
    book.failed(useOf(0, { model: 'n' }), error('upstream_rate_limited', 60_000), settings)
    book.failed(useOf(0, { account: 'b' }), error('upstream_auth'), settings)
    clock.tick(10)
    book.succeeded(useOf(10))
    expect(book.locks().map(({ place }) => place)).toEqual([
      { on: 'model', provider: 'p', account: 'a', model: 'n', region: null },
      { on: 'account', provider: 'p', account: 'b' },
    ])
  })

  it('of counting tokens says that the key is good, and nothing of the model', () => {
    const clock = handClock()
    const book = createAccountBook(clock, random)
    book.failed(useOf(0), error('upstream_auth'), settings)
    book.failed(useOf(0), error('upstream_rate_limited', 60_000), settings)
    clock.tick(10)
    book.succeeded(useOf(10, { task: 'count-tokens' }))
    expect(book.locks().map(({ code }) => code)).toEqual(['upstream_rate_limited'])
  })
})

describe('sessions', () => {
  const homeOf = (book: AccountBook, session: string) => book.health().homes.get(homeKey('p', session))?.account

  it('find a home with their first attempt, and move only when another account has served them', () => {
    const book = createAccountBook(handClock(), random)
    book.began(useOf(0, { session: 's' }))
    expect(homeOf(book, 's')).toBe('a')
    book.began(useOf(0, { session: 's', account: 'b' }))
    expect(homeOf(book, 's')).toBe('a')
    book.succeeded(useOf(0, { session: 's', account: 'b' }))
    expect(homeOf(book, 's')).toBe('b')
  })

  it('are forgotten an hour after they were last heard of', () => {
    const clock = handClock()
    const book = createAccountBook(clock, random)
    book.began(useOf(0, { session: 's' }))
    clock.tick(bookLimits.sessionTtlMs + 1)
    book.began(useOf(0, { session: 's', account: 'b' }))
    expect(homeOf(book, 's')).toBe('b')
  })
})

describe('the tally', () => {
  it('counts what an account failed at, and not what a request did wrong', () => {
    const book = createAccountBook(handClock(), random)
    for (const code of ['upstream_error', 'upstream_auth', 'upstream_rejected', 'unsupported_content'] as const) {
      book.began(useOf(0))
      book.failed(useOf(0), error(code), settings)
    }
    expect(book.tally('p', 'a')).toMatchObject({ attempts: 4, failures: 2, authFailures: 1 })
  })
})

describe('everything is bounded', () => {
  const small = { maxLocks: 3, maxSessions: 2, sessionTtlMs: 1000, maxProviders: 2, maxAccounts: 2 }

  it('locks: the oldest model goes first, and a flood of made-up models pushes out no account', () => {
    const book = createAccountBook(handClock(), random, small)
    book.failed(useOf(0), error('upstream_auth'), settings)
    for (let n = 0; n < 50; n++)
      book.failed(useOf(0, { model: `made-up-${n}` }), error('upstream_model_missing'), settings)
    expect(book.locks().map(({ place }) => (place.on === 'account' ? place.account : place.model))).toEqual([
      'a',
      'made-up-48',
      'made-up-49',
    ])
    for (const account of ['b', 'c', 'd', 'e']) book.failed(useOf(0, { account }), error('upstream_auth'), settings)
    expect(book.locks()).toHaveLength(3)
  })

  it('sessions, turns and tallies: the one left alone longest goes first', () => {
    const book = createAccountBook(handClock(), random, small)
    for (const session of ['s1', 's2', 's1', 's3']) book.began(useOf(0, { session }))
    const { homes } = book.health()
    expect([homes.size, homes.has(homeKey('p', 's1')), homes.has(homeKey('p', 's2'))]).toEqual([2, true, false])
    for (const provider of ['p1', 'p2', 'p3']) book.takeTurn(provider)
    expect([...book.health().turns.keys()]).toEqual(['p2', 'p3'])
    for (const account of ['x', 'y', 'z']) book.began(useOf(0, { account }))
    expect([book.tally('p', 'x'), book.tally('p', 'z')?.attempts]).toEqual([undefined, 1])
  })

  it('has room for what a real gateway needs', () => {
    expect(bookLimits).toEqual({
      maxLocks: 10_000,
      maxSessions: 20_000,
      sessionTtlMs: 3_600_000,
      maxProviders: 1000,
      maxAccounts: 10_000,
    })
  })
})

describe('an operator', () => {
  it('resets a model of an account, an account, or a whole provider', () => {
    const clock = handClock()
    const fill = () => {
      const book = createAccountBook(clock, random)
      book.failed(useOf(0), error('upstream_auth'), settings)
      book.failed(useOf(0), error('upstream_forbidden'), settings)
      book.failed(useOf(0, { account: 'b', model: 'n' }), error('upstream_forbidden'), settings)
      book.failed(useOf(0), error('upstream_model_missing'), settings)
      return book
    }
    expect(fill().reset('p', 'a', 'm')).toBe(1)
    expect(fill().reset('p', 'a', null)).toBe(2)
    expect(fill().reset('p', null, 'm')).toBe(2)
    expect(fill().reset('p', null, null)).toBe(4)
    expect(fill().reset('other', null, null)).toBe(0)
  })

  it('forgets the failures too, so that the next one starts at the beginning', () => {
    const clock = handClock()
    const book = createAccountBook(clock, random)
    for (let n = 0; n < 3; n++) {
      book.failed(useOf(clock.mono()), error('upstream_auth'), settings)
      clock.tick(6_000_000)
    }
    book.reset('p', null, null)
    book.failed(useOf(clock.mono()), error('upstream_auth'), settings)
    expect(book.locks()).toMatchObject([{ failures: 1, until: clock.now() + 300_000 }])
  })

  it('goes where clients are kept out, and what comes of it counts', () => {
    const clock = handClock()
    const book = createAccountBook(clock, random)
    book.failed(useOf(0), error('upstream_auth'), settings)
    const own = withoutLocks(book)
    expect(accountLock(own.health(), { target, model: 'm' }, 'a')).toBeUndefined()
    clock.tick(5)
    own.succeeded(useOf(5))
    expect(book.locks()).toEqual([])
  })
})

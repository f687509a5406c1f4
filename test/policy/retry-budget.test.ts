// I-17: calls beyond the first one of a request to targets that fail.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  budgetWindowMs,
  freshBudget,
  retriesLeft,
  withRequest,
  withRetry,
  type RetryBudget,
} from '../../src/policy/retry-budget.ts'

const settings = { percent: 10, minPerSecond: 3 }

function requests(budget: RetryBudget, count: number, now: number): RetryBudget {
  return Array.from({ length: count }).reduce<RetryBudget>((last) => withRequest(last, now), budget)
}

/** As many retries as it gives, at most `max`. */
function drain(budget: RetryBudget, now: number, max = 10_000): { spent: number; budget: RetryBudget } {
  let last = budget
  for (let spent = 0; spent < max; spent++) {
    const next = withRetry(last, settings, now)
    if (next === undefined) return { spent, budget: last }
    last = next
  }
  return { spent: max, budget: last }
}

describe('the retry budget', () => {
  it.each([
    [0, 30],
    [100, 30],
    [300, 30],
    [301, 30],
    [310, 31],
    [5000, 500],
  ])('after %i requests within ten seconds: %i calls', (count, expected) => {
    const budget = requests(freshBudget, count, 5000)
    expect(retriesLeft(budget, settings, 5000)).toBe(expected)
    expect(drain(budget, 5000).spent).toBe(expected)
  })

  it('gives nothing where both of its settings are nought', () => {
    expect(withRetry(requests(freshBudget, 1000, 10), { percent: 0, minPerSecond: 0 }, 20)).toBeUndefined()
  })

  it('forgets requests after ten seconds, and what was spent not before', () => {
    const { budget } = drain(requests(freshBudget, 1000, 5000), 5000)
    expect(retriesLeft(budget, settings, 5000)).toBe(0)
    expect(drain(budget, 14_900).spent).toBe(0)
    expect(drain(budget, 16_000).spent).toBe(30)
  })

  it('looking changes nothing, and the value is plain data', () => {
    const budget = requests(freshBudget, 50, 7000)
    const before = structuredClone(budget)
    retriesLeft(budget, settings, 90_000)
    withRetry(budget, settings, 90_000)
    expect(budget).toEqual(before)
    expect(JSON.parse(JSON.stringify(budget))).toEqual(budget)
  })

  it('holds for at most eleven parts of a second each', () => {
    let budget = freshBudget
    for (let now = 0; now < 100_000; now += 250) budget = withRequest(budget, now)
    expect(budget.past.length).toBeLessThanOrEqual(budgetWindowMs / 1000)
  })
})

/** Every request and every retry with its time. */
interface Model {
  now: number
  readonly requests: number[]
  readonly retries: number[]
}
interface Real {
  budget: RetryBudget
}

class Wait implements fc.Command<Model, Real> {
  readonly ms: number
  constructor(ms: number) {
    this.ms = ms
  }
  check = () => true
  run(model: Model): void {
    model.now += this.ms
  }
  toString = () => `wait ${this.ms}`
}

class Come implements fc.Command<Model, Real> {
  readonly count: number
  constructor(count: number) {
    this.count = count
  }
  check = () => true
  run(model: Model, real: Real): void {
    for (let n = 0; n < this.count; n++) {
      real.budget = withRequest(real.budget, model.now)
      model.requests.push(model.now)
    }
  }
  toString = () => `${this.count} requests`
}

class Retry implements fc.Command<Model, Real> {
  readonly count: number
  constructor(count: number) {
    this.count = count
  }
  check = () => true
  run(model: Model, real: Real): void {
    const { now } = model
    const within = (times: readonly number[], ms: number) => times.filter((at) => at > now - ms).length
    const second = Math.floor(now / 1000) * 1000
    for (let n = 0; n < this.count; n++) {
      const left = retriesLeft(real.budget, settings, now)
      const next = withRetry(real.budget, settings, now)
      expect(next !== undefined).toBe(left >= 1)
      // Never refused while the strictest count of the last ten seconds still has room: whole seconds only give, the
      // eleventh one back only takes.
      const sure = model.requests.filter((at) => at >= second - 9000).length
      const spent = model.retries.filter((at) => at >= second - 10_000).length
      expect(left).toBe(Math.max(0, Math.floor(Math.max(sure / 10, 30) - spent)))
      if (next === undefined) continue
      real.budget = next
      model.retries.push(now)
      // The promise itself, over the last ten seconds as they really were.
      expect(within(model.retries, budgetWindowMs)).toBeLessThanOrEqual(
        Math.max(within(model.requests, budgetWindowMs) / 10, 30),
      )
    }
  }
  toString = () => `${this.count} retries`
}

describe('I-17: the retry budget against a model', () => {
  it('never gives more than its share in any ten seconds, and all of it', () => {
    const commands = [
      fc.oneof(fc.nat(300), fc.nat(3000), fc.nat(20_000)).map((ms) => new Wait(ms)),
      fc.constantFrom(1000, 9000, 9500, 10_000, 10_900).map((ms) => new Wait(ms)),
      fc.oneof(fc.nat(20), fc.nat(400)).map((count) => new Come(count)),
      fc.oneof(fc.nat(5), fc.nat(60)).map((count) => new Retry(count)),
    ]
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 40 }), fc.nat(10_000), (run, start) => {
        fc.modelRun(() => ({ model: { now: start, requests: [], retries: [] }, real: { budget: freshBudget } }), run)
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps the calls of a storm within a tenth of what is asked for', () => {
    // 100 requests a second for a minute, each of which would try three targets.
    let budget = freshBudget
    let calls = 0
    for (let now = 0; now < 60_000; now += 10) {
      budget = withRequest(budget, now)
      calls++
      for (let n = 0; n < 2; n++) {
        const next = withRetry(budget, settings, now)
        if (next === undefined) break
        budget = next
        calls++
      }
    }
    expect(calls).toBeLessThanOrEqual(6000 * 1.1)
    expect(calls).toBeGreaterThan(6000 * 1.08)
  })
})

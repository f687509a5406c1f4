// What this gateway has found out about accounts: locks, whose turn it is, which session went where. Lives in memory, by
// the names of the configuration, so that a reload loses nothing of it; everything is bounded. Other isolates have books
// of their own. Plain data and no promise, so that requests may share it on every runtime.
import type { ErrorCode, GatewayError } from '../ir/error.ts'
import type { Task } from '../ir/dialect-id.ts'
import { homeKey, lockKey, placesOf, type Destination, type Health, type Home } from '../policy/health.ts'
import {
  holds,
  lockAfterFailure,
  lockAfterSuccess,
  lockedBy,
  type Lock,
  type LockPlace,
  type LockSettings,
} from '../policy/locks.ts'
import type { Clock, Random } from '../ports/index.ts'

/** How much is remembered at most, and for how long. */
export interface BookLimits {
  /** Locks, those that are over but whose failures still count among them; the locks of whole accounts go last. */
  readonly maxLocks: number
  readonly maxSessions: number
  /** How long a session that is not heard of keeps its account. */
  readonly sessionTtlMs: number
  readonly maxProviders: number
  readonly maxAccounts: number
}

export const bookLimits: BookLimits = {
  maxLocks: 10_000,
  maxSessions: 20_000,
  sessionTtlMs: 3_600_000,
  maxProviders: 1000,
  maxAccounts: 10_000,
}

/** One use of an account (null: a provider that needs none) for a target. */
export interface Use extends Destination {
  readonly account: string | null
  readonly task: Task
  readonly session: string | undefined
  /** The monotonic clock when the attempt began. */
  readonly startedAt: number
}

/** How an account has done since the gateway started. */
export interface AccountTally {
  /** Unix milliseconds. */
  readonly lastUsedAt: number
  readonly attempts: number
  readonly failures: number
  /** Those where the provider refused the credential. */
  readonly authFailures: number
}

/** A lock in wall-clock time. */
export interface TimedLock {
  readonly place: LockPlace
  readonly code: ErrorCode
  readonly failures: number
  /** Unix milliseconds. */
  readonly since: number
  readonly until: number
}

export interface AccountBook {
  /** A view of this moment for the planner; looking changes nothing. */
  health(): Health
  /** A request turns to a provider whose accounts take turns: the next one will see the next turn. */
  takeTurn(provider: string): void
  /** An attempt begins: a session without a home finds one here. */
  began(use: Use): void
  /** The provider took the request: locks of this account, model and target are over, unless they are newer. */
  succeeded(use: Use): void
  failed(use: Use, error: GatewayError, settings: LockSettings): void
  /** The locks that hold now. */
  locks(): readonly TimedLock[]
  tally(provider: string, account: string): AccountTally | undefined
  /** Forgets locks and the failures behind them; null stands for all, `code` for every reason. Returns how many held. */
  reset(provider: string | null, account: string | null, model: string | null, code?: ErrorCode): number
}

/** What a provider turns away whoever asks. */
const faultsOfRequests: ReadonlySet<ErrorCode> = new Set([
  'upstream_rejected',
  'upstream_filtered',
  'upstream_context_overflow',
])

/** An empty book. */
export function createAccountBook(clock: Clock, random: Random, limits: BookLimits = bookLimits): AccountBook {
  const locks = new Map<string, Lock>()
  const turns = new Map<string, number>()
  const homes = new Map<string, Home>()
  const tallies = new Map<string, AccountTally>()

  function bindHome(use: Use, isProven: boolean): void {
    if (use.session === undefined || use.account === null) return
    const key = homeKey(use.target.provider, use.session)
    const home = homes.get(key)
    const usedAt = clock.mono()
    const keeps = !isProven && home !== undefined && usedAt - home.usedAt <= limits.sessionTtlMs
    put(homes, key, { account: keeps ? home.account : use.account, usedAt }, limits.maxSessions)
  }

  function count(use: Use, more: Partial<Record<'attempts' | 'failures' | 'authFailures', number>>): void {
    const key = `${use.target.provider}\u0000${use.account ?? ''}`
    const tally = tallies.get(key)
    put(
      tallies,
      key,
      {
        lastUsedAt: more.attempts === undefined ? (tally?.lastUsedAt ?? clock.now()) : clock.now(),
        attempts: (tally?.attempts ?? 0) + (more.attempts ?? 0),
        failures: (tally?.failures ?? 0) + (more.failures ?? 0),
        authFailures: (tally?.authFailures ?? 0) + (more.authFailures ?? 0),
      },
      limits.maxAccounts,
    )
  }

  return {
    health: () => ({ now: clock.mono(), locks, turns, homes, homeTtlMs: limits.sessionTtlMs }),
    takeTurn: (provider) => put(turns, provider, (turns.get(provider) ?? 0) + 1, limits.maxProviders),
    began(use) {
      count(use, { attempts: 1 })
      bindHome(use, false)
    },
    succeeded(use) {
      bindHome(use, true)
      const places = placesOf(use, use.account)
      // That tokens can be counted says nothing of a model's own limits.
      const proven = use.task === 'count-tokens' ? [places.account] : Object.values(places)
      for (const place of proven) {
        const key = lockKey(place)
        if (lockAfterSuccess(locks.get(key), use.startedAt) === undefined) locks.delete(key)
      }
    },
    failed(use, error, settings) {
      if (error.origin === 'upstream' && !faultsOfRequests.has(error.code))
        count(use, { failures: 1, ...(error.code === 'upstream_auth' && { authFailures: 1 }) })
      const { task, startedAt } = use
      const failure = { code: error.code, task, startedAt, retryAfterMs: error.retryAfterMs }
      const on = lockedBy(failure)
      if (on === undefined) return
      const place = placesOf(use, use.account)[on]
      const key = lockKey(place)
      const lock = lockAfterFailure(locks.get(key), failure, place, settings, clock.mono(), random.next())
      if (lock !== undefined) putLock(locks, key, lock, limits.maxLocks)
    },
    locks() {
      const now = clock.mono()
      const wall = clock.now() - now
      return [...locks.values()]
        .filter((lock) => holds(lock, now))
        .map(({ place, code, failures, since, until }) => ({
          place,
          code,
          failures,
          since: Math.round(since + wall),
          until: Math.round(until + wall),
        }))
    },
    tally: (provider, account) => tallies.get(`${provider}\u0000${account}`),
    reset(provider, account, model, code) {
      let held = 0
      for (const [key, lock] of locks) {
        const { place } = lock
        const isMeant =
          (provider === null || place.provider === provider) &&
          (code === undefined || lock.code === code) &&
          (account === null || place.account === account) &&
          (model === null || (place.on !== 'account' && place.model === model))
        if (!isMeant) continue
        if (holds(lock, clock.mono())) held++
        locks.delete(key)
      }
      return held
    },
  }
}

/** The same book for an operator's own request: it goes where others are kept out, and what comes of it counts. */
export function withoutLocks(book: AccountBook): AccountBook {
  return { ...book, health: () => ({ ...book.health(), locks: new Map() }) }
}

// The map keeps the order of the last writes, so its first entry is the one that was left alone longest.
function put<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > max) for (const oldest of map.keys()) return void map.delete(oldest)
}

// Clients may ask for models of any name, and must not push out what is known of the accounts.
function putLock(locks: Map<string, Lock>, key: string, lock: Lock, max: number): void {
  locks.delete(key)
  locks.set(key, lock)
  if (locks.size <= max) return
  for (const [oldest, { place }] of locks) if (place.on !== 'account') return void locks.delete(oldest)
  for (const oldest of locks.keys()) return void locks.delete(oldest)
}

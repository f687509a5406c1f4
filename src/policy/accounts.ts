// Which accounts of a provider a request may use, and in which order. Moves no cursor: it reads what serving keeps.
import type { Account, ProviderRecord } from '../catalog/snapshot.ts'
import { accountLock, homeKey, type Destination, type Health } from './health.ts'
import type { Lock } from './locks.ts'

/** Why the first account is the first. */
export type AccountBy = 'none' | 'pinned' | 'session' | 'turn' | 'priority'

export interface AccountChoice {
  /** In the order to try; null alone where the provider needs no account. */
  readonly order: readonly (string | null)[]
  readonly by: AccountBy
  readonly locked: readonly { readonly account: string | null; readonly lock: Lock }[]
}

/**
 * The accounts for one target: the pinned one; else the one that the session has been with; else by priority (lower
 * first), and among equals in order of declaration (`fill_first`) or in turn (`round_robin`, `sticky` requests each).
 * A lock takes an account out and moves nobody else up in the turn.
 */
export function chooseAccounts(
  destination: Destination,
  provider: ProviderRecord,
  session: string | undefined,
  health: Health,
): AccountChoice {
  const { target } = destination
  const { by, ids } = wanted(target.account, provider, session, health)
  const order: (string | null)[] = []
  const locked: { account: string | null; lock: Lock }[] = []
  for (const account of ids) {
    const lock = accountLock(health, destination, account)
    if (lock === undefined) order.push(account)
    else locked.push({ account, lock })
  }
  const keptSession = by === 'session' && order[0] === ids[0]
  return { order, by: by === 'session' && !keptSession ? byOf(provider) : by, locked }
}

interface Wanted {
  readonly by: AccountBy
  readonly ids: readonly (string | null)[]
}

function wanted(pinned: string | null, provider: ProviderRecord, session: string | undefined, health: Health): Wanted {
  if (pinned !== null) return { by: 'pinned', ids: [pinned] }
  const { accounts } = provider
  if (accounts.length === 0) return { by: 'none', ids: [null] }
  const [first] = accounts
  if (first !== undefined && accounts.length === 1) return { by: 'priority', ids: [first.id] }
  const ids = byPriority(accounts).flatMap((tier) => rotated(tier, provider, health))
  const home = ids.length === 1 ? undefined : homeOf(provider, session, health)
  if (home === undefined || !ids.includes(home)) return { by: byOf(provider), ids }
  return { by: 'session', ids: [home, ...ids.filter((id) => id !== home)] }
}

function byOf(provider: ProviderRecord): AccountBy {
  return provider.selection === 'round_robin' && provider.accounts.length > 1 ? 'turn' : 'priority'
}

function homeOf(provider: ProviderRecord, session: string | undefined, health: Health): string | undefined {
  if (session === undefined) return undefined
  const home = health.homes.get(homeKey(provider.id, session))
  return home !== undefined && health.now - home.usedAt <= health.homeTtlMs ? home.account : undefined
}

/** Accounts of the same priority together, lowest number first. */
function byPriority(accounts: readonly Account[]): readonly (readonly string[])[] {
  const tiers = new Map<number, string[]>()
  for (const account of accounts.toSorted((left, right) => left.priority - right.priority)) {
    const tier = tiers.get(account.priority) ?? []
    tier.push(account.id)
    tiers.set(account.priority, tier)
  }
  return [...tiers.values()]
}

function rotated(tier: readonly string[], provider: ProviderRecord, health: Health): readonly string[] {
  if (provider.selection === 'fill_first' || tier.length === 1) return tier
  const turns = health.turns.get(provider.id) ?? 0
  const first = Math.floor(turns / provider.sticky) % tier.length
  return [...tier.slice(first), ...tier.slice(0, first)]
}

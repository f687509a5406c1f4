// How accounts have done since the gateway started, for people: nothing is decided by it.

export interface AccountTally {
  /** On the clock of the coordinator. */
  readonly lastUsedAt: number
  readonly attempts: number
  readonly failures: number
  /** Those where the provider refused the credential. */
  readonly authFailures: number
}

/** What is added to a tally. */
export type More = Partial<Record<'attempts' | 'failures' | 'authFailures', number>>

/** The name of an account in the tallies; `''`: the provider needs none. */
export function tallyKey(provider: string, account: string): string {
  return `${provider}\u0000${account}`
}

/** The tally with so many more; an attempt is a use of the account, a failure is not another one. */
export function counted(tally: AccountTally | undefined, more: More, now: number): AccountTally {
  return {
    lastUsedAt: more.attempts === undefined ? (tally?.lastUsedAt ?? now) : now,
    attempts: (tally?.attempts ?? 0) + (more.attempts ?? 0),
    failures: (tally?.failures ?? 0) + (more.failures ?? 0),
    authFailures: (tally?.authFailures ?? 0) + (more.authFailures ?? 0),
  }
}

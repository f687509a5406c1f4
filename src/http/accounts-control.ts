// The book of accounts as operators may see and mend it.
import type { AccountBook } from '../engine/account-book.ts'
import type { AccountsControl } from '../operations/operation.ts'

/** The control of one book. */
export function accountsControl(book: AccountBook): AccountsControl {
  return {
    locks: () =>
      book.locks().map(({ place, code, ...times }) => ({
        on: place.on,
        provider: place.provider,
        account: place.account,
        model: place.on === 'account' ? null : place.model,
        region: place.on === 'account' ? null : place.region,
        reason: code,
        ...times,
      })),
    tally: book.tally,
    health: book.health,
    reset: book.reset,
  }
}

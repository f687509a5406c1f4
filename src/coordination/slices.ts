// Limits that several servers share: the root keeps who has leased how much, a tenant's server leases in slices and gives
// back. Safe whatever is lost or late: a tenant numbers what it says it holds, the newest statement counts, and a grant that
// arrives after a newer statement was made is void. So never is more in use than the limit, and never does a tenant starve
// while another one holds what it does not use: the root asks it back.

/** What a tenant's server says. */
export interface SliceMessage {
  readonly holder: string
  readonly name: string
  readonly limit: number
  /** Grows with every statement of this holder. */
  readonly seq: number
  /** What it holds, and what it would like to have more. */
  readonly have: number
  readonly want: number
}

export interface SliceAnswer {
  readonly granted: number
  readonly ttlMs: number
}

/** What a tenant's server keeps when it is asked to give back: a statement as well. */
export type ReclaimAnswer = Pick<SliceMessage, 'seq' | 'have'>

/** For how long the root counts what a holder has said it holds, in milliseconds. */
export const sliceTtlMs = 90_000

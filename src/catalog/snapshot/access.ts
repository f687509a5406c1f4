// Who may ask, and what for: keys, and the coding clients that are expected.

export type Role = 'client' | 'agent' | 'operator' | 'admin'
export type Tier = 'read' | 'mutation' | 'privileged'

export interface KeyRecord {
  readonly id: string
  /** The environment variable that holds the key. */
  readonly env: string
  readonly roles: readonly Role[]
  readonly tenant: string | null
  /** Unix milliseconds. */
  readonly expiresAt: number | null
  readonly revoked: boolean
}

/** A coding client that is expected, and what it may use. */
export interface ClientProfile {
  readonly id: string
  readonly kind: string
  readonly enabled: boolean
  readonly mode: string
  readonly models: readonly string[]
  readonly accounts: readonly string[]
}

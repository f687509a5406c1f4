// Access tokens by refresh token, where the refresh token changes with each use: one refresh at a time for an account,
// whoever asks, and the successor is stored before anything that came with it is used.
// https://www.rfc-editor.org/rfc/rfc6749#section-6, https://www.rfc-editor.org/rfc/rfc9700#section-4.14
import { failed, GatewayError, ok, type Outcome } from '../../ir/error.ts'
import { wrappingKeys } from '../../sealing/vault.ts'
import type { CoordinationStore } from '../../ports/index.ts'
import type { Made, Maker, Making } from '../recipe.ts'
import { bearer, isToken } from './grant.ts'
import {
  oauthAccount,
  type HeldRecord,
  type OAuthAccount,
  type OAuthRecipe,
  type RefreshFailure,
  type StoredAccess,
} from './oauth-record.ts'
import { failureOutcome } from './oauth-failure.ts'
import { refresh } from './oauth-refresh.ts'
import { tokenTimeoutMs } from './token-call.ts'

/** How long a refresh may hold the account: two calls of the endpoint, and the store. In milliseconds. */
export const refreshLeaseMs = 2 * tokenTimeoutMs + 4_000
/** How long others wait for it: longer than the lease, so that one whose holder died is taken over. In milliseconds. */
export const refreshWaitMs = refreshLeaseMs + 2_000
/** A stored token with less left is not taken, as clocks differ; nor in its last tenth where it lives shorter. */
export const storedSkewMs = 60_000
/** How recent a stored token has to be to count as news where it is not known which one was refused. In milliseconds. */
export const newsMs = 30_000

const firstPollMs = 50
const maxPollMs = 1_000

/** Makes the access token of an OAuth account. */
export const makeOAuth: Maker<'oauth'> = async (recipe, making) => {
  try {
    const made = await accessToken(recipe, making)
    // A vault that is away is one to wait for: what is kept of the account serves meanwhile.
    return made.ok || made.error.code !== 'store_unavailable'
      ? made
      : failed('upstream_unreachable', {
          message: `credential ${making.id}: ${made.error.message}`,
          cause: made.error,
        })
  } catch (cause) {
    if (cause instanceof GatewayError) return { ok: false, error: cause }
    making.ports.log.error('oauth_store_failed', {
      credential: making.id,
      reason: cause instanceof Error ? cause.name : 'unknown',
    })
    return failed('upstream_unreachable', { message: `credential ${making.id}: the store of its tokens fails` })
  }
}

async function accessToken(recipe: OAuthRecipe, making: Making): Promise<Outcome<Made>> {
  const { coordination } = making.ports.stores
  // Asked first: a successor that cannot be sealed would be lost.
  const keys = await wrappingKeys(making.ports.secrets)
  if (!keys.ok) return keys
  if (coordination === undefined)
    return missing(making, 'a store without leases (kv) cannot hold an OAuth account: use d1 or sqlite')
  const account = oauthAccount(recipe, making)
  const loaded = await account.load()
  if (!loaded.ok) return loaded
  const settled = settle(loaded.value, making)
  if (settled?.ok === true) return settled
  const answer =
    settled ??
    (await whenHeld(account, making, coordination, (held, leaseEndsAt) =>
      refresh({ recipe, making, account, held, leaseEndsAt }),
    ))
  return answer.ok ? answer : (remainder(loaded.value, making) ?? answer)
}

/** The token that is about to end, for as long as it has not ended: an endpoint that fails takes nothing away. */
function remainder({ record }: HeldRecord, making: Making): Outcome<Made> | undefined {
  const { access } = record
  const isAlive = access !== null && access.expiresAt > making.ports.clock.now() && !isSpent(record, making)
  return isAlive ? ok(bearer(access.token, access.expiresAt)) : undefined
}

/** What needs no refresh: a token that may be used, or a failure that stands. */
function settle({ record }: HeldRecord, making: Making): Outcome<Made> | undefined {
  const { access, failure, refreshToken } = record
  const now = making.ports.clock.now()
  if (access !== null && usableUntil(access) > now && !isSpent(record, making))
    return ok(bearer(access.token, access.expiresAt))
  if (!isToken(refreshToken.reveal())) return missing(making, 'its refresh token is not one line of text')
  return failure !== null && stands(failure, now) ? failureOutcome(making, failure) : undefined
}

/** Whether a failure is the answer for now. One that has longer to go than it was meant to is of a clock that was set back. */
function stands({ final, retryAt, pauseMs }: RefreshFailure, now: number): boolean {
  const leftMs = retryAt - now
  return final || (leftMs > 0 && leftMs <= pauseMs)
}

function usableUntil({ expiresAt, obtainedAt }: StoredAccess): number {
  return expiresAt - Math.min(storedSkewMs, (expiresAt - obtainedAt) / 10)
}

function isSpent({ access }: HeldRecord['record'], making: Making): boolean {
  if (!making.fresh || access === null) return false
  const { spent } = making
  if (spent?.kind === 'token') return spent.secret.reveal() === access.token.reveal()
  return access.obtainedAt + newsMs < making.ports.clock.now()
}

function missing({ id }: Making, what: string): Outcome<never> {
  return failed('missing_credential', { message: `credential ${id}: ${what}` })
}

/** Runs the refresh as the only one; who comes second waits, and takes what the first one stored. */
async function whenHeld(
  account: OAuthAccount,
  making: Making,
  coordination: CoordinationStore,
  run: (held: HeldRecord, leaseEndsAt: number) => Promise<Outcome<Made>>,
): Promise<Outcome<Made>> {
  const { clock, random } = making.ports
  const owner = random.id()
  const waitUntil = clock.mono() + refreshWaitMs
  for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, maxPollMs)) {
    const leaseEndsAt = clock.mono() + refreshLeaseMs
    const mine = await coordination.acquire(account.leaseName, owner, clock.now(), refreshLeaseMs)
    try {
      // Looked at again with the lease in hand: whoever held it before may have stored a new one.
      const loaded = await account.load()
      if (!loaded.ok) return loaded
      const settled = settle(loaded.value, making)
      if (settled !== undefined) return settled
      if (mine) {
        const work = run(loaded.value, leaseEndsAt)
        // Finished although the one who asked may leave: a successor on its way to the store must get there.
        making.ports.defer(work)
        return await work
      }
    } finally {
      if (mine) await release(account, making, coordination, owner)
    }
    if (clock.mono() >= waitUntil)
      return failed('upstream_unreachable', {
        message: `credential ${making.id}: another instance has been refreshing it for too long`,
      })
    await new Promise<void>((resolve) => void clock.after(pollMs, resolve))
  }
}

// It ends by itself, so a store that fails here only costs the others some waiting.
async function release(
  { leaseName }: OAuthAccount,
  { id, ports }: Making,
  coordination: CoordinationStore,
  owner: string,
): Promise<void> {
  try {
    await coordination.release(leaseName, owner)
  } catch {
    ports.log.warn('oauth_lease_not_released', { credential: id })
  }
}

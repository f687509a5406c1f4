// One refresh by the holder of the account's lease: ask, store, and only then hand out.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Secret } from '../../ir/secret.ts'
import { encodeBase64 } from '../../sealing/base64.ts'
import type { VaultStore } from '../../ports/index.ts'
import type { Made, Making } from '../recipe.ts'
import { askForToken, bearer, type Granted, type GrantResult } from './grant.ts'
import { failureOutcome } from './oauth-failure.ts'
import { tokenTimeoutMs } from './token-call.ts'
import type { HeldRecord, OAuthAccount, OAuthRecipe, OAuthRecord, RefreshFailure } from './oauth-record.ts'

/** How long an endpoint that failed is left alone, in milliseconds; twice as long each time, up to the second. */
export const refreshPauseMs = 10_000
export const maxRefreshPauseMs = 60_000
/** The shortest pause, whatever the endpoint asks for. */
export const minRefreshPauseMs = 1_000
/** How often storing a successor is tried: without it the account is lost. */
export const storeAttempts = 3

const storePauseMs = 200
/** A token with less left than this is not worth handing out. */
const minLeftMs = 60_000

// What says that the token itself is done for; everything else may be mended in the configuration.
// RFC 6749 5.2, and the spellings of GitHub and OpenAI.
const finalCodes: ReadonlySet<string> = new Set([
  'invalid_grant',
  'bad_refresh_token',
  'refresh_token_expired',
  'refresh_token_reused',
  'refresh_token_invalidated',
])

export interface Refreshing {
  readonly recipe: OAuthRecipe
  readonly making: Making
  readonly account: OAuthAccount
  readonly held: HeldRecord
  /** Monotonic milliseconds from which on somebody else may refresh the account. */
  readonly leaseEndsAt: number
}

/**
 * Refreshes once, with one more try where no answer came for the first time. Stores what came of it, a failure as well.
 * A successor that an earlier refresh could not store comes first: its predecessor is not sent again.
 */
export async function refresh(refreshing: Refreshing): Promise<Outcome<Made>> {
  const waiting = unstoredOf(refreshing)
  if (waiting === undefined) return ask(refreshing)
  const stored = await persist(refreshing, waiting.record)
  if (!stored.ok) return stored
  const { access } = stored.value.record
  if (access !== null && access.expiresAt - minLeftMs > refreshing.making.ports.clock.now())
    return ok(bearer(access.token, access.expiresAt))
  return ask({ ...refreshing, held: stored.value })
}

async function ask(refreshing: Refreshing): Promise<Outcome<Made>> {
  const { recipe, making, held } = refreshing
  const call = await refreshCall(recipe, making, held.record)
  if (!call.ok) return call
  if (!isTimeLeft(refreshing))
    return failed('upstream_unreachable', { message: `credential ${making.id}: the store of its tokens is too slow` })
  const first = await askForToken(making, call.value)
  // The endpoint may have acted and only its answer was lost: some take the old token once more.
  const again = first.kind === 'unanswered' && held.record.failure?.unanswered !== true && isTimeLeft(refreshing)
  const result = again ? await askForToken(making, call.value) : first
  if (result.kind === 'granted') return keep(refreshing, result)
  if (first.kind === 'unanswered')
    making.ports.log.error('oauth_refresh_unanswered', { credential: making.id, reason: first.reason })
  if (result.kind === 'unsent')
    return failed(result.error.code, {
      message: `credential ${making.id}: token_url is not allowed; see allow_private and allow_http`,
    })
  return keepFailure(refreshing, failureOf(result, first.kind === 'unanswered', refreshing))
}

// A call that outlives the lease could meet the one of the next holder.
function isTimeLeft({ making, leaseEndsAt }: Refreshing): boolean {
  return making.ports.clock.mono() + tokenTimeoutMs <= leaseEndsAt
}

async function refreshCall(recipe: OAuthRecipe, making: Making, { refreshToken }: OAuthRecord) {
  const secret = recipe.clientSecret === null ? ok(null) : await making.read(recipe.clientSecret)
  if (!secret.ok) return secret
  const basic = recipe.clientAuth === 'basic' && secret.value !== null
  const form = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
    ...(!basic && { client_id: recipe.clientId }),
    ...(!basic && secret.value !== null && { client_secret: secret.value.reveal() }),
    ...(recipe.scope !== null && { scope: recipe.scope }),
  }
  const headers = basic && secret.value !== null ? { authorization: basicAuth(recipe.clientId, secret.value) } : {}
  return ok({ url: recipe.tokenUrl, who: 'the token endpoint', form, headers })
}

// https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: both parts are form-encoded first.
function basicAuth(clientId: string, secret: Secret): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  const pair = `${encode(clientId)}:${encode(secret.reveal())}`
  return `Basic ${encodeBase64(new TextEncoder().encode(pair))}`
}

async function keep(refreshing: Refreshing, granted: Granted): Promise<Outcome<Made>> {
  const { making, held } = refreshing
  const { accessToken: token, expiresAt } = granted
  const record: OAuthRecord = {
    refreshToken: granted.refreshToken ?? held.record.refreshToken,
    access: { token, expiresAt, obtainedAt: making.ports.clock.now() },
    failure: null,
  }
  const stored = await persist(refreshing, record)
  return stored.ok ? ok(bearer(token, expiresAt)) : stored
}

interface Unstored {
  readonly sent: Secret
  readonly record: OAuthRecord
}

// The one thing that is kept outside of the vault, and only while the vault takes nothing: without it the account is lost.
const unstored = new WeakMap<VaultStore, Map<string, Unstored>>()

function unstoredOf({ making, account, held }: Refreshing): Unstored | undefined {
  const waiting = unstored.get(making.ports.stores.vault)?.get(account.leaseName)
  return waiting?.sent.reveal() === held.record.refreshToken.reveal() ? waiting : undefined
}

function remember({ making, account, held }: Refreshing, record: OAuthRecord | undefined): void {
  const { vault } = making.ports.stores
  const waiting = unstored.get(vault) ?? new Map<string, Unstored>()
  unstored.set(vault, waiting)
  if (record === undefined) waiting.delete(account.leaseName)
  else waiting.set(account.leaseName, { sent: held.record.refreshToken, record })
}

/** Stores what came of the token that was sent, or keeps it for the next try. */
async function persist(refreshing: Refreshing, record: OAuthRecord): Promise<Outcome<HeldRecord>> {
  const { making } = refreshing
  const stored = await storeOnTop(refreshing, record)
  const isReplaced = !stored.ok && stored.error.code === 'conflict'
  remember(refreshing, stored.ok || isReplaced ? undefined : record)
  if (stored.ok) return stored
  const { code } = stored.error
  making.ports.log.error('oauth_successor_not_stored', { credential: making.id, code })
  return failed('upstream_unreachable', {
    message:
      code === 'conflict'
        ? `credential ${making.id}: another refresh token was stored meanwhile: try again`
        : `credential ${making.id}: the refreshed token could not be stored, so it is not used`,
  })
}

/** Stores what came of the token that was sent. Gives way only to another token: who seals an entry anew changes nothing. */
async function storeOnTop({ making, account, held }: Refreshing, record: OAuthRecord): Promise<Outcome<HeldRecord>> {
  const sent = held.record.refreshToken.reveal()
  let under = held
  for (let attempt = 1; ; attempt++) {
    // An entry that was removed and set anew counts from 1 again, so the version alone does not tell.
    const current = await account.load()
    if (current.ok && current.value.record.refreshToken.reveal() !== sent) return failed('conflict')
    if (current.ok) under = current.value
    const stored = await account.store(under, record)
    if (stored.ok || attempt === storeAttempts) return stored
    await new Promise<void>((resolve) => void making.ports.clock.after(storePauseMs * attempt, resolve))
  }
}

function failureOf(
  result: Exclude<GrantResult, { readonly kind: 'granted' | 'unsent' }>,
  unanswered: boolean,
  { making, held }: Refreshing,
): RefreshFailure {
  const now = making.ports.clock.now()
  const grown = Math.min(maxRefreshPauseMs, (held.record.failure?.pauseMs ?? refreshPauseMs / 2) * 2)
  const asked = (result.kind === 'unavailable' ? result.retryAfterMs : null) ?? grown
  const pauseMs = Math.max(minRefreshPauseMs, asked)
  return {
    code: result.kind === 'refused' ? result.code : result.kind,
    reason: result.kind === 'refused' ? 'the token endpoint refused' : result.reason,
    final: result.kind === 'refused' && finalCodes.has(result.code),
    unanswered: unanswered || held.record.failure?.unanswered === true,
    pauseMs,
    retryAt: now + pauseMs,
  }
}

// Stored, so that no other instance asks again for nothing.
async function keepFailure(refreshing: Refreshing, failure: RefreshFailure): Promise<Outcome<Made>> {
  const { making, account, held } = refreshing
  const { log } = making.ports
  await account.store(held, { ...held.record, failure })
  const reason = failure.unanswered ? 'an earlier refresh got no answer' : undefined
  const fields = { credential: making.id, code: failure.code, reason }
  if (failure.final) log.error('oauth_login_needed', fields)
  else log.warn('oauth_refresh_failed', fields)
  return failureOutcome(making, failure)
}

// What is kept of an OAuth account between processes and isolates: one sealed entry of the vault, written in one step, so
// that a refresh token and the access token that came with it are never seen apart.
import type { CredentialRecipe } from '../../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { readSealedVersion, writeSealed } from '../../sealing/vault.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Making } from '../recipe.ts'

export type OAuthRecipe = Extract<CredentialRecipe, { readonly type: 'oauth' }>

/** An access token as it was granted. Times in Unix milliseconds. */
export interface StoredAccess {
  readonly token: Secret
  readonly expiresAt: number
  readonly obtainedAt: number
}

/** Why the last refresh brought nothing. */
export interface RefreshFailure {
  /** The endpoint's error code; `unavailable` or `unanswered` where it did not decide. */
  readonly code: string
  /** In our words. */
  readonly reason: string
  /** The endpoint will not take this refresh token again: only a new login helps. */
  readonly final: boolean
  /** An earlier call with this refresh token got no answer: its successor may be lost. */
  readonly unanswered: boolean
  /** How long the endpoint is left alone, and until when in Unix milliseconds. */
  readonly pauseMs: number
  readonly retryAt: number
}

export interface OAuthRecord {
  readonly refreshToken: Secret
  readonly access: StoredAccess | null
  readonly failure: RefreshFailure | null
}

/** A record with what is needed to write on top of it. */
export interface HeldRecord {
  readonly record: OAuthRecord
  /** 0: nothing is stored yet. */
  readonly version: number
  /** What else the entry holds: other members, and the digest of the configured token. */
  readonly rest: Readonly<Record<string, unknown>>
}

/** The member of an entry's JSON that is ours. */
const ourMember = 'signalbox_oauth'
const defaultField = 'refresh_token'

/** The entry of an account whose refresh token is kept elsewhere. No id of a credential holds what stands for its `+`. */
export function oauthEntryName(id: string): string {
  return `oauth/${id.replaceAll('+', ':')}`
}

/** Reads and writes the entry of one account. */
export interface OAuthAccount {
  /** The lease that whoever refreshes has to hold. */
  readonly leaseName: string
  load(): Promise<Outcome<HeldRecord>>
  /** Fails with `conflict` where the entry is no longer the one that was loaded. */
  store(held: HeldRecord, record: OAuthRecord): Promise<Outcome<HeldRecord>>
}

/**
 * The account of a credential. A refresh token from the vault is written back to its entry; one from elsewhere is kept in
 * `oauthEntryName` with a digest of the configured token, so that a newly configured one wins.
 */
export function oauthAccount(recipe: OAuthRecipe, making: Making): OAuthAccount {
  const { refresh } = recipe
  const sealed = refresh.source === 'sealed' ? refresh : undefined
  const name = sealed?.name ?? oauthEntryName(making.id)
  const field = sealed?.field ?? defaultField
  return {
    leaseName: `refresh/${name}`,
    load: () => (sealed === undefined ? loadBeside(recipe, making, name) : loadOwn(making, name, field)),
    async store(held, record) {
      const text = JSON.stringify(membersOf(held, record, field))
      const written = await writeSealed(making.ports, name, new Secret(name, text), held.version)
      return written.ok ? ok({ record, version: written.value, rest: held.rest }) : written
    },
  }
}

async function loadOwn(making: Making, name: string, field: string): Promise<Outcome<HeldRecord>> {
  const read = await readSealedVersion(making.ports, name)
  if (!read.ok) return read
  const { value, version } = read.value
  const members = parseJson(value.reveal())
  if (!isObject(members)) {
    const record = {
      refreshToken: new Secret(`${making.id} refresh`, value.reveal().trim()),
      access: null,
      failure: null,
    }
    return ok({ record, version, rest: {} })
  }
  const record = recordOf(members, making.id, field)
  if (record !== undefined) return ok({ record, version, rest: members })
  return failed('missing_credential', {
    message: `credential ${making.id}: the vault entry ${name} has no text in its member "${field}"`,
  })
}

async function loadBeside(recipe: OAuthRecipe, making: Making, name: string): Promise<Outcome<HeldRecord>> {
  const configured = await making.read(recipe.refresh)
  if (!configured.ok) return configured
  const initial = await digest(configured.value)
  const fresh = { refreshToken: configured.value, access: null, failure: null }
  const rest = { [ourMember]: { initial } }
  const present = await isThere(making, name)
  if (!present.ok) return present
  if (!present.value) return ok({ record: fresh, version: 0, rest })
  const read = await readSealedVersion(making.ports, name)
  if (!read.ok) return read
  const members = parseJson(read.value.value.reveal())
  const ours = isObject(members) ? members[ourMember] : undefined
  const same = isObject(ours) && ours['initial'] === initial
  const record = same && isObject(members) ? recordOf(members, making.id, defaultField) : undefined
  return ok({ record: record ?? fresh, version: read.value.version, rest })
}

async function isThere({ ports }: Making, name: string): Promise<Outcome<boolean>> {
  try {
    return ok((await ports.stores.vault.get(name)) !== undefined)
  } catch (cause) {
    return failed('store_unavailable', { message: 'the vault cannot be reached', cause })
  }
}

function recordOf(members: Record<string, unknown>, id: string, field: string): OAuthRecord | undefined {
  const token = members[field]
  if (typeof token !== 'string' || token.trim() === '') return undefined
  const ours = members[ourMember]
  const refreshToken = new Secret(`${id} refresh`, token.trim())
  if (!isObject(ours)) return { refreshToken, access: null, failure: null }
  return { refreshToken, access: accessOf(ours, id), failure: failureOf(ours['failure']) }
}

function accessOf(ours: Record<string, unknown>, id: string): StoredAccess | null {
  const { access_token: token, expires_at: expiresAt, obtained_at: obtainedAt } = ours
  if (typeof token !== 'string' || typeof expiresAt !== 'number' || typeof obtainedAt !== 'number') return null
  return { token: new Secret(id, token), expiresAt, obtainedAt }
}

function failureOf(value: unknown): RefreshFailure | null {
  if (!isObject(value) || typeof value['code'] !== 'string' || typeof value['retry_at'] !== 'number') return null
  return {
    code: value['code'],
    reason: typeof value['reason'] === 'string' ? value['reason'] : 'the token endpoint failed',
    final: value['final'] === true,
    unanswered: value['unanswered'] === true,
    pauseMs: typeof value['pause_ms'] === 'number' ? value['pause_ms'] : 0,
    retryAt: value['retry_at'],
  }
}

function membersOf(held: HeldRecord, record: OAuthRecord, field: string): Record<string, unknown> {
  const { refreshToken, access, failure } = record
  const before = held.rest[ourMember]
  return {
    ...held.rest,
    [field]: refreshToken.reveal(),
    [ourMember]: {
      ...(isObject(before) && typeof before['initial'] === 'string' && { initial: before['initial'] }),
      ...(access !== null && {
        access_token: access.token.reveal(),
        expires_at: access.expiresAt,
        obtained_at: access.obtainedAt,
      }),
      ...(failure !== null && {
        failure: {
          code: failure.code,
          reason: failure.reason,
          final: failure.final,
          unanswered: failure.unanswered,
          pause_ms: failure.pauseMs,
          retry_at: failure.retryAt,
        },
      }),
    },
  }
}

async function digest(secret: Secret): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret.reveal().trim()))
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

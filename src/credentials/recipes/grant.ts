// What a token endpoint's answer means: a token, a refusal, or nothing that can be relied on.
// https://www.rfc-editor.org/rfc/rfc6749#section-5
import { failed, ok, type GatewayError, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Made, Making } from '../recipe.ts'
import { postForm, type TokenCall, type TokenReply } from './token-call.ts'

/** How long a token is taken to live whose answer does not say, in seconds. */
export const defaultLifetimeS = 3600
/** No token is believed to live longer, in seconds. */
export const maxLifetimeS = 366 * 24 * 3600
/** The longest token that is accepted, in characters; it has to fit into a header. */
export const maxTokenLength = 16 * 1024
/** The longest pause that an endpoint may ask for, in milliseconds. */
export const maxRetryAfterMs = 300_000

export interface Granted {
  readonly kind: 'granted'
  readonly accessToken: Secret
  /** Unix milliseconds at which it runs out, by our clock. */
  readonly expiresAt: number
  /** Null where the endpoint left the refresh token as it was. */
  readonly refreshToken: Secret | null
}

export type GrantResult =
  | Granted
  /** The endpoint said no, and why: an error code of RFC 6749, or of its own. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The endpoint said that it cannot now. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'unsent'; readonly error: GatewayError }
  /** No answer, or none that can be read: whether the endpoint acted is not known. */
  | { readonly kind: 'unanswered'; readonly reason: string }

/** Asks for a token. `id` names the secrets that come of it. Never rejects. */
export async function askForToken(making: Making, call: TokenCall): Promise<GrantResult> {
  const askedAt = making.ports.clock.now()
  const reply = await postForm(making, call)
  return reply.kind === 'answered' ? readGrant(reply, { id: making.id, who: call.who, askedAt }) : reply
}

type Answered = Extract<TokenReply, { readonly kind: 'answered' }>

interface Asked {
  readonly id: string
  readonly who: string
  /** Unix milliseconds. */
  readonly askedAt: number
}

/** Reads an answer in JSON or as a form. */
export function readGrant(reply: Answered, { id, who, askedAt }: Asked): GrantResult {
  const { status } = reply
  const members = readMembers(reply)
  const refusal = refusalOf(members)
  const token = members['access_token']
  if (status >= 200 && status < 300) {
    if (typeof token === 'string' && isToken(token)) return granted(members, token, id, askedAt)
    // Some answer a refusal with 200.
    return refusal === undefined
      ? { kind: 'unanswered', reason: `${who} answered without a token` }
      : { kind: 'refused', code: refusal }
  }
  if (status >= 500 || status === 429 || status === 408 || refusal === 'temporarily_unavailable')
    return { kind: 'unavailable', reason: `${who} answered with status ${status}`, retryAfterMs: retryAfter(reply) }
  return { kind: 'refused', code: refusal ?? `status_${status}` }
}

function granted(members: Members, token: string, id: string, askedAt: number): Granted {
  const lifetimeMs = lifetime(members['expires_in']) * 1000
  const refresh = members['refresh_token']
  return {
    kind: 'granted',
    accessToken: new Secret(id, token),
    expiresAt: askedAt + lifetimeMs,
    refreshToken: typeof refresh === 'string' && isToken(refresh) ? new Secret(`${id} refresh`, refresh) : null,
  }
}

/** Whether a text can be a token: printable ASCII without blanks, so that it cannot end a header. */
export function isToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[\x21-\x7e]+$/.test(text)
}

type Members = Readonly<Record<string, unknown>>

function readMembers({ text }: Answered): Members {
  const parsed = parseJson(text)
  if (isObject(parsed)) return parsed
  // https://docs.github.com/apps answers as a form unless asked otherwise.
  return text.includes('=') ? Object.fromEntries(new URLSearchParams(text.trim())) : {}
}

function lifetime(value: unknown): number {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 1) return defaultLifetimeS
  return Math.min(seconds, maxLifetimeS)
}

// The code only: a description may repeat what was sent.
function refusalOf(members: Members): string | undefined {
  const { error } = members
  const code = isObject(error) ? (error['code'] ?? error['type']) : error
  if (typeof code !== 'string' || code === '') return undefined
  return /^[\w.-]{1,64}$/.test(code) ? code : 'unreadable_error'
}

function retryAfter({ headers }: Answered): number | null {
  const value = headers.get('retry-after')
  return value !== null && /^\d{1,9}$/.test(value) ? Math.min(Number(value) * 1000, maxRetryAfterMs) : null
}

/** A grant as what a maker returns; a failure with what to do about it. `endpoint` is named in messages. */
export function madeOfGrant(
  result: GrantResult,
  { id }: Making,
  { who, remedy }: { readonly who: string; readonly remedy: string },
): Outcome<Made> {
  switch (result.kind) {
    case 'granted':
      return ok(bearer(result.accessToken, result.expiresAt))
    case 'refused':
      return failed('missing_credential', {
        message: `credential ${id}: ${who} refused it (${result.code}): ${remedy}`,
      })
    case 'unsent':
      return failed(result.error.code, {
        message: `credential ${id}: ${result.error.message}; see allow_private and allow_http`,
      })
    case 'unavailable':
    case 'unanswered':
      return failed('upstream_unreachable', {
        message: `credential ${id}: ${result.reason}`,
        ...(result.kind === 'unavailable' && result.retryAfterMs !== null && { retryAfterMs: result.retryAfterMs }),
      })
  }
}

/** An access token that travels as bearer. */
export function bearer(secret: Secret, expiresAt: number | null): Made {
  return { material: { kind: 'token', secret, scheme: { kind: 'bearer' } }, expiresAt, renewable: true }
}

// Puts an account's secret on an outgoing request. Knows the schemes, not where secrets come from.
import type { AuthScheme } from '../catalog/snapshot.ts'
import { assertNever } from '../ir/assert-never.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import type { AwsMaterial, Material } from './material.ts'
import { signSigV4 } from './sigv4.ts'

export interface SignableRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** What a signature depends on beside the request. */
export interface SigningPlace {
  readonly region: string | null
  /** Unix milliseconds. */
  readonly now: number
}

/**
 * The request with the secret in the place that the scheme names. `none` leaves it as it is.
 * A promise for signatures only. Fails with `missing_credential` where scheme and secret do not go together.
 */
export function signRequest(
  request: SignableRequest,
  scheme: AuthScheme,
  material: Material,
  place: SigningPlace,
): Outcome<SignableRequest> | Promise<Outcome<SignableRequest>> {
  if (scheme.kind === 'none' || material.kind === 'none') return ok(request)
  if (material.kind === 'aws') return aws(request, scheme, material, place)
  const chosen = material.scheme ?? scheme
  const headers = withHeaders(request.headers, material.headers ?? {})
  return withToken({ ...request, headers }, chosen, material.secret)
}

function aws(
  request: SignableRequest,
  scheme: AuthScheme,
  material: AwsMaterial,
  place: SigningPlace,
): Outcome<SignableRequest> | Promise<Outcome<SignableRequest>> {
  if (scheme.kind !== 'sigv4')
    return failed('missing_credential', { message: `AWS keys cannot be sent with the scheme "${scheme.kind}"` })
  const region = place.region ?? material.region
  if (region === null) return failed('missing_credential', { message: 'the provider has no region' })
  return signSigV4(request, material, { service: scheme.service, region, now: place.now })
}

function withToken(request: SignableRequest, scheme: AuthScheme, secret: Secret): Outcome<SignableRequest> {
  const { headers } = request
  switch (scheme.kind) {
    case 'none':
      return ok(request)
    // A service that signs takes keys of its own as bearer: Bedrock's.
    case 'sigv4':
    case 'bearer':
      return ok({ ...request, headers: { ...headers, authorization: `Bearer ${secret.reveal()}` } })
    case 'header':
      return ok({ ...request, headers: { ...headers, [scheme.name.toLowerCase()]: secret.reveal() } })
    case 'query': {
      const separator = request.url.includes('?') ? '&' : '?'
      const parameter = `${encodeURIComponent(scheme.name)}=${encodeURIComponent(secret.reveal())}`
      return ok({ ...request, url: request.url + separator + parameter })
    }
    default:
      return assertNever(scheme)
  }
}

function withHeaders(
  headers: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const all = { ...headers }
  for (const [name, value] of Object.entries(more)) {
    const present = all[name]
    all[name] = present === undefined || present === '' ? value : `${present},${value}`
  }
  return all
}

// Who the machine is in Azure: a token from App Service's own endpoint where there is one, else from the instance
// metadata service. Nothing is cached here.
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
// https://learn.microsoft.com/azure/app-service/overview-managed-identity
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { MachineToken } from '../../src/ports/index.ts'
import { isObject, parseJson } from '../../src/wire/json-parse.ts'
import { callMetadata, processVariable, textOf, type MetadataCall, type Variable } from './metadata-call.ts'

const imdsEndpoint = 'http://169.254.169.254'
// Where App Service and Container Apps put their endpoint; its header is a secret, and goes nowhere else in the clear.
const localHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|169\.254\.\d{1,3}\.\d{1,3})$/

/**
 * A token for a resource (`https://cognitiveservices.azure.com`), of the identity with this client id; null: of the only
 * one. `now` in Unix milliseconds. Fails with `missing_credential`.
 */
export async function readManagedIdentity(
  resource: string,
  clientId: string | null,
  variable: Variable = processVariable,
  now: () => number = Date.now,
): Promise<Outcome<MachineToken>> {
  const call = identityCall(resource, clientId, variable)
  if (call === undefined) return missing('IDENTITY_ENDPOINT is no address of this machine')
  const answer = await callMetadata(call)
  if (answer === undefined)
    return missing('no identity endpoint answers: this is no machine of Azure, or it has no managed identity')
  const members = parseJson(answer.text)
  if (answer.status !== 200) return missing(`its endpoint refuses (${refusalOf(members, answer.status)})`)
  if (!isObject(members)) return missing('its endpoint answered something that is not JSON')
  const token = members['access_token']
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) return missing('its endpoint gave no token')
  return ok({ secret: new Secret('managed identity', token), expiresAt: endOf(members, now()) })
}

function identityCall(resource: string, clientId: string | null, variable: Variable): MetadataCall | undefined {
  const endpoint = textOf(variable, 'IDENTITY_ENDPOINT')
  const header = textOf(variable, 'IDENTITY_HEADER')
  const isAppService = endpoint !== '' && header !== ''
  const url = isAppService ? localUrl(endpoint) : imdsUrl(variable)
  if (url === undefined) return undefined
  url.searchParams.set('api-version', isAppService ? '2019-08-01' : '2018-02-01')
  url.searchParams.set('resource', resource)
  if (clientId !== null) url.searchParams.set('client_id', clientId)
  return { method: 'GET', url, headers: isAppService ? { 'x-identity-header': header } : { metadata: 'true' } }
}

// AZURE_POD_IDENTITY_AUTHORITY_HOST is how Azure's own libraries are told of a stand-in for the metadata service.
function imdsUrl(variable: Variable): URL | undefined {
  const given = textOf(variable, 'AZURE_POD_IDENTITY_AUTHORITY_HOST')
  const base = given === '' ? new URL(imdsEndpoint) : localUrl(given)
  return base === undefined ? undefined : new URL('/metadata/identity/oauth2/token', base)
}

function localUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  return (url.protocol === 'http:' || url.protocol === 'https:') && localHosts.test(url.hostname) ? url : undefined
}

/** The end as the endpoints write it: Unix seconds as text, seconds from now, or a date. */
function endOf(members: Record<string, unknown>, now: number): number | null {
  const { expires_on: on, expires_in: within } = members
  const unix = Number(on)
  if ((typeof on === 'string' || typeof on === 'number') && on !== '' && Number.isFinite(unix)) return unix * 1000
  const date = typeof on === 'string' ? Date.parse(on) : Number.NaN
  if (!Number.isNaN(date)) return date
  const seconds = Number(within)
  return (typeof within === 'string' || typeof within === 'number') && Number.isFinite(seconds) && seconds > 0
    ? now + seconds * 1000
    : null
}

function refusalOf(members: unknown, status: number): string {
  const code = isObject(members) ? members['error'] : undefined
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : `status ${status}`
}

function missing(what: string): Outcome<never> {
  return failed('missing_credential', { message: `managed identity: ${what}` })
}

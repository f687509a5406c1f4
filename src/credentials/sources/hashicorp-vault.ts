// A secret in HashiCorp Vault or OpenBao: version 2 of the KV engine, over HTTP.
// https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version
import type { SecretSource } from '../../catalog/snapshot.ts'
import { failed, type Outcome } from '../../ir/error.ts'
import type { Secret } from '../../ir/secret.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { CredentialPorts } from '../recipe.ts'
import { callStore, type StoreAnswer } from './http.ts'
import { maxSecretLength, memberOf } from './text.ts'

type VaultSource = Extract<SecretSource, { readonly source: 'hashicorp_vault' }>

const who = 'HashiCorp Vault'

/**
 * The member `field` of the newest version. The server's address and token are the variables that Vault's own tools read;
 * whoever sets them to a private or unencrypted address means it, and no proxy stands in between.
 * Fails with `missing_credential` where the entry or the right to read it is not there, with `upstream_unreachable` where
 * the server is not there or sealed.
 */
export async function readHashicorpVault(
  source: VaultSource,
  id: string,
  ports: CredentialPorts,
): Promise<Outcome<Secret>> {
  const address = ports.secrets.get(source.addressEnv) ?? ''
  const token = ports.secrets.get(source.tokenEnv) ?? ''
  const namespace = ports.secrets.get(source.namespaceEnv) ?? ''
  for (const [name, value] of [
    [source.addressEnv, address],
    [source.tokenEnv, token],
  ] as const)
    if (value === '')
      return missing(id, `the environment variable ${name} is not set; ${who} needs its address and a token`)
  const url = entryUrl(address, source)
  if (url === undefined) return missing(id, `${source.addressEnv} is not a URL such as https://vault.example.com:8200`)
  if (!isHeaderValue(token)) return missing(id, `${source.tokenEnv} holds a line break or what no header can carry`)
  if (!isHeaderValue(namespace))
    return missing(id, `${source.namespaceEnv} holds a line break or what no header can carry`)
  const answer = await callStore(ports, {
    method: 'GET',
    url: url.href,
    headers: {
      accept: 'application/json',
      'x-vault-token': token,
      // Vault's agent and proxy may insist on it: https://developer.hashicorp.com/vault/docs/agent-and-proxy
      'x-vault-request': 'true',
      ...(namespace !== '' && { 'x-vault-namespace': namespace }),
    },
    way: { allowPrivate: true, allowHttp: url.protocol === 'http:', egress: null },
    who: `${who} (${source.addressEnv})`,
  })
  if (!answer.ok)
    return failed(answer.error.code, { message: `credential ${id}: ${answer.error.message}`, cause: answer.error })
  return secretOf(answer.value, source, id)
}

function missing(id: string, what: string): Outcome<never> {
  return failed('missing_credential', { message: `credential ${id}: ${what}` })
}

function unreachable(id: string, what: string): Outcome<never> {
  return failed('upstream_unreachable', { message: `credential ${id}: ${what}` })
}

function entryUrl(address: string, { mount, path }: VaultSource): URL | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${segments(mount)}/data/${segments(path)}`
  url.search = ''
  url.hash = ''
  return url
}

function segments(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
    .map(encodeURIComponent)
    .join('/')
}

/** What every runtime can put into a header. */
export function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text)
}

function secretOf({ status, text }: StoreAnswer, source: VaultSource, id: string): Outcome<Secret> {
  const place = `${who} ${source.mount}/${source.path}`
  const answer = parseJson(text)
  const outer = isObject(answer) && isObject(answer['data']) ? answer['data'] : undefined
  switch (status) {
    case 200:
      break
    case 404:
      // A version that was deleted is said with its metadata: https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2
      return missing(id, isObject(outer?.['metadata']) ? deleted(outer['metadata'], place) : `${place} is not there`)
    case 400:
      return missing(
        id,
        `${place}: the server does not take the request; see "mount", "path" and ${source.namespaceEnv}`,
      )
    case 403:
      return missing(id, `${place}: permission denied: ${source.tokenEnv} has ended, or its policy has no "read" on it`)
    case 429:
    case 500:
    case 502:
    case 504:
      return unreachable(id, `${who} answered with status ${status}`)
    case 503:
      return unreachable(id, `${who} is sealed or down for maintenance`)
    default:
      return status >= 300 && status < 400
        ? unreachable(id, `${source.addressEnv} leads to a standby, which sends on: name the active server`)
        : unreachable(id, `${who} answered with status ${status}`)
  }
  const entry = outer?.['data']
  if (!isObject(entry) || !isObject(outer?.['metadata']))
    return missing(id, `${place} is not in a KV engine of version 2; see "mount"`)
  const secret = memberOf(entry, { id, place, field: source.field }, source.field)
  return secret.ok && secret.value.reveal().length > maxSecretLength
    ? missing(id, `${place} holds more than ${maxSecretLength} characters`)
    : secret
}

function deleted(metadata: Readonly<Record<string, unknown>>, place: string): string {
  const { version, destroyed } = metadata
  const which = typeof version === 'number' ? `version ${version}` : 'the newest version'
  return destroyed === true
    ? `${place}: ${which} was destroyed; write a new one`
    : `${place}: ${which} was deleted; undelete it, or write a new one`
}

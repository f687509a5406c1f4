// The keys that ECS and EKS Pod Identity give to a container.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
import { failed, type Outcome } from '../../src/ir/error.ts'
import type { MachineAwsKeys } from '../../src/ports/index.ts'
import { readKeys } from './aws-role-keys.ts'
import { callMetadata, textOf, type Variable } from './metadata-call.ts'
import { readProjectedFile } from './projected-file.ts'

const ecsEndpoint = 'http://169.254.170.2'
// Loopback, ECS, and EKS Pod Identity: where a token may be sent without encryption, as AWS's own SDKs have it.
const plainHosts = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/

/** The keys; undefined where the platform names no endpoint for them. */
export async function containerKeys(variable: Variable): Promise<Outcome<MachineAwsKeys> | undefined> {
  const relative = textOf(variable, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI')
  const full = textOf(variable, 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
  if (relative === '' && full === '') return undefined
  const url = relative !== '' ? relativeUrl(relative) : fullUrl(full)
  if (url === undefined)
    return missing('its endpoint is neither https nor an address of this machine, so no token is sent there')
  const authorization = await authorizationOf(variable)
  if (!authorization.ok) return authorization
  const headers = {
    accept: 'application/json',
    ...(authorization.value !== '' && { authorization: authorization.value }),
  }
  const answer = await callMetadata({ method: 'GET', url, headers })
  if (answer?.status !== 200) return missing(`its endpoint gives no keys (status ${answer?.status ?? 'none'})`)
  return readKeys(answer.text)
}

function relativeUrl(path: string): URL | undefined {
  if (!path.startsWith('/') || path.startsWith('//')) return undefined
  const url = new URL(path, ecsEndpoint)
  return url.origin === ecsEndpoint ? url : undefined
}

function fullUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && plainHosts.test(url.hostname) ? url : undefined
}

// The file goes before the variable: the platform replaces it, and a variable stays as it was at the start.
async function authorizationOf(variable: Variable): Promise<Outcome<string>> {
  const path = textOf(variable, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  if (path === '') return checked(textOf(variable, 'AWS_CONTAINER_AUTHORIZATION_TOKEN'))
  const read = await readProjectedFile(path)
  return read.ok ? checked(read.value.trim()) : read
}

function checked(token: string): Outcome<string> {
  return /^[\x20-\x7e]*$/.test(token) ? { ok: true, value: token } : missing('its authorization token is not one line')
}

function missing(what: string): Outcome<never> {
  return failed('missing_credential', { message: `AWS container role: ${what}` })
}

// The role of the machine or of its container, from AWS's metadata services. Nothing is cached here.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
import { failed, type Outcome } from '../../src/ir/error.ts'
import type { MachineAwsKeys } from '../../src/ports/index.ts'
import { readKeys } from './aws-role-keys.ts'
import { containerKeys } from './container-keys.ts'
import { callMetadata, processVariable, textOf, type Variable } from './metadata-call.ts'

const ipv4Endpoint = 'http://169.254.169.254'
const ipv6Endpoint = 'http://[fd00:ec2::254]'
const rolePath = '/latest/meta-data/iam/security-credentials/'
/** How long the session token is asked for, in seconds: it serves one look. */
const sessionTtlS = 60

/**
 * The keys of the container's role where the platform names an endpoint for them (ECS, EKS Pod Identity), else those of
 * the instance profile through IMDSv2; version 1, which answers anybody, is never asked. Fails with `missing_credential`.
 */
export async function readInstanceProfile(variable: Variable = processVariable): Promise<Outcome<MachineAwsKeys>> {
  const fromContainer = await containerKeys(variable)
  if (fromContainer !== undefined) return fromContainer
  if (textOf(variable, 'AWS_EC2_METADATA_DISABLED').toLowerCase() === 'true')
    return missing('AWS_EC2_METADATA_DISABLED is set, and no container endpoint is')
  const base = endpointOf(variable)
  if (base === undefined) return missing('AWS_EC2_METADATA_SERVICE_ENDPOINT is no http address of this machine')
  const token = await callMetadata({
    method: 'PUT',
    url: new URL('/latest/api/token', base),
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(sessionTtlS) },
  })
  if (token === undefined)
    return missing(
      'no instance metadata service answers: this is no EC2 instance, or its hop limit is too low for a container (2 is needed)',
    )
  if (token.status !== 200 || !/^[\x21-\x7e]{1,1024}$/.test(token.text))
    return missing(`the instance metadata service gives no session token (status ${token.status})`)
  return keysOfRole(base, { 'x-aws-ec2-metadata-token': token.text })
}

async function keysOfRole(base: URL, headers: Readonly<Record<string, string>>): Promise<Outcome<MachineAwsKeys>> {
  const roles = await callMetadata({ method: 'GET', url: new URL(rolePath, base), headers })
  const role = roles?.text.trim().split('\n')[0]?.trim() ?? ''
  if (roles?.status === 404 || (roles?.status === 200 && role === ''))
    return missing('the instance has no instance profile: attach a role to it')
  if (roles?.status !== 200 || !/^[\w+=,.@-]{1,128}$/.test(role))
    return missing(`the instance metadata service names no role (status ${roles?.status ?? 'none'})`)
  const keys = await callMetadata({ method: 'GET', url: new URL(rolePath + encodeURIComponent(role), base), headers })
  if (keys?.status !== 200)
    return missing(`the instance metadata service gives no keys (status ${keys?.status ?? 'none'})`)
  return readKeys(keys.text)
}

function missing(what: string): Outcome<never> {
  return failed('missing_credential', { message: `AWS role: ${what}` })
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
function endpointOf(variable: Variable): URL | undefined {
  const given = textOf(variable, 'AWS_EC2_METADATA_SERVICE_ENDPOINT')
  if (given === '') {
    const mode = textOf(variable, 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE').toLowerCase()
    return new URL(mode === 'ipv6' ? ipv6Endpoint : ipv4Endpoint)
  }
  if (!URL.canParse(given)) return undefined
  const url = new URL(given)
  return url.protocol === 'http:' && url.username === '' && url.password === '' ? url : undefined
}

// AWS keys for a token that the platform gives to a workload (EKS and its like): AssumeRoleWithWebIdentity.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
import type { AwsKeySource } from '../../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import type { Made, Making } from '../recipe.ts'
import { postForm, type TokenReply } from './token-call.ts'
import { xmlText } from './xml-text.ts'

type WebIdentity = Extract<AwsKeySource, { readonly from: 'web_identity' }>

/** Trades the workload's token for the keys of its role. The file is read each time: the platform replaces it. */
export async function assumeWebIdentity(
  keys: WebIdentity,
  making: Making,
  region: string | null,
): Promise<Outcome<Made>> {
  const roleArn = making.ports.secrets.get(keys.roleArnEnv)?.trim() ?? ''
  const path = making.ports.secrets.get(keys.tokenFileEnv)?.trim() ?? ''
  const unset = [roleArn === '' && keys.roleArnEnv, path === '' && keys.tokenFileEnv].filter((name) => name !== false)
  if (unset.length > 0) return missing(making, `${unset.join(' and ')} not set`)
  const url = stsUrl(making, region)
  if (url === undefined) return missing(making, 'the AWS region is not one')
  const token = await readToken(making, path)
  if (!token.ok) return token
  const form = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: sessionName(making),
    WebIdentityToken: token.value.reveal(),
  }
  const reply = await postForm(making, { url, who: 'AWS STS', form, headers: { accept: 'application/xml, text/xml' } })
  return keysOf(reply, making, region)
}

function missing({ id }: Making, what: string): Outcome<never> {
  return failed('missing_credential', { message: `credential ${id}: ${what}` })
}

async function readToken(making: Making, path: string): Promise<Outcome<Secret>> {
  const { machine } = making.ports
  if (machine === undefined) return missing(making, 'this runtime has no files, so no web identity; use access keys')
  const read = await (machine.readProjectedFile?.(path) ?? machine.readOwnFile(path))
  if (!read.ok) return read
  const token = read.value.trim()
  return token === '' ? missing(making, 'the web identity token file is empty') : ok(new Secret(making.id, token))
}

// AWS_ENDPOINT_URL_STS is what AWS's own SDKs read, for VPC endpoints.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
function stsUrl({ ports, region: requestRegion }: Making, ownRegion: string | null): string | undefined {
  const endpoint = ports.secrets.get('AWS_ENDPOINT_URL_STS')?.trim() ?? ''
  if (endpoint !== '') return endpoint
  const region = ownRegion ?? requestRegion
  if (region === null) return 'https://sts.amazonaws.com/'
  if (!/^[a-z\d]+(?:-[a-z\d]+){1,5}$/.test(region) || region.length > 32) return undefined
  return `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`
}

// 2 to 64 letters, digits and =,.@-_ ; it shows up in CloudTrail.
function sessionName({ ports }: Making): string {
  const given = ports.secrets.get('AWS_ROLE_SESSION_NAME') ?? ''
  return /^[\w+=,.@-]{2,64}$/.test(given) ? given : `signalbox-${ports.random.id()}`
}

function keysOf(reply: TokenReply, making: Making, region: string | null): Outcome<Made> {
  const { id } = making
  if (reply.kind === 'unsent')
    return failed(reply.error.code, {
      message: `credential ${id}: ${reply.error.message}; see allow_private and allow_http`,
    })
  if (reply.kind === 'unanswered')
    return failed('upstream_unreachable', { message: `credential ${id}: ${reply.reason}` })
  if (reply.status >= 500 || reply.status === 429)
    return failed('upstream_unreachable', { message: `credential ${id}: AWS STS answered with status ${reply.status}` })
  if (reply.status !== 200)
    return missing(
      making,
      `AWS STS refused the web identity (${errorCode(reply.text)}): check the role and its trust policy`,
    )
  const accessKeyId = xmlText(reply.text, 'AccessKeyId')
  const secretAccessKey = xmlText(reply.text, 'SecretAccessKey')
  const sessionToken = xmlText(reply.text, 'SessionToken')
  const expiration = Date.parse(xmlText(reply.text, 'Expiration') ?? '')
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
    return failed('upstream_unreachable', { message: `credential ${id}: AWS STS answered without keys` })
  const material = {
    kind: 'aws' as const,
    accessKeyId,
    secretAccessKey: new Secret(id, secretAccessKey),
    sessionToken: new Secret(`${id} session`, sessionToken),
    region,
  }
  return ok({ material, expiresAt: Number.isNaN(expiration) ? null : expiration, renewable: true })
}

function errorCode(xml: string): string {
  const code = xmlText(xml, 'Code') ?? ''
  return /^[\w.]{1,64}$/.test(code) ? code : 'no reason given'
}

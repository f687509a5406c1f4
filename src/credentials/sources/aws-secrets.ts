// A secret in AWS Secrets Manager: GetSecretValue in JSON 1.1, signed.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
import type { AwsMaterial } from '../../auth/material.ts'
import { signSigV4 } from '../../auth/sigv4.ts'
import type { CredentialRecord, SecretSource } from '../../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Secret } from '../../ir/secret.ts'
import { decodeBase64 } from '../../sealing/base64.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { CredentialPorts, WayOut } from '../recipe.ts'
import { callStore, type StoreAnswer } from './http.ts'
import { secretFrom } from './text.ts'

type AwsSource = Extract<SecretSource, { readonly source: 'aws_secrets' }>

/** Who reads Secrets Manager where the source names nobody: the variables that AWS's own tools read. */
export const environmentKeys: CredentialRecord = {
  id: 'aws:environment',
  recipe: {
    type: 'aws',
    keys: {
      from: 'env',
      accessKeyEnv: 'AWS_ACCESS_KEY_ID',
      secretKeyEnv: 'AWS_SECRET_ACCESS_KEY',
      sessionTokenEnv: 'AWS_SESSION_TOKEN',
    },
    regionEnv: 'AWS_REGION',
  },
  cacheTtlMs: 3_600_000,
  rotationMs: null,
}

export interface AwsReading {
  /** The credential's id. */
  readonly id: string
  readonly ports: CredentialPorts
  readonly way: WayOut
  readonly keys: AwsMaterial
}

const who = 'AWS Secrets Manager'
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
const endpointEnvs = ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ENDPOINT_URL'] as const

/**
 * The current version of the secret. Fails with `upstream_auth` where the keys are refused, with `missing_credential` where it or the right to read it is not there, with
 * `upstream_unreachable` where the service does not answer.
 */
export async function readAwsSecret(source: AwsSource, reading: AwsReading): Promise<Outcome<Secret>> {
  const { id, ports, keys } = reading
  const region = regionOf(source, reading)
  if (region === undefined) return missing(id, `no region: set "region" beside "name", or AWS_REGION`)
  const place = placeOf(region, reading)
  if (place === undefined) return missing(id, `${endpointEnvs.join(' or ')} is not a URL`)
  const request = {
    method: 'POST' as const,
    url: place.url,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
    body: new TextEncoder().encode(JSON.stringify({ SecretId: source.name })),
  }
  const signed = await signSigV4(request, keys, { service: 'secretsmanager', region, now: ports.clock.now() })
  if (!signed.ok) return signed
  const { url, headers } = signed.value
  const answer = await callStore(ports, { ...request, url, headers, way: place.way, who })
  if (!answer.ok)
    return failed(answer.error.code, { message: `credential ${id}: ${answer.error.message}`, cause: answer.error })
  const text = textOf(answer.value, source, id)
  return text.ok ? secretFrom(text.value, { id, place: `${who} ${source.name}`, field: source.field }) : text
}

function missing(id: string, what: string): Outcome<never> {
  return failed('missing_credential', { message: `credential ${id}: ${what}` })
}

// arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf
function regionOf({ name, region }: AwsSource, { ports, keys }: AwsReading): string | undefined {
  const arn = /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(name)?.[1]
  const { secrets } = ports
  const found = region ?? arn ?? keys.region ?? (secrets.get('AWS_REGION') || secrets.get('AWS_DEFAULT_REGION'))
  return found !== undefined && /^[a-z\d-]{1,64}$/.test(found) ? found : undefined
}

/** Where the service is; an address in the variable that AWS's own tools read may be private. */
function placeOf(region: string, { ports, way }: AwsReading): { url: string; way: WayOut } | undefined {
  const given = endpointEnvs.map((name) => ports.secrets.get(name)).find((value) => value !== undefined && value !== '')
  if (given === undefined) {
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
    return { url: `https://secretsmanager.${region}.${suffix}/`, way }
  }
  if (!URL.canParse(given)) return undefined
  const url = new URL(given)
  return { url: url.href, way: { ...way, allowPrivate: true, allowHttp: url.protocol === 'http:' } }
}

function textOf({ status, text }: StoreAnswer, source: AwsSource, id: string): Outcome<string> {
  const answer = parseJson(text)
  const members = isObject(answer) ? answer : {}
  if (status !== 200) return refusal(status, members['__type'], source, id)
  const { SecretString: string, SecretBinary: binary } = members
  if (typeof string === 'string') return ok(string)
  const bytes = typeof binary === 'string' ? decodeBase64(binary) : undefined
  if (bytes === undefined) return missing(id, `${who} ${source.name} holds neither text nor bytes`)
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    return missing(id, `${who} ${source.name} holds bytes that are not text`)
  }
}

function keysRefused(id: string, what: string): Outcome<never> {
  return failed('upstream_auth', { message: `credential ${id}: ${what}` })
}

// The name stands alone or behind a namespace: `com.amazonaws.secretsmanager#ResourceNotFoundException`.
function refusal(status: number, type: unknown, { name }: AwsSource, id: string): Outcome<never> {
  const kind = typeof type === 'string' ? (/^(?:.*#)?(\w{1,64})$/.exec(type)?.[1] ?? '') : ''
  switch (kind) {
    case 'ResourceNotFoundException':
      return missing(id, `${who} has no secret ${name} in this region and account`)
    case 'AccessDeniedException':
      return missing(id, `${who} does not let these keys read ${name}: they need secretsmanager:GetSecretValue`)
    case 'DecryptionFailure':
      return missing(id, `${who} cannot decrypt ${name}: the keys need kms:Decrypt on its key`)
    case 'InvalidRequestException':
      return missing(id, `${who} does not give out ${name}: it is marked for deletion, or has no current version`)
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'IncompleteSignatureException':
    case 'MissingAuthenticationTokenException':
      return keysRefused(
        id,
        `${who} does not accept the AWS keys (${kind}); a clock five minutes off has the same effect`,
      )
    case 'ExpiredTokenException':
      return keysRefused(id, `the AWS session token that reads ${name} has ended`)
    default: {
      const what = kind === '' ? `status ${status}` : `${kind} (status ${status})`
      const temporary = status >= 500 || status === 429 || /Throttl|TooManyRequests/.test(kind)
      return failed(temporary ? 'upstream_unreachable' : 'missing_credential', {
        message: `credential ${id}: ${who} answered ${what} for ${name}`,
      })
    }
  }
}

// AWS access keys: from variables, from a secret that is JSON, from the machine's role, or for a web identity.
import type { AwsMaterial } from '../../auth/material.ts'
import type { SecretSource } from '../../catalog/snapshot.ts'
import { assertNever } from '../../ir/assert-never.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Made, Maker, Making } from '../recipe.ts'
import { assumeWebIdentity } from './aws-web-identity.ts'

type AwsRecipe = Parameters<Maker<'aws'>>[0]

/** Makes AWS keys; the region is that of `region_env`, then AWS_REGION, then AWS_DEFAULT_REGION. */
export const makeAws: Maker<'aws'> = async (recipe, making) => {
  const region = regionOf(recipe, making)
  const { keys } = recipe
  switch (keys.from) {
    case 'env':
      return fromVariables(keys, making, region)
    case 'secret':
      return fromSecret(keys.secret, making, region)
    case 'instance_profile':
      return fromMachine(making, region)
    case 'web_identity':
      return assumeWebIdentity(keys, making, region)
    default:
      return assertNever(keys)
  }
}

function regionOf({ regionEnv }: AwsRecipe, { ports }: Making): string | null {
  for (const name of [regionEnv, 'AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const value = ports.secrets.get(name)?.trim() ?? ''
    if (value !== '') return value
  }
  return null
}

type EnvKeys = Extract<AwsRecipe['keys'], { readonly from: 'env' }>

function fromVariables(keys: EnvKeys, making: Making, region: string | null): Outcome<Made> {
  const value = (name: string): string => making.ports.secrets.get(name)?.trim() ?? ''
  const unset = [keys.accessKeyEnv, keys.secretKeyEnv].filter((name) => value(name) === '')
  if (unset.length > 0)
    return failed('missing_credential', {
      message: `credential ${making.id}: ${unset.join(' and ')} not set; a role of the machine is used with source "instance_profile" or "web_identity"`,
    })
  return awsKeys(making, {
    accessKeyId: value(keys.accessKeyEnv),
    secretAccessKey: value(keys.secretKeyEnv),
    sessionToken: value(keys.sessionTokenEnv),
    region,
  })
}

interface KeyTexts {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Empty where there is none. */
  readonly sessionToken: string
  readonly region: string | null
}

function awsKeys(making: Making, texts: KeyTexts, renewable = false): Outcome<Made> {
  const { accessKeyId, secretAccessKey, sessionToken, region } = texts
  // A blank or a line break in them comes from how they were stored, and would end in a refused signature.
  if (![accessKeyId, secretAccessKey].every((text) => /^[\x21-\x7e]+$/.test(text)))
    return failed('missing_credential', { message: `credential ${making.id}: the AWS keys hold blanks or line breaks` })
  const material: AwsMaterial = {
    kind: 'aws',
    accessKeyId,
    secretAccessKey: new Secret(making.id, secretAccessKey),
    sessionToken: sessionToken === '' ? null : new Secret(`${making.id} session`, sessionToken),
    region,
  }
  return ok({ material, expiresAt: null, renewable })
}

// Members as our documentation spells them, and as AWS's own tools write them.
const spellings = {
  accessKeyId: ['access_key_id', 'AccessKeyId', 'aws_access_key_id'],
  secretAccessKey: ['secret_access_key', 'SecretAccessKey', 'aws_secret_access_key'],
  sessionToken: ['session_token', 'SessionToken', 'aws_session_token'],
  region: ['region', 'Region'],
} as const

async function fromSecret(source: SecretSource, making: Making, region: string | null): Promise<Outcome<Made>> {
  const secret = await making.read(source)
  if (!secret.ok) return secret
  const members = parseJson(secret.value.reveal())
  const text = (name: keyof typeof spellings): string => {
    if (!isObject(members)) return ''
    const found = spellings[name].map((spelling) => members[spelling]).find((value) => typeof value === 'string')
    return typeof found === 'string' ? found.trim() : ''
  }
  if (text('accessKeyId') === '' || text('secretAccessKey') === '')
    return failed('missing_credential', {
      message: `credential ${making.id}: its secret is not JSON with access_key_id and secret_access_key`,
    })
  return awsKeys(
    making,
    {
      accessKeyId: text('accessKeyId'),
      secretAccessKey: text('secretAccessKey'),
      sessionToken: text('sessionToken'),
      region: text('region') === '' ? region : text('region'),
    },
    source.source !== 'env' && source.source !== 'inline',
  )
}

async function fromMachine(making: Making, region: string | null): Promise<Outcome<Made>> {
  const { machine } = making.ports
  if (machine === undefined)
    return failed('missing_credential', {
      message: `credential ${making.id}: this runtime has no instance profile; use access keys`,
    })
  const read = await machine.awsInstanceProfile()
  if (!read.ok) return read
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = read.value
  const material: AwsMaterial = { kind: 'aws', accessKeyId, secretAccessKey, sessionToken, region }
  return ok({ material, expiresAt, renewable: true })
}

// The JSON that Google hands out to prove who one is, checked before anything is signed with it.
// https://cloud.google.com/docs/authentication/application-default-credentials
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'

/** Where Google trades assertions and refresh tokens for access tokens. */
export const googleTokenUrl = 'https://oauth2.googleapis.com/token'
/** The universe of everybody who is not told otherwise. */
export const googleUniverse = 'googleapis.com'

export type GoogleKey =
  | {
      readonly type: 'service_account'
      readonly clientEmail: string
      readonly privateKey: Secret
      readonly privateKeyId: string | null
      readonly tokenUrl: string
      readonly universe: string
    }
  /** What `gcloud auth application-default login` writes. */
  | {
      readonly type: 'authorized_user'
      readonly clientId: string
      readonly clientSecret: Secret
      readonly refreshToken: Secret
      readonly tokenUrl: string
      readonly quotaProject: string | null
    }

/** Reads a key. Fails with `missing_credential`, naming the member that is not there, never what is in another. */
export function readGoogleKey(secret: Secret, id: string): Outcome<GoogleKey> {
  const members = parseJson(secret.reveal())
  if (!isObject(members)) return broken(id, 'is not a JSON object: store the whole key file')
  const text = (name: string): string => {
    const value = members[name]
    return typeof value === 'string' ? value.trim() : ''
  }
  const { type } = members
  if (type !== 'service_account' && type !== 'authorized_user')
    return broken(id, `is of type ${typeName(type)}: only service_account and authorized_user are supported`)
  const needed =
    type === 'service_account' ? ['client_email', 'private_key'] : ['client_id', 'client_secret', 'refresh_token']
  const absent = needed.find((name) => text(name) === '')
  if (absent !== undefined) return broken(id, `has no "${absent}"`)
  const tokenUrl = text('token_uri') === '' ? googleTokenUrl : text('token_uri')
  if (type === 'service_account') return serviceAccount(id, text, tokenUrl)
  return ok({
    type,
    clientId: text('client_id'),
    clientSecret: new Secret(id, text('client_secret')),
    refreshToken: new Secret(id, text('refresh_token')),
    tokenUrl,
    quotaProject: /^[\w:.-]{1,128}$/.test(text('quota_project_id')) ? text('quota_project_id') : null,
  })
}

function serviceAccount(id: string, text: (name: string) => string, tokenUrl: string): Outcome<GoogleKey> {
  const universe = text('universe_domain') === '' ? googleUniverse : text('universe_domain')
  if (!/^[a-z\d.-]{1,253}$/.test(universe)) return broken(id, 'has a "universe_domain" that is no host name')
  // A key that went through a shell or a .env file often has its line breaks as two characters.
  const pem = text('private_key').replaceAll('\\n', '\n')
  if (!pem.includes('-----BEGIN PRIVATE KEY-----'))
    return broken(id, 'has a "private_key" that does not begin with -----BEGIN PRIVATE KEY-----')
  return ok({
    type: 'service_account',
    clientEmail: text('client_email'),
    privateKey: new Secret(id, pem),
    privateKeyId: text('private_key_id') === '' ? null : text('private_key_id'),
    tokenUrl,
    universe,
  })
}

function typeName(type: unknown): string {
  return typeof type === 'string' && /^\w{1,40}$/.test(type) ? `"${type}"` : 'none that is known'
}

function broken(id: string, what: string): Outcome<never> {
  return failed('missing_credential', { message: `credential ${id}: the Google key ${what}` })
}

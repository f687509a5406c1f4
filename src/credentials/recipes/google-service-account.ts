// Google: a signed assertion of a service account, traded for an access token; or the refresh token of a person's login.
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
import { importPKCS8, SignJWT } from 'jose'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import type { Made, Maker, Making } from '../recipe.ts'
import { withoutHome } from '../without-home.ts'
import { askForToken, bearer, madeOfGrant } from './grant.ts'
import { googleUniverse, readGoogleKey, type GoogleKey } from './google-key.ts'

/** How long an assertion is good for, in seconds; Google takes at most an hour. */
export const assertionLifetimeS = 3600
/** Our clock may be ahead of Google's by this many seconds: an assertion of the future is refused. */
export const assertionSkewS = 30

type GoogleRecipe = Parameters<Maker<'google_service_account'>>[0]
type ServiceAccount = Extract<GoogleKey, { readonly type: 'service_account' }>
type AuthorizedUser = Extract<GoogleKey, { readonly type: 'authorized_user' }>

const who = "Google's token endpoint"
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const keyPath = 'GOOGLE_APPLICATION_CREDENTIALS'

/** Makes an access token of a Google key. */
export const makeGoogleServiceAccount: Maker<'google_service_account'> = async (recipe, making) => {
  const secret = await readKeyText(recipe, making)
  if (!secret.ok) return secret
  const key = readGoogleKey(secret.value, making.id)
  if (!key.ok) return key
  return key.value.type === 'service_account'
    ? serviceAccountToken(key.value, recipe.scope, making)
    : userToken(key.value, making)
}

/** The key as configured; where its variable is not set, the file that Google's own libraries would read. */
async function readKeyText({ secret }: GoogleRecipe, making: Making): Promise<Outcome<Secret>> {
  const { secrets, machine } = making.ports
  const isUnset = secret.source === 'env' && (secrets.get(secret.env) ?? '').trim() === ''
  const path = secrets.get(keyPath)?.trim() ?? ''
  if (!isUnset) return making.read(secret)
  if (path === '')
    return failed('missing_credential', {
      message: `credential ${making.id}: set ${secret.env} to the text of the key, or ${keyPath} to its path`,
    })
  if (machine === undefined)
    return failed('missing_credential', {
      message: `credential ${making.id}: this runtime has no files, so ${keyPath} is of no use: set ${secret.env} to the text of the key`,
    })
  const read = await machine.readOwnFile(path)
  if (read.ok) return ok(new Secret(making.id, read.value))
  return failed('missing_credential', {
    message: `credential ${making.id}: ${withoutHome(read.error.message, machine.home)}`,
    cause: read.error,
  })
}

async function serviceAccountToken(key: ServiceAccount, scope: string, making: Making): Promise<Outcome<Made>> {
  const nowS = Math.floor(making.ports.clock.now() / 1000)
  // Other universes have no endpoint for this: the assertion itself is the token there, as in Google's own libraries.
  const isOwnToken = key.universe !== googleUniverse
  const assertion = await signAssertion(key, { scope, nowS, isOwnToken })
  if (assertion === undefined)
    return failed('missing_credential', {
      message: `credential ${making.id}: the "private_key" of the Google key is not an RSA key in PKCS #8`,
    })
  if (isOwnToken)
    return ok(bearer(new Secret(making.id, assertion), (nowS - assertionSkewS + assertionLifetimeS) * 1000))
  const result = await askForToken(making, { url: key.tokenUrl, who, form: { grant_type: jwtBearer, assertion } })
  return madeOfGrant(result, making, {
    who,
    remedy: 'check that the key still exists, that the account is enabled, and the clock of this machine',
  })
}

interface AssertionPlan {
  readonly scope: string
  readonly nowS: number
  readonly isOwnToken: boolean
}

async function signAssertion(key: ServiceAccount, plan: AssertionPlan): Promise<string | undefined> {
  const { scope, nowS, isOwnToken } = plan
  const issuedAt = nowS - assertionSkewS
  try {
    const signer = await importPKCS8(key.privateKey.reveal(), 'RS256')
    const jwt = new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(key.privateKeyId !== null && { kid: key.privateKeyId }) })
      .setIssuer(key.clientEmail)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + assertionLifetimeS)
    return await (isOwnToken ? jwt.setSubject(key.clientEmail) : jwt.setAudience(key.tokenUrl)).sign(signer)
  } catch {
    return undefined
  }
}

async function userToken(key: AuthorizedUser, making: Making): Promise<Outcome<Made>> {
  const result = await askForToken(making, {
    url: key.tokenUrl,
    who,
    form: {
      grant_type: 'refresh_token',
      client_id: key.clientId,
      client_secret: key.clientSecret.reveal(),
      refresh_token: key.refreshToken.reveal(),
    },
  })
  const made = madeOfGrant(result, making, {
    who,
    remedy: 'run "gcloud auth application-default login" again',
  })
  if (!made.ok || key.quotaProject === null || made.value.material.kind !== 'token') return made
  const headers = { 'x-goog-user-project': key.quotaProject }
  return ok({ ...made.value, material: { ...made.value.material, headers } })
}

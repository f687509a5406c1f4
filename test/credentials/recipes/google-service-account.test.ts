// Google's token endpoint as a stand-in that verifies what it receives with the public key.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { importSPKI, jwtVerify, decodeProtectedHeader, errors, type CryptoKey } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeGoogleServiceAccount } from '../../../src/credentials/recipes/google-service-account.ts'
import type { Made } from '../../../src/credentials/recipe.ts'
import { ok, failed, type Outcome } from '../../../src/ir/error.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'
import { createBench, type BenchOptions } from './making.ts'
import { listen, type Listening } from '../../support/loopback.ts'
import { receive } from './token-server.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const scope = 'https://www.googleapis.com/auth/cloud-platform'
const recipe = {
  type: 'google_service_account',
  secret: { source: 'env', env: 'GOOGLE_SERVICE_ACCOUNT_JSON' },
  scope,
} as const

let endpoint: Listening
let url = ''
let publicKey: CryptoKey
let skewMs = 0
const seen: Record<string, string>[] = []
const claims: unknown[] = []
const kids: unknown[] = []
const clock = createVirtualClock()

// The checks that Google documents: signature, aud, a lifetime of at most an hour, and not of the future.
const server = createServer((request, response) => {
  void receive(request).then(async (text) => {
    const form = Object.fromEntries(new URLSearchParams(text))
    seen.push(form)
    const refuse = (error: string) =>
      void response.writeHead(400).end(JSON.stringify({ error, error_description: text }))
    if (form['grant_type'] === 'refresh_token') {
      const good = form['client_id'] === 'cid' && form['client_secret'] === 'csec' && form['refresh_token'] === '1//rt'
      return good ? void response.end('{"access_token":"ya29.user","expires_in":3599}') : refuse('invalid_grant')
    }
    if (form['grant_type'] !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return refuse('unsupported_grant_type')
    try {
      const assertion = form['assertion'] ?? ''
      const now = clock.now() + skewMs
      kids.push(decodeProtectedHeader(assertion))
      const { payload } = await jwtVerify(assertion, publicKey, {
        algorithms: ['RS256'],
        audience: url,
        issuer: 'robot@p.iam.gserviceaccount.com',
        currentDate: new Date(now),
      })
      claims.push(payload)
      if ((payload.iat ?? Infinity) > now / 1000 || (payload.exp ?? Infinity) - (payload.iat ?? 0) > 3600)
        return refuse('invalid_grant')
      return void response.end('{"access_token":"ya29.robot","expires_in":3599,"token_type":"Bearer"}')
    } catch (cause) {
      return refuse(cause instanceof errors.JOSEError ? 'invalid_grant' : 'internal')
    }
  })
})

beforeAll(async () => {
  publicKey = await importSPKI(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'RS256')
  endpoint = await listen(server)
  url = `${endpoint.url}/token`
})
afterAll(() => endpoint.close())
beforeEach(() => {
  seen.length = claims.length = kids.length = 0
  skewMs = 0
})

function keyJson(more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'p',
    private_key_id: 'kid-1',
    private_key: pem,
    client_email: 'robot@p.iam.gserviceaccount.com',
    token_uri: url,
    universe_domain: 'googleapis.com',
    ...more,
  })
}

function makeWith(json: string | undefined, options: BenchOptions = {}): Promise<Outcome<Made>> {
  const env = { ...(json !== undefined && { GOOGLE_SERVICE_ACCOUNT_JSON: json }), ...options.env }
  return makeGoogleServiceAccount(recipe, createBench({ clock, ...options, env }).making())
}

const problemOf = (made: Outcome<Made>): string =>
  made.ok ? 'it was made' : `${made.error.code}: ${made.error.message}`
const secretOf = (made: Outcome<Made>): string =>
  made.ok && made.value.material.kind === 'token' ? made.value.material.secret.reveal() : problemOf(made)

describe('a service account', () => {
  it('signs an assertion that its public key verifies, and gets a token for the scope', async () => {
    const made = await makeWith(keyJson())
    expect(secretOf(made)).toBe('ya29.robot')
    expect(made).toMatchObject({
      value: { material: { scheme: { kind: 'bearer' } }, expiresAt: clock.now() + 3_599_000, renewable: true },
    })
    expect(kids).toEqual([{ alg: 'RS256', typ: 'JWT', kid: 'kid-1' }])
    const now = Math.floor(clock.now() / 1000)
    expect(claims).toEqual([
      { iss: 'robot@p.iam.gserviceaccount.com', aud: url, scope, iat: now - 30, exp: now - 30 + 3600 },
    ])
  })

  it.each([
    ['30 s ahead of', -30_000],
    ['50 minutes behind', 3_000_000],
  ])('is believed where its clock is %s that of Google', async (_name, skew) => {
    skewMs = skew
    expect(secretOf(await makeWith(keyJson()))).toBe('ya29.robot')
  })

  it('is told to look at its clock where that is wrong', async () => {
    skewMs = 7_200_000
    expect(problemOf(await makeWith(keyJson()))).toContain('(invalid_grant): check that the key still exists')
  })

  it('takes a key whose line breaks are written out', async () => {
    expect(secretOf(await makeWith(keyJson({ private_key: pem.replaceAll('\n', '\\n') })))).toBe('ya29.robot')
  })

  it('is its own token in another universe, as in Google’s own libraries', async () => {
    const made = await makeWith(keyJson({ universe_domain: 'example-cloud.test' }))
    const { payload } = await jwtVerify(secretOf(made), publicKey, { currentDate: new Date(clock.now()) })
    expect(payload).toMatchObject({ sub: 'robot@p.iam.gserviceaccount.com', scope })
    expect(payload.aud).toBeUndefined()
    expect(seen).toEqual([])
  })

  it.each([
    ['is not JSON', 'AIzaSomething', 'is not a JSON object'],
    ['is cut off', () => keyJson().slice(0, 200), 'is not a JSON object'],
    ['is of a federation', '{"type":"external_account"}', 'is of type "external_account"'],
    ['says no type', '{}', 'is of type none that is known'],
    ['has no address', () => keyJson({ client_email: '' }), 'has no "client_email"'],
    ['has no key', () => keyJson({ private_key: undefined }), 'has no "private_key"'],
    [
      'has a key in another form',
      () => keyJson({ private_key: pem.replaceAll(' PRIVATE', ' RSA PRIVATE') }),
      'BEGIN PRIVATE KEY',
    ],
    ['has a damaged key', () => keyJson({ private_key: pem.slice(0, 900) }), 'is not an RSA key in PKCS #8'],
    ['is of a universe that is no host', () => keyJson({ universe_domain: 'a/b' }), 'universe_domain'],
  ])('is refused with a reason, and without a letter of it, where its key %s', async (_name, json, said) => {
    const problem = problemOf(await makeWith(typeof json === 'function' ? json() : json))
    expect(problem).toContain('missing_credential: credential acct: the')
    expect(problem).toContain(said)
    expect(problem).not.toMatch(/MII|AIza|robot/)
    expect(seen).toEqual([])
  })

  it.each([
    ['http://127.0.0.1:9/token', { allowPrivate: false, allowHttp: false, egress: null }],
    ['http://oauth2.googleapis.com/token', { allowPrivate: false, allowHttp: false, egress: null }],
    ['https://169.254.169.254/token', { allowPrivate: true, allowHttp: true, egress: null }],
  ])('sends its assertion to no %s', async (tokenUri, way) => {
    const { making } = createBench({ clock, env: { GOOGLE_SERVICE_ACCOUNT_JSON: keyJson({ token_uri: tokenUri }) } })
    expect(problemOf(await makeGoogleServiceAccount(recipe, making({ way })))).toMatch(
      /^blocked_endpoint: .* is not asked: .*see allow_private and allow_http$/,
    )
  })
})

describe('a person’s login', () => {
  const user = () =>
    JSON.stringify({
      type: 'authorized_user',
      client_id: 'cid',
      client_secret: 'csec',
      refresh_token: '1//rt',
      quota_project_id: 'my-project',
      token_uri: url,
    })

  it('is refreshed, and its project is named beside the token', async () => {
    const made = await makeWith(user())
    expect(secretOf(made)).toBe('ya29.user')
    expect(made).toMatchObject({ value: { material: { headers: { 'x-goog-user-project': 'my-project' } } } })
  })

  it('says what to run where it has ended', async () => {
    const problem = problemOf(await makeWith(user().replace('1//rt', '1//gone')))
    expect(problem).toContain('run "gcloud auth application-default login" again')
    expect(problem).not.toContain('gone')
  })
})

describe('the place of the key', () => {
  const path = '/home/me/key.json'
  const env = { GOOGLE_APPLICATION_CREDENTIALS: path }
  const readOwnFile = (asked: string) =>
    Promise.resolve(asked === path ? ok(keyJson()) : failed('missing_credential', { message: `no ${asked}` }))

  it('is the file that Google’s libraries would read, where the variable with the text is not set', async () => {
    expect(secretOf(await makeWith(undefined, { env, machine: { readOwnFile } }))).toBe('ya29.robot')
  })

  it('is the variable where both are set', async () => {
    const refuse = () => Promise.resolve(failed('missing_credential', { message: 'not to be read' }))
    expect(secretOf(await makeWith(keyJson(), { env, machine: { readOwnFile: refuse } }))).toBe('ya29.robot')
  })

  it('is asked for by both names where neither is set', async () => {
    expect(problemOf(await makeWith(undefined, { machine: { readOwnFile } }))).toBe(
      'missing_credential: credential acct: set GOOGLE_SERVICE_ACCOUNT_JSON to the text of the key, or GOOGLE_APPLICATION_CREDENTIALS to its path',
    )
  })

  it('is told where there are no files', async () => {
    expect(problemOf(await makeWith(undefined, { env }))).toContain('set GOOGLE_SERVICE_ACCOUNT_JSON to the text')
  })
})

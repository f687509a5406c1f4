// AWS keys: where they come from, and STS as a stand-in that checks the parameters of the call.
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AwsKeySource } from '../../../src/catalog/snapshot.ts'
import { makeAws } from '../../../src/credentials/recipes/aws.ts'
import type { Made } from '../../../src/credentials/recipe.ts'
import { xmlText } from '../../../src/credentials/recipes/xml-text.ts'
import { failed, ok, type Outcome } from '../../../src/ir/error.ts'
import { Secret } from '../../../src/ir/secret.ts'
import type { FetchRequest } from '../../../src/ports/index.ts'
import { createBench, type BenchOptions } from './making.ts'
import { listen, type Listening } from '../../support/loopback.ts'
import { receive } from './token-server.ts'

const envKeys: AwsKeySource = {
  from: 'env',
  accessKeyEnv: 'AWS_ACCESS_KEY_ID',
  secretKeyEnv: 'AWS_SECRET_ACCESS_KEY',
  sessionTokenEnv: 'AWS_SESSION_TOKEN',
}
const webIdentity: AwsKeySource = {
  from: 'web_identity',
  roleArnEnv: 'AWS_ROLE_ARN',
  tokenFileEnv: 'AWS_WEB_IDENTITY_TOKEN_FILE',
}

function makeFrom(
  keys: AwsKeySource,
  options: BenchOptions = {},
  region: string | null = null,
): Promise<Outcome<Made>> {
  return makeAws({ type: 'aws', keys, regionEnv: 'MY_REGION' }, createBench(options).making({ region }))
}

/** The outcome as text that can be compared; secrets are revealed here. */
function shown(made: Outcome<Made>): object | string {
  if (!made.ok) return `${made.error.code}: ${made.error.message}`
  const { material, expiresAt } = made.value
  if (material.kind !== 'aws') return 'no AWS keys'
  return {
    id: material.accessKeyId,
    key: material.secretAccessKey.reveal(),
    session: material.sessionToken?.reveal() ?? null,
    region: material.region,
    expiresAt,
  }
}

describe('AWS keys', () => {
  it('come from variables, trimmed', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIA1\n', AWS_SECRET_ACCESS_KEY: ' s3c/+ ', AWS_REGION: 'eu-west-1' }
    expect(shown(await makeFrom(envKeys, { env }))).toEqual({
      id: 'AKIA1',
      key: 's3c/+',
      session: null,
      region: 'eu-west-1',
      expiresAt: null,
    })
  })

  it.each([
    [{ MY_REGION: 'a', AWS_REGION: 'b', AWS_DEFAULT_REGION: 'c' }, 'a'],
    [{ AWS_REGION: 'b', AWS_DEFAULT_REGION: 'c' }, 'b'],
    [{ AWS_REGION: '', AWS_DEFAULT_REGION: 'c' }, 'c'],
    [{}, null],
  ])('take their region from %o', async (regions, region) => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's', ...regions }
    expect(shown(await makeFrom(envKeys, { env }))).toMatchObject({ region })
  })

  it.each([
    [{}, 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set'],
    [{ AWS_ACCESS_KEY_ID: 'AKIA1' }, 'AWS_SECRET_ACCESS_KEY not set'],
    [{ AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'a b' }, 'hold blanks or line breaks'],
  ])('are missed by name in %o', async (env, said) => {
    expect(shown(await makeFrom(envKeys, { env }))).toContain(said)
  })

  it.each([
    ['our spelling', { access_key_id: 'AKIA2', secret_access_key: 's2', session_token: 't2', region: 'us-west-2' }],
    ['that of AWS', { AccessKeyId: 'AKIA2', SecretAccessKey: 's2', SessionToken: 't2', Region: 'us-west-2' }],
  ])('come from a secret that is JSON in %s', async (_name, members) => {
    const keys: AwsKeySource = { from: 'secret', secret: { source: 'env', env: 'KEYS' } }
    expect(shown(await makeFrom(keys, { env: { KEYS: JSON.stringify(members), AWS_REGION: 'eu-west-1' } }))).toEqual({
      id: 'AKIA2',
      key: 's2',
      session: 't2',
      region: 'us-west-2',
      expiresAt: null,
    })
  })

  it.each(['AKIA2:s2', '[]', '{"access_key_id":"AKIA2"}', '{"access_key_id":1,"secret_access_key":2}'])(
    'are not taken from the secret %s, which is not repeated',
    async (text) => {
      const keys: AwsKeySource = { from: 'secret', secret: { source: 'env', env: 'KEYS' } }
      const said = shown(await makeFrom(keys, { env: { KEYS: text } }))
      expect(said).toBe(
        'missing_credential: credential acct: its secret is not JSON with access_key_id and secret_access_key',
      )
    },
  )

  it('come from the machine’s role, with their end', async () => {
    const awsInstanceProfile = () =>
      Promise.resolve(
        ok({
          accessKeyId: 'ASIA3',
          secretAccessKey: new Secret('s', 's3'),
          sessionToken: new Secret('t', 't3'),
          expiresAt: 1_800_000_000_000,
        }),
      )
    expect(shown(await makeFrom({ from: 'instance_profile' }, { machine: { awsInstanceProfile } }))).toEqual({
      id: 'ASIA3',
      key: 's3',
      session: 't3',
      region: null,
      expiresAt: 1_800_000_000_000,
    })
  })

  it.each([{ from: 'instance_profile' } as const, webIdentity])(
    'are missed where there is no machine: %o',
    async (keys) => {
      const env = { AWS_ROLE_ARN: 'arn:aws:iam::1:role/r', AWS_WEB_IDENTITY_TOKEN_FILE: '/t' }
      expect(shown(await makeFrom(keys, { env }))).toContain('use access keys')
    },
  )
})

describe('a web identity', () => {
  const token = 'eyJ.web.identity'
  let endpoint: Listening
  let url = ''
  let reply: { status: number; body: string } | undefined
  const seen: Record<string, string>[] = []
  const server = createServer((request, response) => {
    void receive(request).then((text) => {
      const form = Object.fromEntries(new URLSearchParams(text))
      seen.push(form)
      const problem =
        request.method !== 'POST' || form['Action'] !== 'AssumeRoleWithWebIdentity' || form['Version'] !== '2011-06-15'
          ? 'InvalidAction'
          : request.headers.authorization !== undefined
            ? 'SignedButMustNotBe'
            : form['WebIdentityToken'] !== token
              ? 'InvalidIdentityToken'
              : !/^arn:aws:iam::\d+:role\/\w+$/.test(form['RoleArn'] ?? '')
                ? 'ValidationError'
                : !/^[\w+=,.@-]{2,64}$/.test(form['RoleSessionName'] ?? '')
                  ? 'ValidationError'
                  : undefined
      const answer = reply ?? (problem === undefined ? { status: 200, body: success } : refusal(problem))
      response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(answer.body)
    })
  })
  // The answer of the vendor's own page for this operation, with other values.
  const success = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>system:serviceaccount:a:b</SubjectFromWebIdentityToken>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/app1</Arn><AssumedRoleId>AROA:app1</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <SessionToken>AQoD&amp;w0=</SessionToken>
      <SecretAccessKey>wJal/xRf&#x2B;CY=</SecretAccessKey>
      <Expiration>2027-01-24T23:00:23Z</Expiration>
      <AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`
  const refusal = (code: string) => ({
    status: 400,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${token}</Message></Error></ErrorResponse>`,
  })

  beforeAll(async () => {
    endpoint = await listen(server)
    url = `${endpoint.url}/`
  })
  afterAll(() => endpoint.close())
  beforeEach(() => {
    seen.length = 0
    reply = undefined
  })

  const env = (more: Record<string, string> = {}) => ({
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/r',
    AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    AWS_ENDPOINT_URL_STS: url,
    ...more,
  })
  const readProjectedFile = (path: string) =>
    Promise.resolve(
      path.endsWith('/token')
        ? ok(`${token}\n`)
        : failed('missing_credential', { message: `there is no file ${path}` }),
    )

  it('is traded for the keys of its role, with their end', async () => {
    const made = await makeFrom(webIdentity, {
      env: env({ AWS_REGION: 'eu-central-1' }),
      machine: { readProjectedFile },
    })
    expect(shown(made)).toEqual({
      id: 'ASgeIAIOSFODNN7EXAMPLE',
      key: 'wJal/xRf+CY=',
      session: 'AQoD&w0=',
      region: 'eu-central-1',
      expiresAt: Date.UTC(2027, 0, 24, 23, 0, 23),
    })
    expect(seen).toHaveLength(1)
  })

  it('is called by the name that the workload has', async () => {
    await makeFrom(webIdentity, { env: env({ AWS_ROLE_SESSION_NAME: 'my-pod' }), machine: { readProjectedFile } })
    expect(seen[0]).toMatchObject({ RoleSessionName: 'my-pod' })
  })

  it('is refused with AWS’s own code and without the token', async () => {
    const wrong = () => Promise.resolve(ok('another'))
    const said = shown(await makeFrom(webIdentity, { env: env(), machine: { readProjectedFile: wrong } }))
    expect(said).toContain('refused the web identity (InvalidIdentityToken)')
    expect(said).not.toContain(token)
  })

  it.each([
    ['an error of AWS', { status: 500, body: '' }, 'upstream_unreachable'],
    ['throttling', { status: 429, body: '' }, 'upstream_unreachable'],
    ['an answer without keys', { status: 200, body: '<AssumeRoleWithWebIdentityResponse/>' }, 'upstream_unreachable'],
    ['a page', { status: 403, body: '<html><Code>a b</Code>' }, 'missing_credential'],
  ])('tells %s apart', async (_name, answer, code) => {
    reply = answer
    expect(shown(await makeFrom(webIdentity, { env: env(), machine: { readProjectedFile } }))).toContain(`${code}: `)
  })

  it.each([
    ['a role', { AWS_ROLE_ARN: '' }, 'AWS_ROLE_ARN not set'],
    ['a file', { AWS_WEB_IDENTITY_TOKEN_FILE: '/elsewhere' }, 'there is no file /elsewhere'],
    ['a region that is one', { AWS_ENDPOINT_URL_STS: '', AWS_REGION: 'x.evil.test/' }, 'region is not one'],
  ])('is missed without %s', async (_name, more, said) => {
    expect(shown(await makeFrom(webIdentity, { env: env(more), machine: { readProjectedFile } }))).toContain(said)
    expect(seen).toEqual([])
  })

  it.each([
    ['eu-west-3', null, 'https://sts.eu-west-3.amazonaws.com/'],
    ['cn-north-1', null, 'https://sts.cn-north-1.amazonaws.com.cn/'],
    ['', 'ap-south-1', 'https://sts.ap-south-1.amazonaws.com/'],
    ['', null, 'https://sts.amazonaws.com/'],
  ])('goes to the endpoint of its region (%s, %s)', async (own, requested, expected) => {
    const sent: FetchRequest[] = []
    const fetch = (request: FetchRequest) => {
      sent.push(request)
      return Promise.reject(new Error('not from a test'))
    }
    const options = { env: env({ AWS_ENDPOINT_URL_STS: '', AWS_REGION: own }), machine: { readProjectedFile }, fetch }
    expect(shown(await makeFrom(webIdentity, options, requested))).toContain('cannot be reached')
    expect(sent.map((request) => request.url)).toEqual([expected])
  })
})

describe('the text of an XML element', () => {
  it.each([
    ['<a><b>x</b></a>', 'x'],
    ['<b xmlns="u">x</b>', 'x'],
    ['<b>\n x &lt;&amp;&gt;&quot;&apos;&#65;&#x42; </b>', `x <&>"'AB`],
    ['<b>&unknown;&#0;</b>', '&unknown;&#0;'],
    ['<bb>x</bb>', undefined],
    ['<b></b>', undefined],
    ['<b><c>x</c></b>', undefined],
    ['<b>x', undefined],
  ])('of %s is %s', (xml, text) => {
    expect(xmlText(xml, 'b')).toBe(text)
  })
})

// Signatures against what AWS publishes, and against a second implementation that reads requests off a socket.
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AwsMaterial } from '../../src/auth/material.ts'
import { signRequest, type SignableRequest } from '../../src/auth/sign.ts'
import { signSigV4 } from '../../src/auth/sigv4.ts'
import { Secret } from '../../src/ir/secret.ts'
import { refusalOf, signatureOf, startAwsService, type AwsService, type SignedRequest } from '../support/sigv4.ts'

// The keys of AWS's own examples.
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const suiteTime = Date.UTC(2015, 7, 30, 12, 36, 0)

function material(sessionToken?: string): AwsMaterial {
  return {
    kind: 'aws',
    accessKeyId: keys.accessKeyId,
    secretAccessKey: new Secret('aws', keys.secretAccessKey),
    sessionToken: sessionToken === undefined ? null : new Secret('aws', sessionToken),
    region: null,
  }
}

async function sign(
  request: Partial<SignableRequest> & { readonly url: string },
  place: { readonly service?: string; readonly region?: string; readonly now?: number; readonly token?: string } = {},
): Promise<SignableRequest> {
  const signed = await signSigV4({ method: 'GET', headers: {}, ...request }, material(place.token), {
    service: place.service ?? 'service',
    region: place.region ?? 'us-east-1',
    now: place.now ?? suiteTime,
  })
  if (!signed.ok) throw signed.error
  return signed.value
}

function signatureIn(request: SignableRequest): string {
  return /Signature=([0-9a-f]{64})$/.exec(request.headers['authorization'] ?? '')?.[1] ?? ''
}

const encoder = new TextEncoder()
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const host = 'https://example.amazonaws.com'

// The expected signatures are AWS's own: the example of its documentation, and the cases of its aws-sig-v4-test-suite
// (https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html, also in awslabs/aws-c-auth), by their names.
describe('the signatures that AWS publishes', () => {
  it('GET ListUsers of the documentation', async () => {
    const url = 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const signed = await sign({ url, headers }, { service: 'iam' })
    expect(signed.headers).toEqual({
      ...headers,
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    })
    expect(signed.url).toBe(url)
  })

  it.each<[string, Partial<SignableRequest> & { readonly url: string }, string]>([
    ['get-vanilla', { url: `${host}/` }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-empty-query-key',
      { url: `${host}/?Param1=value1` },
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-query-order-key-case',
      { url: `${host}/?Param2=value2&Param1=value1` },
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-unreserved',
      {
        url: `${host}/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`,
      },
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    [
      'get-vanilla-utf8-query',
      { url: `${host}/?ሴ=bar` },
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
    ],
    [
      'get-unreserved',
      { url: `${host}/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz` },
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'post-vanilla',
      { method: 'POST', url: `${host}/` },
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-vanilla-query',
      { method: 'POST', url: `${host}/?Param1=value1` },
      '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
    ],
    [
      'post-x-www-form-urlencoded',
      { method: 'POST', url: `${host}/`, headers: form, body: encoder.encode('Param1=value1') },
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      {
        method: 'POST',
        url: `${host}/`,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf8' },
        body: encoder.encode('Param1=value1'),
      },
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    ],
  ])('%s', async (_name, request, signature) => {
    expect(signatureIn(await sign(request))).toBe(signature)
  })

  it('post-sts-header-before: a session token is sent and signed', async () => {
    const token =
      'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='
    const signed = await sign({ method: 'POST', url: `${host}/` }, { token })
    expect(signed.headers['x-amz-security-token']).toBe(token)
    expect(signatureIn(signed)).toBe('85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead')
  })
})

describe('the verifier that the tests use', () => {
  // Headers of one's own are in the suite and are never signed by the gateway.
  it.each<[string, SignedRequest['headers'], string]>([
    [
      'get-header-key-duplicate',
      { 'my-header1': 'value2,value2,value1' },
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    [
      'get-header-value-multiline',
      { 'my-header1': 'value1,value2,value3' },
      'ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790',
    ],
    [
      'get-header-value-trim',
      { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
  ])('agrees with AWS on %s', (_name, headers, signature) => {
    const date = '20150830T123600Z'
    const all = { host: 'example.amazonaws.com', 'x-amz-date': date, ...headers }
    const request = { method: 'GET', path: '/', headers: all, body: new Uint8Array() }
    const signed = Object.keys(all).toSorted()
    expect(signatureOf(request, signed, { keys, region: 'us-east-1', service: 'service', date })).toBe(signature)
  })
})

const arn = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0'

describe('a service that checks', () => {
  let service: AwsService
  let serverTime = suiteTime
  const region = 'eu-central-1'

  beforeAll(async () => {
    service = await startAwsService(
      () => ({ keys, region, service: 'bedrock', now: serverTime }),
      (_request, response) => response.writeHead(200).end('{}'),
    )
  })
  afterAll(() => service.close())

  /** What is sent is what was signed, and nothing in between touches it. */
  async function send(signed: SignableRequest): Promise<{ status: number; body: string; type: string }> {
    const { host: _none, hostname, port, pathname, search } = new URL(signed.url)
    return new Promise((resolve, reject) => {
      const path = pathname + search
      const sent = httpRequest({ hostname, port, path, method: signed.method, headers: signed.headers }, (answer) => {
        let body = ''
        answer.on('data', (chunk) => (body += String(chunk)))
        const type = String(answer.headers['x-amzn-errortype'] ?? '').split(':')[0] ?? ''
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body, type }))
      })
      sent.on('error', reject)
      sent.end(signed.body)
    })
  }

  const post = (path: string, body = '{"messages":[]}', headers: Record<string, string> = {}): SignableRequest => ({
    method: 'POST',
    url: service.url + path,
    headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'test', ...headers },
    body: encoder.encode(body),
  })

  it.each([
    ['a model id with a colon', `/model/${encodeURIComponent('anthropic.claude-3-5-sonnet-20241022-v2:0')}/converse`],
    ['the same, as it is', '/model/anthropic.claude-3-5-sonnet-20241022-v2:0/converse'],
    ['an ARN with slashes', `/model/${encodeURIComponent(arn)}/converse-stream`],
    ['a query', '/foundation-models?byOutputModality=TEXT&byInferenceType=ON_DEMAND'],
    ['a query out of order, with blanks and signs', '/x?b=2&a=%20x%2By&a=1&c'],
    [
      'characters beyond ASCII',
      `/model/${encodeURIComponent('modèle-日本')}/converse?name=${encodeURIComponent('ü & ß')}`,
    ],
    ['what an encoder forgets', "/model/it's(a)*model!/converse"],
  ])('accepts %s', async (_name, path) => {
    const signed = await sign(post(path), { service: 'bedrock', region })
    expect(new URL(signed.url).href).toBe(signed.url)
    expect(await send(signed)).toMatchObject({ status: 200 })
    // The path on the wire is the one that was signed, not an equal one.
    expect(service.received.at(-1)?.path).toBe(signed.url.slice(service.url.length))
  })

  it('accepts a body beyond ASCII, an empty one, and a list request without any', async () => {
    for (const request of [post('/a', '{"text":"日本 \\u0000 ü"}'), post('/a', '')])
      expect(await send(await sign(request, { service: 'bedrock', region }))).toMatchObject({ status: 200 })
    const { body: _none, ...list } = { ...post('/foundation-models'), method: 'GET' as const }
    expect(await send(await sign(list, { service: 'bedrock', region }))).toMatchObject({ status: 200 })
  })

  it('signs nothing that may change on the way', async () => {
    const signed = await sign(post('/a'), { service: 'bedrock', region })
    expect(signed.headers).toMatchObject({ accept: 'application/json', 'user-agent': 'test' })
    const { headers } = signed
    expect(await send({ ...signed, headers: { ...headers, 'user-agent': 'a proxy', accept: '*/*' } })).toMatchObject({
      status: 200,
    })
  })

  it('signs the headers of AWS that a request brings along', async () => {
    const request = post('/', '{"SecretId":"x"}', { 'X-Amz-Target': 'secretsmanager.GetSecretValue' })
    const signed = await sign(request, { service: 'bedrock', region })
    expect(signed.headers['authorization']).toContain('SignedHeaders=content-type;host;x-amz-date;x-amz-target,')
    expect(await send(signed)).toMatchObject({ status: 200 })
  })

  it('is not led astray by headers of an earlier signature', async () => {
    const stale = {
      authorization: 'AWS4-HMAC-SHA256 Credential=OTHER/20000101/x/y/aws4_request, SignedHeaders=host, Signature=00',
      'X-Amz-Date': '20000101T000000Z',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-security-token': 'stale',
      Host: 'elsewhere.example.com',
    }
    const signed = await sign(post('/a', '{}', stale), { service: 'bedrock', region })
    expect(Object.keys(signed.headers).toSorted()).toEqual([
      'accept',
      'authorization',
      'content-type',
      'user-agent',
      'x-amz-date',
    ])
    expect(await send(signed)).toMatchObject({ status: 200 })
  })

  it.each<[string, (signed: SignableRequest) => SignableRequest]>([
    ['another body', (signed) => ({ ...signed, body: encoder.encode('{"messages":[1]}') })],
    ['another path', (signed) => ({ ...signed, url: signed.url.replace('/a', '/b') })],
    ['another query', (signed) => ({ ...signed, url: `${signed.url}?x=1` })],
    ['another content type', (signed) => ({ ...signed, headers: { ...signed.headers, 'content-type': 'text/plain' } })],
  ])('refuses %s than the one that was signed', async (_name, change) => {
    const signed = await sign(post('/a'), { service: 'bedrock', region })
    expect(await send(change(signed))).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
  })

  it.each([
    [-301_000, 'Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)'],
    [
      301_000,
      'Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z (20150830T123600Z + 5 min.)',
    ],
  ])('refuses a clock that is %d ms off, as AWS does', async (offset, message) => {
    const signed = await sign(post('/a'), { service: 'bedrock', region, now: suiteTime + offset })
    const answer = await send(signed)
    expect(answer).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
    expect(JSON.parse(answer.body)).toEqual({ message })
  })

  it('accepts a clock that is just under five minutes off: the time signed is the one that was given', async () => {
    serverTime = Date.UTC(2031, 0, 1, 0, 0, 0)
    try {
      const signed = await sign(post('/a'), { service: 'bedrock', region, now: serverTime - 299_000 })
      expect(signed.headers['x-amz-date']).toBe('20301231T235501Z')
      expect(await send(signed)).toMatchObject({ status: 200 })
    } finally {
      serverTime = suiteTime
    }
  })
})

describe('signing by scheme', () => {
  const scheme = { kind: 'sigv4', service: 'bedrock' } as const
  const request = { method: 'POST', url: `${host}/model/m/converse`, headers: {}, body: encoder.encode('{}') } as const
  const verify = ({ method, url, headers, body }: SignableRequest, region: string) =>
    refusalOf(
      {
        method,
        path: new URL(url).pathname,
        headers: { ...headers, host: new URL(url).host },
        body: body ?? new Uint8Array(),
      },
      { keys, region, service: 'bedrock', now: suiteTime },
    )

  it('takes the region of the place, else that of the credential, else fails', async () => {
    for (const [place, own, used] of [
      ['eu-west-1', 'us-east-1', 'eu-west-1'],
      [null, 'us-east-1', 'us-east-1'],
    ] as const) {
      const signed = await signRequest(
        request,
        scheme,
        { ...material(), region: own },
        { region: place, now: suiteTime },
      )
      expect(signed.ok && verify(signed.value, used)).toBeUndefined()
    }
    const signed = await signRequest(request, scheme, material(), { region: null, now: suiteTime })
    expect(signed).toMatchObject({ ok: false, error: { code: 'missing_credential' } })
  })

  it('sends a key of the service itself as bearer', async () => {
    const token = { kind: 'token', secret: new Secret('k', 'ABSK-example') } as const
    expect(await signRequest(request, scheme, token, { region: null, now: 0 })).toMatchObject({
      ok: true,
      value: { url: request.url, headers: { authorization: 'Bearer ABSK-example' } },
    })
  })

  it('fails without a word of the key where it cannot stand in a header', async () => {
    const broken = { ...material(), accessKeyId: 'AKID\nEXAMPLE' }
    const signed = await signRequest(request, scheme, broken, { region: 'us-east-1', now: suiteTime })
    expect(signed).toMatchObject({ ok: false, error: { code: 'missing_credential' } })
    expect(signed.ok ? '' : signed.error.message).not.toContain('AKID')
  })
})

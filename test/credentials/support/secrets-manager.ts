// AWS Secrets Manager as far as GetSecretValue goes, on a real socket: it computes the signature itself from what came over
// the wire, and answers with the errors of the API's documentation.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { listen } from '../../support/loopback.ts'

export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export type StoredSecret = { readonly text: string } | { readonly bytes: Buffer } | { readonly error: string }

export interface SecretsManager {
  readonly url: string
  readonly seen: { readonly headers: IncomingMessage['headers']; readonly body: string }[]
  readonly secrets: Map<string, StoredSecret>
  status: 'ok' | 'failing' | 'throttling'
  close(): Promise<void>
}

/** Starts a service of one region that knows one pair of keys. */
export async function startSecretsManager(region: string, keys: AwsKeys): Promise<SecretsManager> {
  const secrets = new Map<string, StoredSecret>()
  const seen: SecretsManager['seen'] = []
  const self = { status: 'ok' as SecretsManager['status'] }

  function answer(request: IncomingMessage, body: string): { status: number; body: unknown } {
    if (self.status === 'failing') return refusal('InternalServiceError', 500)
    if (self.status === 'throttling') return refusal('ThrottlingException')
    const { 'content-type': type, 'x-amz-target': target } = request.headers
    if (request.method !== 'POST' || type !== 'application/x-amz-json-1.1') return refusal('UnknownOperationException')
    if (target !== 'secretsmanager.GetSecretValue') return refusal('UnknownOperationException')
    const wrong = signatureProblem(request, body, region, keys)
    if (wrong !== undefined) return refusal(wrong)
    const { SecretId: id } = JSON.parse(body) as { SecretId?: string }
    const stored = secrets.get(id ?? '')
    if (stored === undefined) return refusal('com.amazonaws.secretsmanager#ResourceNotFoundException')
    if ('error' in stored) return refusal(stored.error)
    const facts = {
      ARN: `arn:aws:secretsmanager:${region}:123456789012:secret:${id ?? ''}-AbCdEf`,
      CreatedDate: 1_750_000_000.5,
      Name: id,
      VersionId: 'a1b2c3d4-5678-90ab-cdef-EXAMPLE11111',
      VersionStages: ['AWSCURRENT'],
    }
    const value = 'text' in stored ? { SecretString: stored.text } : { SecretBinary: stored.bytes.toString('base64') }
    return { status: 200, body: { ...facts, ...value } }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      seen.push({ headers: request.headers, body })
      const answered = answer(request, body)
      response.writeHead(answered.status, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(answered.body))
    })
  })
  const { url, close } = await listen(server)
  return Object.assign(self, {
    url,
    seen,
    secrets,
    close,
  })
}

function refusal(type: string, status = 400): { status: number; body: unknown } {
  return { status, body: { __type: type, Message: 'a text that nobody needs' } }
}

/** The error that AWS answers; undefined where the signature is the one that these keys make. */
function signatureProblem(request: IncomingMessage, body: string, region: string, keys: AwsKeys): string | undefined {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([\da-f]{64})$/
  const match = pattern.exec(request.headers.authorization ?? '')
  if (match === null) return 'MissingAuthenticationTokenException'
  const [, id, day = '', place, service, names = '', signature] = match
  if (id !== keys.accessKeyId) return 'UnrecognizedClientException'
  if (request.headers['x-amz-security-token'] !== keys.sessionToken) return 'UnrecognizedClientException'
  if (place !== region || service !== 'secretsmanager') return 'InvalidSignatureException'
  const signed = names.split(';')
  for (const name of ['host', 'x-amz-date', 'x-amz-target', ...(keys.sessionToken ? ['x-amz-security-token'] : [])])
    if (!signed.includes(name)) return 'IncompleteSignatureException'
  const headers = signed.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('')
  const canonical = ['POST', '/', '', headers, names, sha256(body)].join('\n')
  const date = String(request.headers['x-amz-date'])
  const text = ['AWS4-HMAC-SHA256', date, `${day}/${region}/secretsmanager/aws4_request`, sha256(canonical)].join('\n')
  const key = [day, region, 'secretsmanager', 'aws4_request'].reduce<string | Buffer>(
    (from, part) => createHmac('sha256', from).update(part).digest(),
    `AWS4${keys.secretAccessKey}`,
  )
  return createHmac('sha256', key).update(text).digest('hex') === signature ? undefined : 'InvalidSignatureException'
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

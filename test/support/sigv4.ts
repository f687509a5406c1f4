// The other end of AWS Signature Version 4, written from AWS's description with Node's own crypto and nothing of the
// gateway's: it reads a request as it came over the socket and says what AWS would say to it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from './loopback.ts'

/** A request as a server received it; `path` is the request line's own text, query included. */
export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
}

export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface SigningRules {
  readonly keys: AwsKeys
  readonly region: string
  readonly service: string
  /** Unix milliseconds of the server's clock. */
  readonly now: number
}

/** What AWS answers to a request whose signature it does not accept. */
export interface Refusal {
  readonly status: number
  readonly type: string
  readonly message: string
}

const skewMs = 5 * 60_000

/** Undefined where the signature is good. */
export function refusalOf(request: SignedRequest, rules: SigningRules): Refusal | undefined {
  const { keys } = rules
  const authorization = header(request, 'authorization')
  const date = header(request, 'x-amz-date')
  if (authorization === '')
    return { status: 403, type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' }
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  if (match === null || !/^\d{8}T\d{6}Z$/.test(date)) return incomplete('the header cannot be read')
  const [, accessKey, day = '', region, service, signedHeaders = '', signature = ''] = match
  if (accessKey !== keys.accessKeyId || header(request, 'x-amz-security-token') !== (keys.sessionToken ?? ''))
    return invalid('UnrecognizedClientException', 'The security token included in the request is invalid.')
  if (region !== rules.region || service !== rules.service || !date.startsWith(day))
    return invalid('InvalidSignatureException', `Credential should be scoped to a valid region and service.`)
  const late = lateness(date, rules.now)
  if (late !== undefined) return invalid('InvalidSignatureException', late)
  const signed = signedHeaders.split(';')
  const missing = Object.keys(request.headers).find(
    (name) => (name === 'host' || name === 'content-type' || name.startsWith('x-amz-')) && !signed.includes(name),
  )
  if (missing !== undefined) return incomplete(`${missing} is not signed`)
  if (signature === signatureOf(request, signed, { ...rules, date })) return undefined
  return invalid(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )
}

/** The signature that a request should have. */
export function signatureOf(
  request: SignedRequest,
  signed: readonly string[],
  { keys, region, service, date }: Pick<SigningRules, 'keys' | 'region' | 'service'> & { readonly date: string },
): string {
  const scope = [date.slice(0, 8), region, service, 'aws4_request'].join('/')
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, signed))].join('\n')
  const key = [region, service, 'aws4_request'].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    hmac(`AWS4${keys.secretAccessKey}`, date.slice(0, 8)),
  )
  return hmac(key, toSign).toString('hex')
}

/** The request in the form that is hashed. */
export function canonicalRequest(request: SignedRequest, signed: readonly string[]): string {
  const [path = '/', query = ''] = split(request.path)
  return [
    request.method,
    // Every segment as it was sent, encoded once more: all services but S3 do so.
    path.split('/').map(encoded).join('/'),
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const equals = pair.indexOf('=')
        const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
        return [encoded(decodeURIComponent(name)), encoded(decodeURIComponent(value))] as const
      })
      .toSorted(([name, value], [otherName, otherValue]) =>
        name === otherName ? order(value, otherValue) : order(name, otherName),
      )
      .map((pair) => pair.join('='))
      .join('&'),
    ...signed.map((name) => `${name}:${header(request, name).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    sha256(request.body),
  ].join('\n')
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function split(path: string): [string, string] {
  const question = path.indexOf('?')
  return question < 0 ? [path, ''] : [path.slice(0, question), path.slice(question + 1)]
}

/** Everything but the unreserved characters of RFC 3986, byte by byte. */
function encoded(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

function header({ headers }: SignedRequest, name: string): string {
  const value = headers[name]
  return value === undefined ? '' : typeof value === 'string' ? value : value.join(',')
}

function lateness(date: string, now: number): string | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const spell = (ms: number): string => new Date(ms).toISOString().replaceAll(/[:-]|\.\d{3}/g, '')
  if (at < now - skewMs)
    return `Signature expired: ${date} is now earlier than ${spell(now - skewMs)} (${spell(now)} - 5 min.)`
  if (at > now + skewMs)
    return `Signature not yet current: ${date} is still later than ${spell(now + skewMs)} (${spell(now)} + 5 min.)`
  return undefined
}

function invalid(type: string, message: string): Refusal {
  return { status: 403, type, message }
}

function incomplete(reason: string): Refusal {
  return { status: 403, type: 'IncompleteSignatureException', message: reason }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

export interface AwsService {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Everything that came in, with what was wrong with its signature. */
  readonly received: readonly (SignedRequest & { readonly refusal: Refusal | undefined })[]
  close(): Promise<void>
}

/** A service of AWS on loopback: what is signed well is answered by the test, anything else as AWS refuses it. */
export async function startAwsService(
  rules: () => SigningRules,
  answer: (request: SignedRequest, response: ServerResponse) => void,
): Promise<AwsService> {
  const received: (SignedRequest & { readonly refusal: Refusal | undefined })[] = []
  const server = createServer((incoming: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming
      const request = { method, path, headers, body: Buffer.concat(chunks) }
      const refusal = refusalOf(request, rules())
      received.push({ ...request, refusal })
      if (refusal === undefined) return answer(request, response)
      response
        .writeHead(refusal.status, {
          'content-type': 'application/json',
          'x-amzn-errortype': `${refusal.type}:http://internal.amazon.com/coral/com.amazon.coral.service/`,
        })
        .end(JSON.stringify({ message: refusal.message }))
    })
  })
  const { url, close } = await listen(server)
  return {
    url,
    received,
    close,
  }
}

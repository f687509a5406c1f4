// AWS Signature Version 4. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { AwsV4Signer } from 'aws4fetch'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { AwsMaterial } from './material.ts'
import type { SignableRequest } from './sign.ts'

export interface SigV4Place {
  /** The name in the credential's scope, which is not always that of the host: `bedrock`, `secretsmanager`, `sts`. */
  readonly service: string
  readonly region: string
  /** Unix milliseconds. AWS refuses what is five minutes off. */
  readonly now: number
}

/** What the signature itself brings; a request that has one of them already would be signed with the wrong one. */
const ownHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
])

/**
 * The request with AWS's headers. The URL in the answer is the one that was signed, as its parser spells it, and has to be
 * sent as it stands; the body is signed whole. Fails with `missing_credential` where the keys cannot stand in a header.
 */
export async function signSigV4(
  request: SignableRequest,
  material: AwsMaterial,
  place: SigV4Place,
): Promise<Outcome<SignableRequest>> {
  const kept = Object.entries(request.headers).filter(([name]) => !ownHeaders.has(name.toLowerCase()))
  try {
    const signer = new AwsV4Signer({
      method: request.method,
      url: request.url,
      // Only what nothing on the way may change: a signature breaks with any header it covers.
      headers: kept.filter(([name]) => isSigned(name.toLowerCase())),
      allHeaders: true,
      ...(request.body !== undefined && { body: ownBytes(request.body) }),
      accessKeyId: material.accessKeyId,
      secretAccessKey: material.secretAccessKey.reveal(),
      ...(material.sessionToken !== null && { sessionToken: material.sessionToken.reveal() }),
      service: place.service,
      region: place.region,
      datetime: amzDate(place.now),
    })
    const signed = await signer.sign()
    return ok({ ...request, url: signed.url.href, headers: { ...Object.fromEntries(kept), ...plain(signed.headers) } })
  } catch {
    // Whatever is not accepted here is a URL or a key; its text is nobody's business.
    return failed('missing_credential', { message: 'the request cannot be signed with these AWS keys' })
  }
}

/** AWS wants these covered where they are present; they are all of a request that says what is asked. */
function isSigned(name: string): boolean {
  return name === 'content-type' || name.startsWith('x-amz-')
}

/** `20150830T123600Z`. */
function amzDate(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[:-]|\.\d{3}/g, '')
}

/** Request bodies never stand in shared memory, which is all that the types differ in. */
function ownBytes(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return body.buffer instanceof ArrayBuffer ? (body as Uint8Array<ArrayBuffer>) : new Uint8Array(body)
}

function plain(headers: Headers): Record<string, string> {
  const record: Record<string, string> = {}
  // oxlint-disable-next-line unicorn/no-array-for-each -- the core's types know no iterator of Headers
  headers.forEach((value, name) => {
    record[name] = value
  })
  return record
}

// AWS Signature Version 4. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { failed, type Outcome } from '../ir/error.ts'
import type { AwsMaterial } from './material.ts'
import type { SignableRequest } from './sign.ts'

export interface SigV4Place {
  readonly service: string
  readonly region: string
  /** Unix milliseconds. */
  readonly now: number
}

/** The request with AWS's headers. */
export async function signSigV4(
  _request: SignableRequest,
  _material: AwsMaterial,
  _place: SigV4Place,
): Promise<Outcome<SignableRequest>> {
  return failed('missing_credential', { message: 'signatures are not available' })
}

// What an account brings to a request: the thing that a scheme puts on it, whatever it was made from.
import type { AuthScheme } from '../catalog/snapshot.ts'
import type { Secret } from '../ir/secret.ts'

/** A key or token as text. */
export interface TokenMaterial {
  readonly kind: 'token'
  readonly secret: Secret
  /** Takes the place of the provider's scheme: an access token travels as bearer where a key has a header of its own. */
  readonly scheme?: AuthScheme
  /** What the provider wants to see beside a token of this kind; comma lists are added to, not replaced. */
  readonly headers?: Readonly<Record<string, string>>
}

/** AWS keys, which sign and are not sent. */
export interface AwsMaterial {
  readonly kind: 'aws'
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  readonly sessionToken: Secret | null
  /** Where the credential says so itself; the provider's region goes before it. */
  readonly region: string | null
}

export type Material = { readonly kind: 'none' } | TokenMaterial | AwsMaterial

/** Every secret in it, so that it can be taken out of texts. */
export function secretsOf(material: Material): readonly Secret[] {
  switch (material.kind) {
    case 'none':
      return []
    case 'token':
      return [material.secret]
    case 'aws':
      return material.sessionToken === null
        ? [material.secretAccessKey]
        : [material.secretAccessKey, material.sessionToken]
  }
}

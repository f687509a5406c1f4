// A key that is used as it is kept.
import { ok } from '../../ir/error.ts'
import type { Maker } from '../recipe.ts'

/** The text of the secret. Asking again may bring another one wherever it can be changed while the gateway runs. */
export const makeApiKey: Maker<'api_key'> = async ({ secret: source }, making) => {
  const secret = await making.read(source)
  if (!secret.ok) return secret
  const renewable = source.source !== 'env' && source.source !== 'inline'
  return ok({ material: { kind: 'token', secret: secret.value }, expiresAt: null, renewable })
}

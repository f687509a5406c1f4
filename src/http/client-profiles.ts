// Client profiles on the wire: the header that names one, and `GET /v1/client-profiles`.
import type { Hono } from 'hono'
import type { ClientProfile, Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import { clientProfileViews } from '../operations/client-profiles.ts'
import {
  allowsModel,
  chooseClientProfile,
  clientKind,
  clientProfileHeaders,
  restrictToProfile,
} from '../policy/client-profile.ts'
import type { RouteDecision } from '../policy/decision.ts'
import { headerValue } from '../wire/headers.ts'
import type { DoorEnv } from './door.ts'
import { errorResponse } from './errors.ts'

/**
 * The profile that the request names in its header; undefined where it names none. Throws `GatewayError` where it may not
 * be used on this wire or with this model.
 */
export function profileOf(
  headers: Headers,
  snapshot: Snapshot,
  { dialect, model }: Pick<RequestFacts, 'dialect' | 'model'>,
): ClientProfile | undefined {
  const name = clientProfileHeaders.find((header) => headers.has(header))
  const asked = name === undefined ? null : headers.get(name)
  if (asked === null) return undefined
  const chosen = chooseClientProfile(asked, snapshot, dialect)
  if (!chosen.ok) throw chosen.error
  if (!allowsModel(chosen.value, model))
    throw new GatewayError('client_profile_denied', {
      message: `client profile ${chosen.value.id} does not allow model '${headerValue(model, 128)}'`,
      param: 'model',
    })
  return chosen.value
}

/** What an answer says of the profile that it was served under: its id, and the wire that its clients speak. */
export function profileHeaders({ id, kind }: ClientProfile): Record<string, string> {
  const protocol = clientKind(kind)?.protocol
  return {
    'x-signalbox-client-profile': headerValue(id, 128),
    ...(protocol !== undefined && { 'x-signalbox-client-protocol': protocol }),
  }
}

/** The decision within the profile's accounts. Throws `client_profile_denied` where nothing is left for that reason. */
export function restrictedTo(profile: ClientProfile, planned: RouteDecision): RouteDecision {
  const decision = restrictToProfile(planned, profile)
  // Where locks have taken the rest, the answer is about them: it says when to come again.
  const isDenied = decision.candidates.length === 0 && planned.candidates.length > 0
  if (isDenied && !decision.rejected.some(({ lockedBy }) => lockedBy !== undefined))
    throw new GatewayError('client_profile_denied', {
      message: `client profile ${profile.id} allows no account that serves this model`,
    })
  return decision
}

const path = '/v1/client-profiles'

/** Adds `GET /v1/client-profiles`: for the holder of any key, like the list of models. */
export function mountClientProfiles(app: Hono<DoorEnv>, hasSecret: (name: string) => boolean): void {
  app.get(path, (c) => {
    const response = c.json({ object: 'list', data: clientProfileViews(c.get('snapshot'), hasSecret) })
    response.headers.set('x-signalbox-request-id', c.get('requestId'))
    return response
  })
  app.all(path, (c) => {
    const response = errorResponse(new GatewayError('method_not_allowed'), path, c.get('requestId'))
    response.headers.set('allow', 'GET')
    return response
  })
}

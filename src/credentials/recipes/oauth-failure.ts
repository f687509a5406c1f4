// What to tell about a refresh that failed, when it fails and for as long as the failure stands.
import { failed, type Outcome } from '../../ir/error.ts'
import type { Making } from '../recipe.ts'
import type { RefreshFailure } from './oauth-record.ts'

/** A refresh that failed, in words; `missing_credential` where somebody has to do something about it. */
export function failureOutcome({ id, ports }: Making, failure: RefreshFailure): Outcome<never> {
  const lost = failure.unanswered ? ', and an earlier refresh got no answer' : ''
  if (failure.final)
    return failed('missing_credential', {
      message: `credential ${id}: the refresh token is no longer accepted (${failure.code})${lost}: log in again and store the new refresh token`,
    })
  const retryAfterMs = Math.max(0, failure.retryAt - ports.clock.now())
  const configured = !['unanswered', 'unavailable'].includes(failure.code)
  return failed(configured ? 'missing_credential' : 'upstream_unreachable', {
    message: configured
      ? `credential ${id}: the token endpoint refuses the refresh (${failure.code}): check client_id, client_secret and scope`
      : `credential ${id}: ${failure.reason}`,
    retryAfterMs,
  })
}

// What to do about a failure of a provider, in one sentence for the person who runs the gateway.
import type { ProviderRecord } from '../catalog/snapshot.ts'
import { variablesOf } from './credentials-view.ts'
import type { OperationContext } from './operation.ts'
import { commandLine, inOrder } from './provider-lookup.ts'

/** The next step after one of our error codes; null where none is known. */
export function nextStep(
  context: OperationContext,
  provider: ProviderRecord,
  account: string | null,
  code: string,
): string | null {
  const id = provider.id
  const used = provider.accounts.find((candidate) => candidate.id === account) ?? inOrder(provider)[0]
  const variables = variablesOf(used?.credential ?? null).join(' and ')
  const key = variables === '' ? `the credential of account ${id}/${used?.id ?? account}` : variables
  switch (code) {
    case 'missing_credential':
      return variables === ''
        ? `look where ${key} comes from: ${commandLine(context, `provider show ${id}`)}`
        : `set ${key}`
    case 'upstream_auth':
      return `put a key of this vendor that is valid into ${key}`
    case 'upstream_forbidden':
      return `the key is known and may not do this: look at its rights, its project and its region at the vendor`
    case 'upstream_quota':
      return 'add credit at the vendor, or another account'
    case 'upstream_rate_limited':
      return 'wait, or add another account'
    case 'upstream_model_missing':
      return `name a model that it has with --model: ${commandLine(context, `provider models ${id}`)}`
    case 'upstream_unreachable':
      return `look at base_url and at the network: ${commandLine(context, `provider show ${id}`)}`
    case 'upstream_tls':
      return 'look at the certificate of the address, or at the proxy in between'
    case 'blocked_endpoint':
      return 'a private address needs "allow_private", plain http "allow_http", and a proxy has to be switched on'
    case 'upstream_redirect':
    case 'upstream_bad_content':
      return `something else answers at this address: look at base_url with ${commandLine(context, `provider show ${id}`)}`
    case 'upstream_timeout':
    case 'stream_idle_timeout':
    case 'limit_exceeded':
      return 'try again; a slow model may need longer timeouts'
    case 'upstream_overloaded':
    case 'upstream_error':
      return 'try again; the vendor has trouble of its own'
    case 'upstream_rejected':
      return `the vendor does not take such a request for this model: try another one with --model`
    case 'no_eligible_target':
      return `an earlier failure keeps the account out for a while: ${commandLine(context, `accounts reset ${id}`)}`
    case 'no_model':
      return `name one with --model`
    case 'usage_missing':
      return 'costs and budgets cannot be counted for this provider'
    case 'stream_not_legal':
      return 'a quirk of this vendor may mend it: look at "quirks" in the configuration of the provider'
    default:
      return null
  }
}

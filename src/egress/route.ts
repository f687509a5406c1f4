// Which way a request takes: the proxy of the account, else of the provider, else the default one, else none.
import type { Account, EgressSettings, ProviderRecord } from '../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import { Secret } from '../ir/secret.ts'
import { proxyUrlProblem } from '../policy/proxy-url.ts'
import type { EgressRoute, Secrets } from '../ports/index.ts'

/** The proxy to take; null goes directly. Fails with `blocked_endpoint` where the one that is named cannot be used. */
export function egressRoute(
  provider: Pick<ProviderRecord, 'egress'>,
  account: Pick<Account, 'egress'> | undefined,
  settings: EgressSettings,
  secrets: Secrets,
): Outcome<EgressRoute | null> {
  const id = account?.egress ?? provider.egress ?? settings.defaultId
  if (id === null) return ok(null)
  const record = settings.proxies.get(id)
  // Never around it: who names a proxy means that nothing leaves without it.
  if (record === undefined || !record.enabled || !settings.enabled)
    return failed('blocked_endpoint', { message: `the proxy ${id} is switched off` })
  const url = record.url.from === 'file' ? record.url.url : (secrets.get(record.url.env) ?? '')
  if (url === '') return failed('missing_credential', { message: `the address of the proxy ${id} is not set` })
  if (!URL.canParse(url) || proxyUrlProblem(new URL(url)) !== undefined)
    return failed('missing_credential', {
      message: `the address of the proxy ${id} is not one of the form http://host:port`,
    })
  const { headers, userAgent } = record
  return ok({ id, headers, userAgent, url: new Secret(`egress ${id}`, url) })
}

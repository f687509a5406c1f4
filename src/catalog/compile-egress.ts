// The ways out: proxies by id, the default one, and the hosts that may be talked to at all.
import { checkUnique } from './compile-access.ts'
import { checkHeaders } from './compile-server.ts'
import { didYouMean } from './hints.ts'
import type { Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { EgressRecord, EgressSettings } from './snapshot.ts'

/** Checks and compiles the ways out. */
export function compileEgress(config: Config, report: Report): EgressSettings {
  checkUnique(config.egress, (egress) => egress.id, 'id', ['egress'], report)
  const proxies = new Map<string, EgressRecord>()
  for (const [index, egress] of config.egress.entries()) {
    const path = ['egress', index]
    checkHeaders(egress.headers, [...path, 'headers'], report)
    const { url, url_env: env } = egress
    if ((url === undefined) === (env === undefined))
      report.problem([...path, 'url'], 'required', 'exactly one of "url" and "url_env"')
    proxies.set(egress.id, {
      id: egress.id,
      url: env === undefined ? { from: 'file', url: url ?? '' } : { from: 'env', env },
      headers: egress.headers,
      userAgent: egress.user_agent ?? null,
      enabled: egress.enabled,
    })
  }
  const { default_egress: defaultId, egress_enabled: enabled, allowed_upstreams: allowedHosts } = config.server
  if (defaultId !== null && !proxies.has(defaultId))
    report.problem(
      ['server', 'default_egress'],
      `no egress ${JSON.stringify(defaultId)}`,
      didYouMean(defaultId, [...proxies.keys()]),
    )
  return { proxies, defaultId, enabled, allowedHosts }
}

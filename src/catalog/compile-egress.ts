// The ways out: proxies by id, the default one, and the hosts that may be talked to at all.
import { hostGlobProblem, isAllowedHost } from '../policy/upstream-hosts.ts'
import { proxyUrlProblem } from '../policy/proxy-url.ts'
import { screenAddress } from '../policy/url-screen.ts'
import { checkUnique } from './compile-access.ts'
import { checkHeaders } from './compile-server.ts'
import { headerProblem } from './header-rules.ts'
import { didYouMean } from './hints.ts'
import type { Path, Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { CredentialRecord, EgressRecord, EgressSettings, ProviderRecord } from './snapshot.ts'

/** What the runtime can do, where that is known. */
export interface Abilities {
  readonly proxies: boolean
}

/** Checks and compiles the ways out. Without `abilities` the runtime is taken to be able to do everything. */
export function compileEgress(config: Config, report: Report, abilities?: Abilities): EgressSettings {
  checkUnique(config.egress, (egress) => egress.id, 'id', ['egress'], report)
  const proxies = new Map<string, EgressRecord>()
  for (const [index, egress] of config.egress.entries()) {
    if (abilities?.proxies === false)
      report.problem(
        ['egress', index],
        'this runtime cannot go through a proxy',
        'its own fetch is the only way out; run the gateway on Node, Bun or Deno, or remove the record',
      )
    proxies.set(egress.id, compileProxy(egress, ['egress', index], report))
  }
  const { default_egress: defaultId, egress_enabled: enabled, allowed_upstreams: allowedHosts } = config.server
  checkDefault(defaultId, proxies, enabled, report)
  for (const [index, glob] of allowedHosts.entries()) {
    const problem = hostGlobProblem(glob)
    if (problem !== undefined) report.problem(['server', 'allowed_upstreams', index], problem)
  }
  return { proxies, defaultId, enabled, allowedHosts }
}

function compileProxy(egress: Config['egress'][number], path: Path, report: Report): EgressRecord {
  const { url, url_env: env, user_agent: userAgent } = egress
  checkHeaders(egress.headers, [...path, 'headers'], report)
  for (const name of Object.keys(egress.headers))
    if (name.toLowerCase() === 'user-agent') report.problem([...path, 'headers', name], 'use "user_agent"')
  const agentProblem = userAgent === undefined ? undefined : headerProblem('user-agent', userAgent)
  if (agentProblem !== undefined) report.problem([...path, 'user_agent'], agentProblem)
  if ((url === undefined) === (env === undefined))
    report.problem([...path, 'url'], 'required', 'exactly one of "url" and "url_env"')
  if (url !== undefined) checkProxyUrl(url, [...path, 'url'], report)
  return {
    id: egress.id,
    url: env === undefined ? { from: 'file', url: url ?? '' } : { from: 'env', env },
    headers: egress.headers,
    userAgent: userAgent ?? null,
    enabled: egress.enabled,
  }
}

// Nothing here repeats the address: it may hold a password.
function checkProxyUrl(text: string, path: Path, report: Report): void {
  // The URL parser would quietly drop or turn these.
  if (/[\s\\]|[^\x20-\x7e]/.test(text) || !URL.canParse(text)) return report.problem(path, 'not a URL')
  const url = new URL(text)
  const problem = proxyUrlProblem(url) ?? literalProblem(url)
  if (problem !== undefined) return report.problem(path, problem)
  if (url.password !== '') report.warning(path, 'a password in the file', 'name an environment variable in "url_env"')
}

// A proxy may be anywhere but where machine credentials are handed out.
function literalProblem({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return /^[\d.]+$/.test(host) || host.includes(':') ? screenAddress(host, { allowPrivate: true }) : undefined
}

function checkDefault(
  id: string | null,
  proxies: ReadonlyMap<string, EgressRecord>,
  enabled: boolean,
  report: Report,
): void {
  if (id === null) return
  const path = ['server', 'default_egress']
  const proxy = proxies.get(id)
  if (proxy === undefined)
    return report.problem(path, `no egress ${JSON.stringify(id)}`, didYouMean(id, [...proxies.keys()]))
  // Nothing goes around a proxy that is named, so this stops everything.
  if (!enabled || !proxy.enabled)
    report.warning(path, 'is switched off', 'so every request that names no other proxy is refused')
}

/** Reports every configured address whose host `server.allowed_upstreams` does not name. */
export function checkUpstreamHosts(
  providers: ReadonlyMap<string, ProviderRecord>,
  credentials: ReadonlyMap<string, CredentialRecord>,
  { allowedHosts }: EgressSettings,
  report: Report,
): void {
  for (const { id, baseUrl, region } of providers.values())
    checkHost(baseUrl?.replaceAll('{region}', region ?? 'region'), ['providers', id, 'base_url'], allowedHosts, report)
  for (const { id, recipe } of credentials.values())
    if (recipe.type === 'oauth') checkHost(recipe.tokenUrl, ['credentials', id, 'token_url'], allowedHosts, report)
}

function checkHost(text: string | undefined, path: Path, allowed: readonly string[], report: Report): void {
  // What is no URL at all was reported where it was read.
  if (text === undefined || !URL.canParse(text)) return
  const { hostname } = new URL(text)
  if (isAllowedHost(hostname, allowed)) return
  report.problem(
    path,
    `the host ${hostname} is not in server.allowed_upstreams`,
    'add it there, or a glob that names it',
  )
}

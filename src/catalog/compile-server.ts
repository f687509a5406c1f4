// The `server` section to settings.
import { headerProblem } from './header-rules.ts'
import type { Path, Report } from './problem.ts'
import type { Config, TargetConfig } from './schema.ts'
import type { Limits, ServerSettings, Timeouts } from './snapshot.ts'
import { didYouMean } from './hints.ts'

/** Checks and compiles the `server` section; what is wrong goes into the report. */
export function compileServer(config: Config, report: Report): ServerSettings {
  const { server } = config
  checkHeaders(server.headers, ['server', 'headers'], report)
  checkHosts(server.allowed_hosts, report)
  checkOrigins(server.cors.allowed_origins, report)
  const fallback = server.default_provider
  if (fallback !== null && !Object.hasOwn(config.providers, fallback))
    report.problem(
      ['server', 'default_provider'],
      `no provider ${JSON.stringify(fallback)}`,
      didYouMean(fallback, Object.keys(config.providers)),
    )
  return {
    host: server.host,
    port: server.port,
    watch: server.watch,
    allowedHosts: server.allowed_hosts.map((host) => host.toLowerCase()),
    corsOrigins: server.cors.allowed_origins,
    allowUnauthenticated: server.allow_unauthenticated,
    allowOpenAdmin: server.allow_open_admin,
    defaultProvider: fallback,
    limits: compileLimits(server.limits),
    timeouts: compileTimeouts(server.timeouts),
    heartbeatMs: server.heartbeat_ms,
    headers: server.headers,
    publicModels: server.compat.public_models,
    compatHeaders: server.compat.headers,
  }
}

/** Reports every header that may not be configured, and names that differ in case only. */
export function checkHeaders(headers: Readonly<Record<string, string>>, path: Path, report: Report): void {
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value)
    if (problem !== undefined) report.problem([...path, name], problem)
    else if (seen.has(name.toLowerCase())) report.problem([...path, name], 'duplicate header')
    seen.add(name.toLowerCase())
  }
}

function checkHosts(hosts: readonly string[], report: Report): void {
  for (const [index, host] of hosts.entries())
    if (!/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(host))
      report.problem(['server', 'allowed_hosts', index], 'expected a host name or address, with or without a port')
}

function checkOrigins(origins: readonly string[], report: Report): void {
  for (const [index, origin] of origins.entries()) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined
    const web = url?.protocol === 'https:' || url?.protocol === 'http:'
    if (!web || url.origin !== origin)
      report.problem(
        ['server', 'cors', 'allowed_origins', index],
        'expected an exact origin',
        'such as "https://app.example.com", with no path and no wildcard',
      )
  }
}

function compileLimits(limits: Config['server']['limits']): Limits {
  return {
    maxBodyBytes: limits.max_body_bytes,
    maxJsonDepth: limits.max_json_depth,
    maxBufferedResponseBytes: limits.max_buffered_response_bytes,
    maxConcurrency: limits.max_concurrency,
    admissionTimeoutMs: limits.admission_timeout_ms,
    headerTimeoutMs: limits.header_timeout_ms,
    bodyTimeoutMs: limits.body_timeout_ms,
    maxHeaderBytes: limits.max_header_bytes,
    maxHeaderCount: limits.max_header_count,
    maxUrlBytes: limits.max_url_bytes,
    maxMessages: limits.max_messages,
    maxTools: limits.max_tools,
    maxKeysPerObject: limits.max_keys_per_object,
    maxEventBytes: limits.max_event_bytes,
    maxStreamBytes: limits.max_stream_bytes,
    maxRepairChars: limits.max_repair_chars,
    clientStallMs: limits.client_stall_ms,
  }
}

function compileTimeouts(timeouts: Config['server']['timeouts']): Timeouts {
  return {
    connectMs: timeouts.connect_ms,
    headersMs: timeouts.headers_ms,
    firstContentMs: timeouts.first_content_ms,
    idleMs: timeouts.idle_ms,
    totalMs: timeouts.total_ms,
  }
}

/** The timers of one target: only those that it sets itself. */
export function compileTimeoutOverrides(timeouts: TargetConfig['timeouts']): Partial<Timeouts> {
  return {
    ...(timeouts.connect_ms === undefined ? {} : { connectMs: timeouts.connect_ms }),
    ...(timeouts.headers_ms === undefined ? {} : { headersMs: timeouts.headers_ms }),
    ...(timeouts.first_content_ms === undefined ? {} : { firstContentMs: timeouts.first_content_ms }),
    ...(timeouts.idle_ms === undefined ? {} : { idleMs: timeouts.idle_ms }),
    ...(timeouts.total_ms === undefined ? {} : { totalMs: timeouts.total_ms }),
  }
}

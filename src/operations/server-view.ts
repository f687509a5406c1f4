// The `server` section of a configuration and its keys, back in the words of the file.
import type { KeyRecord, Limits, ServerSettings } from '../catalog/snapshot.ts'
import { headersView, timeoutsView } from './view-parts.ts'

/** The section with everything that is in effect. */
export function serverView(server: ServerSettings): Record<string, unknown> {
  return {
    host: server.host,
    port: server.port,
    watch: server.watch,
    allowed_hosts: server.allowedHosts,
    cors: { allowed_origins: server.corsOrigins },
    allow_unauthenticated: server.allowUnauthenticated,
    allow_open_admin: server.allowOpenAdmin,
    default_provider: server.defaultProvider,
    limits: limitsView(server.limits),
    timeouts: timeoutsView(server.timeouts),
    heartbeat_ms: server.heartbeatMs,
    headers: headersView(server.headers),
    compat: { headers: server.compatHeaders, public_models: server.publicModels },
  }
}

function limitsView(limits: Limits): Record<string, unknown> {
  return {
    max_body_bytes: limits.maxBodyBytes,
    max_json_depth: limits.maxJsonDepth,
    max_buffered_response_bytes: limits.maxBufferedResponseBytes,
    max_concurrency: limits.maxConcurrency,
    admission_timeout_ms: limits.admissionTimeoutMs,
    header_timeout_ms: limits.headerTimeoutMs,
    body_timeout_ms: limits.bodyTimeoutMs,
    max_header_bytes: limits.maxHeaderBytes,
    max_header_count: limits.maxHeaderCount,
    max_url_bytes: limits.maxUrlBytes,
    max_messages: limits.maxMessages,
    max_tools: limits.maxTools,
    max_keys_per_object: limits.maxKeysPerObject,
    max_event_bytes: limits.maxEventBytes,
    max_stream_bytes: limits.maxStreamBytes,
    max_repair_chars: limits.maxRepairChars,
    client_stall_ms: limits.clientStallMs,
  }
}

/** One key: where it lies, never what it is. */
export function keyView(key: KeyRecord): Record<string, unknown> {
  return {
    id: key.id,
    env: key.env,
    roles: key.roles,
    tenant: key.tenant,
    expires_at: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
    revoked: key.revoked,
  }
}

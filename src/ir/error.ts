// The one error of Signalbox and the one closed list of its codes.
// A code is a promise to clients: it may be added, never renamed. The text around it may change.

/** Who is at fault: the caller, Signalbox itself, or the provider. */
export type ErrorOrigin = 'client' | 'gateway' | 'upstream'

/**
 * What the engine may do about it: try the same target again, go on to the next one, or give up and tell the client.
 */
export type RetryClass = 'same' | 'next' | 'never'

interface CodeFacts {
  readonly status: number
  readonly origin: ErrorOrigin
  readonly retry: RetryClass
  readonly meaning: string
}

/** Every code with its HTTP status, who is at fault, what the engine may do, and one line of meaning. */
export const errorCodes = {
  // The request itself.
  ambiguous_credentials: client(400, 'two different keys were sent'),
  invalid_host: client(400, 'the Host header or the URL is not usable'),
  invalid_path: client(400, 'the path holds an escape that is not accepted'),
  invalid_json: client(400, 'the body is not JSON'),
  invalid_utf8: client(400, 'the body is not UTF-8, or holds a lone surrogate'),
  invalid_body: client(400, 'the body is JSON but not an object, or empty'),
  duplicate_key: client(400, 'an object has the same key twice'),
  forbidden_key: client(400, 'an object has a key that is never accepted (__proto__ and its kin)'),
  json_too_deep: client(400, 'the body is nested deeper than limits.max_json_depth'),
  too_many_keys: client(400, 'an object has more keys than limits.max_keys_per_object'),
  too_many_messages: client(400, 'more messages than limits.max_messages'),
  too_many_tools: client(400, 'more tools than limits.max_tools'),
  missing_required_parameter: client(400, 'a required field is absent'),
  invalid_value: client(400, 'a field has a value of the wrong type or range'),
  invalid_model: client(400, 'the model field is not a usable name'),
  invalid_messages: client(400, 'the message list does not have the shape of its dialect'),
  unsupported_content: client(400, 'a content part cannot be carried to the chosen provider'),
  invalid_request: client(400, 'the request cannot be served as it is'),
  invalid_header: client(400, 'a request header has a value that is not accepted'),
  no_active_model: client(400, 'no active model is set for this agent'),
  invalid_api_key: client(401, 'the gateway key is missing or not valid'),
  insufficient_role: client(403, 'the key has no role for this path'),
  insufficient_tier: client(403, 'the key has no tier for this operation'),
  cross_site_request: client(403, 'a browser of another site sent this'),
  client_profile_denied: client(403, 'the client profile is switched off, or does not allow this'),
  model_not_found: client(404, 'no route, model or provider of this name'),
  unknown_route: client(404, 'no such path'),
  not_found: client(404, 'no such record'),
  method_not_allowed: client(405, 'the path does not take this method'),
  request_timeout: client(408, 'the request body did not arrive in time'),
  conflict: client(409, 'the record was changed by somebody else'),
  ambiguous_client_profile: client(409, 'several client profiles are of this kind'),
  body_too_large: client(413, 'the body is larger than limits.max_body_bytes'),
  url_too_long: client(414, 'the URL is longer than limits.max_url_bytes'),
  unsupported_media_type: client(415, 'the body has to be application/json'),
  unsupported_content_encoding: client(415, 'the body has to be sent without Content-Encoding'),
  misdirected_request: client(421, 'the Host is not one this gateway answers for'),
  fidelity_lost: client(422, 'strict fidelity was asked for and the translation would lose something'),
  schema_downlevel_rejected: client(422, 'a schema would have to be sent with less than it says'),
  invalid_client_profile: client(422, 'no such client profile, or one of another protocol'),
  invalid_configuration: client(422, 'the configuration was refused; the one before it stays in use'),
  upgrade_required: client(426, 'this path is not served over WebSocket'),
  headers_too_large: client(431, 'more or longer headers than the limits allow'),
  client_cancelled: client(499, 'the client went away before the answer was complete'),
  client_stalled: client(499, 'the client stopped reading its stream'),

  // The gateway.
  internal: gateway(500, 'a fault in Signalbox'),
  not_configured: gateway(503, 'the gateway has no keys, or no configuration'),
  shutting_down: gateway(503, 'the gateway is stopping'),
  overloaded: gateway(503, 'more requests in flight than limits.max_concurrency'),
  concurrency_limit: gateway(429, 'more requests of this tenant in flight than its max_concurrency'),
  store_unavailable: gateway(503, 'the store cannot be reached'),
  no_eligible_target: gateway(503, 'no target of the route can take the request now'),
  missing_credential: upstream(500, 'next', 'the credential of the target cannot be resolved'),

  // The provider.
  upstream_rejected: upstream(400, 'never', 'the provider refused the request'),
  upstream_context_overflow: upstream(400, 'next', 'the input does not fit into the context window'),
  upstream_filtered: upstream(400, 'never', 'the provider refused the content by policy'),
  upstream_quota: upstream(429, 'next', 'the account has no credit or quota left'),
  upstream_rate_limited: upstream(429, 'next', 'the provider limits the rate'),
  upstream_overloaded: upstream(529, 'next', 'the provider is overloaded'),
  upstream_auth: upstream(502, 'next', 'the provider refused our credential'),
  upstream_forbidden: upstream(502, 'next', 'the provider does not allow this account to do this'),
  upstream_model_missing: upstream(502, 'next', 'the provider does not know the model'),
  upstream_error: upstream(502, 'next', 'the provider failed'),
  upstream_unreachable: upstream(502, 'next', 'the provider cannot be reached'),
  upstream_tls: upstream(502, 'next', 'no trusted connection to the provider'),
  blocked_endpoint: upstream(502, 'next', 'the provider address is not allowed'),
  upstream_redirect: upstream(502, 'next', 'the provider answered with a redirect'),
  upstream_bad_content: upstream(502, 'next', 'the provider answered something that is not its dialect'),
  upstream_empty: upstream(502, 'next', 'the provider answered without content'),
  upstream_too_large: upstream(502, 'never', 'the answer is larger than limits.max_buffered_response_bytes'),
  stream_truncated: upstream(502, 'next', 'the stream ended before the answer was complete'),
  upstream_timeout: upstream(504, 'next', 'the provider did not answer in time'),
  stream_idle_timeout: upstream(504, 'next', 'the stream fell silent'),
  limit_exceeded: upstream(504, 'never', 'the answer took longer, or grew larger, than the limits allow'),
} as const satisfies Record<string, CodeFacts>

export type ErrorCode = keyof typeof errorCodes

function client(status: number, meaning: string): CodeFacts {
  return { status, origin: 'client', retry: 'never', meaning }
}

function gateway(status: number, meaning: string): CodeFacts {
  return { status, origin: 'gateway', retry: 'never', meaning }
}

function upstream(status: number, retry: RetryClass, meaning: string): CodeFacts {
  return { status, origin: 'upstream', retry, meaning }
}

/** What the provider itself said, for the trace and for a client of the same dialect. Never a key, never a prompt. */
export interface UpstreamReport {
  readonly status?: number
  readonly type?: string
  readonly code?: string
  readonly message?: string
  /** What a program is to read of it, as the wire spells it; for a client of the same dialect. */
  readonly details?: Readonly<Record<string, unknown>>
}

export interface GatewayErrorOptions {
  /** For the client; never a URL, a key, or text of the request. Defaults to the code's meaning. */
  readonly message?: string
  /** Overrides the status of the code (an upstream's own 4xx). */
  readonly status?: number
  readonly retry?: RetryClass
  /** The JSON path of the offending field. */
  readonly param?: string
  /** How long the client should wait, in milliseconds. */
  readonly retryAfterMs?: number
  readonly upstream?: UpstreamReport
  readonly cause?: unknown
}

/** The only error class. `origin` and the default status and retry class follow from the code. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly status: number
  readonly origin: ErrorOrigin
  readonly retry: RetryClass
  readonly param: string | undefined
  readonly retryAfterMs: number | undefined
  readonly upstream: UpstreamReport | undefined

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const facts: CodeFacts = errorCodes[code]
    super(
      options.message ?? meaningOf(code, options.param),
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.status = options.status ?? facts.status
    this.origin = facts.origin
    this.retry = options.retry ?? facts.retry
    this.param = options.param
    this.retryAfterMs = options.retryAfterMs
    this.upstream = options.upstream
  }
}

// The SDKs show the message and not always the param.
function meaningOf(code: ErrorCode, param: string | undefined): string {
  const { meaning }: CodeFacts = errorCodes[code]
  return code === 'missing_required_parameter' && param !== undefined ? `${param}: ${meaning}` : meaning
}

/** The tri-state of decoding: a value, or an error that says whether the input is invalid or merely unsupported. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: GatewayError }

/** A successful outcome. */
export function ok<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

/** A failed outcome; `failed('invalid_value', {param, message})`. */
export function failed(code: ErrorCode, options: GatewayErrorOptions = {}): { ok: false; error: GatewayError } {
  return { ok: false, error: new GatewayError(code, options) }
}

// The `server` section: where the gateway listens, what it accepts, how long it waits.
import { z } from 'zod'
import { count, headers, identifier, maxInteger, natural, text } from './schema-parts.ts'

function limits() {
  return z.strictObject({
    max_body_bytes: count().default(33_554_432),
    // Above this the runtimes' own JSON functions begin to overflow their stacks.
    max_json_depth: count(1000).default(64),
    max_buffered_response_bytes: count().default(16_777_216),
    max_concurrency: count().nullable().default(null).describe('Requests in flight at once; null for no limit'),
    admission_timeout_ms: natural().default(10_000),
    header_timeout_ms: count().default(10_000),
    body_timeout_ms: count().default(60_000),
    max_header_bytes: count().default(16_384),
    max_header_count: count().default(200),
    max_url_bytes: count().default(8192),
    max_messages: count().default(10_000),
    max_tools: count().default(1024),
    max_keys_per_object: count().default(1000),
    max_event_bytes: count().default(4_194_304).describe("One event of a provider's stream, decoded"),
    max_stream_bytes: count().default(67_108_864).describe("A provider's whole stream, decoded"),
    max_repair_chars: count().default(1_048_576).describe('Text of one stream that is kept so that it can be mended'),
    client_stall_ms: count()
      .default(60_000)
      .describe('A client that reads nothing of its stream for so long is given up'),
  })
}

function timeouts() {
  return z.strictObject({
    connect_ms: count().default(10_000),
    headers_ms: count().default(30_000).describe('Until the response headers of a stream'),
    first_content_ms: count().default(60_000).describe('Until the first content of a stream'),
    idle_ms: count().default(120_000).describe('Between two chunks'),
    total_ms: count().default(900_000),
  })
}

/** Timers of a single target: the ones that differ from the server's. */
export function timeoutOverrides() {
  return z.strictObject({
    connect_ms: count().optional(),
    headers_ms: count().optional(),
    first_content_ms: count().optional(),
    idle_ms: count().optional(),
    total_ms: count().optional(),
  })
}

/** The `server` section with its defaults. */
export function serverSchema() {
  return z.strictObject({
    host: text().default('127.0.0.1'),
    port: natural(65_535).default(8787).describe('0 picks a free port'),
    watch: z.boolean().default(true).describe('A changed file is taken up by itself; false: only by gateway reload'),
    allowed_hosts: z.array(text()).default([]).describe('Host names besides the bound address, localhost and [::1]'),
    cors: z.strictObject({ allowed_origins: z.array(text()).default([]) }).prefault({}),
    allow_unauthenticated: z
      .boolean()
      .nullable()
      .default(null)
      .describe(
        'null: open only without keys and on loopback; true: open on loopback although keys exist; false: never',
      ),
    allow_open_admin: z.boolean().default(false).describe('Opts in to a bind beyond loopback without keys'),
    default_provider: identifier().nullable().default(null).describe('Unknown models pass through to it'),
    limits: limits().prefault({}),
    timeouts: timeouts().prefault({}),
    heartbeat_ms: natural(maxInteger).default(10_000).describe('Comment in a silent stream; 0 turns it off'),
    headers: headers().describe('Added to every upstream request'),
    default_egress: identifier().nullable().default(null).describe('The proxy of every account that names none'),
    egress_enabled: z.boolean().default(true).describe('false: nothing leaves through a proxy'),
    allowed_upstreams: z
      .array(text())
      .default([])
      .describe('Host names or globs that providers may live on; empty for any public one'),
    compat: z
      .strictObject({
        headers: z
          .array(z.enum(['switchback', 'switchmaxxer', 'switch']))
          .default([])
          .describe('Earlier systems whose names of our headers are sent beside ours'),
        public_models: z.boolean().default(false),
      })
      .prefault({}),
  })
}

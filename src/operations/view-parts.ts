// What several sections of a configuration have in common, back in the words of the file. Nothing that is or may hold a secret
// gets through.
import type { TargetCapabilities } from '../catalog/capabilities.ts'
import { dialectOf } from '../catalog/presets.ts'
import type { BreakerSettings, PermanentFailures, Timeouts } from '../catalog/snapshot.ts'
import type { DialectId } from '../ir/dialect-id.ts'

/** Stands for what is not shown. */
export const redacted = '[redacted]'
const nanoPerUsd = 1e9

/** Members that are set, in milliseconds. */
export function timeoutsView(timeouts: Partial<Timeouts>): Record<string, unknown> {
  return present({
    connect_ms: timeouts.connectMs,
    headers_ms: timeouts.headersMs,
    first_content_ms: timeouts.firstContentMs,
    idle_ms: timeouts.idleMs,
    total_ms: timeouts.totalMs,
  })
}

/** Members that are stated; what is not is unknown. */
export function capabilitiesView(can: TargetCapabilities): Record<string, boolean | number | string[]> {
  return present<boolean | number | string[]>({
    streaming: can.streaming,
    tool_calling: can.tools,
    vision_in: can.images,
    audio_in: can.audio,
    file_in: can.files,
    json_schema: can.jsonSchema,
    reasoning_summary: can.reasoning,
    vision_sources: can.imageSources && [...can.imageSources],
    image_out: can.imageOutput,
    server_tools: can.serverTools,
    assistant_prefill: can.assistantPrefill,
    parallel_tool_calls: can.parallelToolCalls,
    max_context_tokens: can.maxContextTokens,
    max_output_tokens: can.maxOutputTokens,
  })
}

/** The breaker of a target with what its route says filled in; `permanent` is multiplied out. */
export function breakerView(
  breaker: BreakerSettings,
  permanent: PermanentFailures | undefined,
): Record<string, unknown> {
  return {
    enabled: breaker.enabled,
    failure_threshold: breaker.failureThreshold,
    reset_timeout_ms: breaker.resetMs,
    window_ms: breaker.windowMs,
    min_requests: breaker.minRequests,
    error_percent: breaker.errorPercent,
    max_open_ms: breaker.maxOpenMs,
    ...(permanent !== undefined && {
      permanent: {
        enabled: permanent.enabled,
        base_timeout_ms: permanent.baseMs,
        timeout_multiplier: 1,
        max_backoff_exponent: permanent.maxExponent,
        patterns: permanent.patterns ?? [],
      },
    }),
  }
}

/** `openai-chat` as the file spells it. */
export function formatName(dialect: DialectId): string {
  return Object.entries(dialectOf).find(([, id]) => id === dialect)?.[0] ?? dialect
}

/** Names only: a vendor may take its key in a header of any name. */
export function headersView(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, redacted]))
}

/** Nano-USD as USD. */
export function usd(nano: number | null): number | null {
  return nano === null ? null : nano / nanoPerUsd
}

function present<V>(members: Record<string, V | undefined>): Record<string, V> {
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, V] => entry[1] !== undefined))
}

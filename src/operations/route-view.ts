// A route with its targets, back in the words of the file.
import type { Requirements, RouteRecord, TargetRecord } from '../catalog/snapshot.ts'
import { breakerView, capabilitiesView, formatName, timeoutsView } from './view-parts.ts'

/** One route without its name. */
export function routeView(route: RouteRecord): Record<string, unknown> {
  return {
    match: route.match === null ? null : { model: route.match },
    strip_prefix: route.stripPrefix,
    display_name: route.displayName,
    strategy: route.strategy,
    profile: route.profile,
    sticky: route.sticky,
    require: requirementsView(route.require),
    targets: route.targets.map(targetView),
    defaults: route.defaults,
    fallback: {
      enabled: route.fallback.enabled,
      max_attempts: route.fallback.maxAttempts,
      on_context_overflow: route.fallback.onContextOverflow,
      degrade_to: route.fallback.degradeTo,
    },
    stream_failure: route.streamFailure,
    malformed_event: route.malformedEvent,
  }
}

function targetView(target: TargetRecord): Record<string, unknown> {
  return {
    name: target.name,
    provider: target.provider,
    model: target.model,
    api_format: target.dialect === null ? null : formatName(target.dialect),
    account: target.account,
    region: target.region,
    lane: target.lane ?? null,
    priority: target.priority,
    weight: target.weight,
    timeouts: timeoutsView(target.timeouts),
    max_retries: target.maxRetries,
    on_abort: target.onAbort,
    ...(target.breaker !== undefined && { breaker: breakerView(target.breaker, target.permanent) }),
  }
}

function requirementsView({ minContextTokens, ...required }: Requirements): Record<string, unknown> {
  return {
    ...capabilitiesView(required),
    ...(minContextTokens !== undefined && { min_context_tokens: minContextTokens }),
  }
}

// The ending of a request as one metadata row: names, counts, times, codes. Nothing of what was said.
import type { AnyDialect } from '../dialects/dialect.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Loss } from '../ir/loss.ts'
import type { CursorStep } from '../policy/cursor.ts'
import type { Candidate, Rejection, RouteDecision } from '../policy/decision.ts'
import type { Ports, TraceRow } from '../ports/index.ts'
import { traceDetail, type UnknownField } from '../redaction/index.ts'
import type { AttemptRecord, Ending, Finale } from './finale.ts'

/** What is known of a request before it is planned; the rest is added as it becomes known. */
export interface Observed {
  readonly requestId: string
  readonly startedAt: number
  readonly startedMono: number
  readonly revision: string
  readonly dialect: AnyDialect
  readonly path: string
  readonly keyId: string | null
  readonly tenant: string | null
  facts?: RequestFacts
  decision?: RouteDecision
  /** What it waited for a slot, in milliseconds. */
  queueMs?: number
}

/** A finale that writes one trace row, at the first `end`. */
export function createFinale(
  observed: Observed,
  ports: Ports,
  unknown: UnknownField = 'drop',
  settle?: () => void,
): Finale {
  const attempts: AttemptRecord[] = []
  let requestLosses: readonly Loss[] = []
  let contentMono: number | undefined
  let over = false
  return {
    attempts,
    attempt: (record) => void attempts.push(record),
    brokeOff(error) {
      const last = attempts.pop()
      if (last !== undefined) attempts.push({ ...last, error })
    },
    requestLosses: (losses) => void (requestLosses = losses),
    firstContent: () => void (contentMono ??= ports.clock.mono()),
    end(ending) {
      if (over) return
      over = true
      settle?.()
      const durationMs = ports.clock.mono() - observed.startedMono
      const ttftMs = contentMono === undefined ? null : contentMono - observed.startedMono
      ports.traces.write(rowOf(observed, ending, attempts, requestLosses, durationMs, ttftMs, unknown))
    },
  }
}

function rowOf(
  observed: Observed,
  ending: Ending,
  attempts: readonly AttemptRecord[],
  requestLosses: readonly Loss[],
  durationMs: number,
  ttftMs: number | null,
  unknown: UnknownField,
): TraceRow {
  const last = attempts.at(-1)
  const { usage, error } = ending
  return {
    requestId: observed.requestId,
    startedAt: observed.startedAt,
    revision: observed.revision,
    dialect: observed.dialect.id,
    path: observed.path,
    keyId: observed.keyId,
    tenant: observed.tenant,
    inboundModel: observed.facts?.model ?? null,
    route: observed.decision?.route ?? null,
    provider: last?.provider ?? null,
    account: last?.account ?? null,
    model: ending.model ?? last?.model ?? null,
    upstreamDialect: last?.dialect ?? null,
    streamed: observed.facts?.stream ?? false,
    status: ending.status,
    outcome: ending.terminal,
    errorCode: error?.code ?? null,
    finish: ending.finish?.class ?? null,
    durationMs: rounded(durationMs),
    ttftMs: ttftMs === null ? null : rounded(ttftMs),
    inputTokens: usage?.input ?? null,
    cacheReadTokens: usage?.cacheRead ?? null,
    cacheWriteTokens: usage === undefined ? null : sum(usage.cacheWrite, usage.cacheWrite1h),
    outputTokens: usage?.output ?? null,
    reasoningTokens: usage?.reasoning ?? null,
    usageEvidence: usage?.evidence ?? null,
    detail: traceDetail(
      {
        decision: observed.decision === undefined ? null : decisionDetail(observed.decision),
        ...(observed.facts !== undefined && { facts: factsDetail(observed.facts) }),
        attempts: attempts.map((record) => ({ ...record, durationMs: rounded(record.durationMs) })),
        ...(observed.queueMs !== undefined && { queue_ms: rounded(observed.queueMs) }),
        losses: requestLosses,
        answer_losses: ending.losses ?? [],
        ...(error?.upstream !== undefined && {
          upstream_error: {
            status: error.upstream.status,
            type: faultName(error.upstream.type),
            code: faultName(error.upstream.code),
          },
        }),
      },
      unknown,
    ),
  }
}

const needNames = [
  ['needsTools', 'tools'],
  ['needsServerTools', 'server_tools'],
  ['needsImages', 'images'],
  ['needsAudio', 'audio'],
  ['needsFiles', 'files'],
  ['needsSchema', 'schema'],
  ['needsReasoning', 'reasoning'],
  ['needsImageOutput', 'image_output'],
] as const satisfies readonly (readonly [keyof RequestFacts, string])[]

/** What the planner was asked, but for what the row says itself and for the session, which is the client's word. */
function factsDetail(facts: RequestFacts): Record<string, unknown> {
  const { task, choices, approxInputTokens, maxOutputTokens, imageSources } = facts
  return {
    task,
    needs: needNames.flatMap(([member, name]) => (facts[member] === true ? [name] : [])),
    choices,
    input_tokens: approxInputTokens,
    ...(maxOutputTokens !== undefined && { max_output_tokens: maxOutputTokens }),
    ...(imageSources !== undefined && { image_sources: imageSources }),
  }
}

/** A decision as traces and previews show it. What it has nothing to say about is left out. */
export function decisionDetail(decision: RouteDecision): Record<string, unknown> {
  const [selected, ...fallbacks] = decision.candidates
  const { profile, scores, cursor } = decision
  return {
    requested: decision.requested,
    route: decision.route,
    resolved_by: decision.resolvedBy,
    strategy: decision.strategy,
    ...(profile !== null && { profile }),
    selected: selected === undefined ? null : candidateDetail(selected, decision),
    fallbacks: fallbacks.map((candidate) => candidateDetail(candidate, decision)),
    rejected: decision.rejected.map(rejectionDetail),
    ...(scores.length > 0 && { scores }),
    reasons: decision.reasons,
    unverified: decision.unverified,
    max_attempts: decision.maxAttempts,
    ...(cursor !== null && { cursor: cursorDetail(cursor) }),
    random: decision.random,
  }
}

function candidateDetail(candidate: Candidate, decision: RouteDecision): Record<string, unknown> {
  const { label, target, dialect, passthrough, accounts, accountBy, breaker, degraded, route } = candidate
  return {
    target: label,
    name: target.name,
    dialect,
    passthrough,
    accounts,
    account_by: accountBy,
    ...(target.region !== null && { region: target.region }),
    ...(breaker !== 'closed' && { breaker }),
    ...(degraded && { degraded }),
    ...(route !== decision.route && { route }),
  }
}

// Targets may be called anything, so their names are values here and no members.
function cursorDetail({ picked, weights }: CursorStep): Record<string, unknown> {
  return { picked, weights: Object.entries(weights).map(([name, weight]) => ({ name, weight })) }
}

function rejectionDetail(rejection: Rejection): Record<string, unknown> {
  const { target, name, account, code, reason, lockedBy, retryInMs } = rejection
  return {
    target,
    ...(name !== undefined && { name }),
    code,
    reason,
    ...(account !== undefined && { account }),
    ...(lockedBy !== undefined && { locked_by: lockedBy }),
    ...(retryInMs !== undefined && { retry_in_ms: retryInMs }),
  }
}

// A provider may write anything here, the prompt too: only what looks like the name of a fault is kept.
function faultName(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.:/-]{1,64}$/.test(text) ? text : undefined
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}

function sum(left: number | undefined, right: number | undefined): number | null {
  return left === undefined && right === undefined ? null : (left ?? 0) + (right ?? 0)
}

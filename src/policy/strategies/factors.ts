// What `score` looks at in a target, each as a number that can be compared.
import { sumOf } from '../breaker-window.ts'
import { targetKey } from '../health.ts'
import { freshMs } from '../speed.ts'
import { costOf } from './cheapest.ts'
import type { FactorName, Profile } from './profiles.ts'
import type { Contender, Field } from './strategy.ts'

/** How a measure becomes a share: it is one, or the smallest or the largest of all is best. */
export type Scale = 'share' | 'less' | 'more'

export interface Factor {
  readonly scale: (profile: Profile) => Scale
  /** Undefined where it is not known of this target. */
  readonly measure: (contender: Contender, field: Field, profile: Profile) => number | undefined
  /** The share of a target of which it is not known, where it is of others. */
  readonly unknown: (contender: Contender, field: Field) => number
}

const worst = (): number => 0
const middling = (): number => 0.5

/** Unmeasured is worth a try, but not while somebody else is trying. */
function untried({ candidate }: Contender, { health }: Field): number {
  return (health.loads.get(targetKey(candidate)) ?? 0) === 0 ? 1 : 0.5
}

export const factors: Readonly<Record<FactorName, Factor>> = {
  selection_rank: { scale: () => 'less', measure: ({ rank }) => rank, unknown: worst },
  health: { scale: () => 'share', measure: healthShare, unknown: middling },
  account_availability: { scale: () => 'share', measure: accountShare, unknown: worst },
  cost: { scale: () => 'less', measure: (contender, field) => costOf(contender, field) ?? undefined, unknown: worst },
  latency: { scale: () => 'less', measure: latencyOf, unknown: untried },
  ttft: { scale: () => 'less', measure: ttftOf, unknown: untried },
  task_fit: { scale: () => 'share', measure: taskFit, unknown: worst },
  context_fit: {
    scale: ({ wantsLargeContext }) => (wantsLargeContext === true ? 'more' : 'share'),
    measure: contextFit,
    unknown: middling,
  },
}

/** The share of requests of its breaker's window that it answered; one that has to prove itself again has half. */
function healthShare({ candidate, target }: Contender, { health, policy }: Field): number {
  const breaker = health.breakers.get(targetKey(candidate))
  if (breaker === undefined) return 1
  if (candidate.breaker === 'half_open') return 0.5
  const since = health.now - (target.breaker ?? policy.direct.breaker).windowMs
  const { total, failed } = sumOf(breaker, since)
  // One failure alone is no zero.
  return 1 - failed / (total + 1)
}

/** The share of its accounts that can be used now. */
function accountShare({ candidate, locked }: Contender): number {
  const usable = Math.max(1, candidate.accounts.length)
  return usable / (usable + locked)
}

function latencyOf({ candidate }: Contender, { health }: Field): number | undefined {
  return freshMs(health.speeds.get(targetKey(candidate))?.total, health.now)
}

function ttftOf({ candidate }: Contender, { facts, health }: Field): number | undefined {
  return facts.stream ? freshMs(health.speeds.get(targetKey(candidate))?.ttft, health.now) : undefined
}

/** Whether it is good at what the profile is for. A provider on this machine or network keeps everything private. */
function taskFit({ provider, record }: Contender, _field: Field, { strength }: Profile): number | undefined {
  if (strength === undefined) return undefined
  const isNear = strength === 'private' && provider.allowPrivate !== false
  if (isNear || record?.strengths.includes(strength) === true) return 1
  return record !== undefined && record.strengths.length > 0 ? 0 : undefined
}

/** What the request leaves of the window, or the window itself. */
function contextFit({ candidate }: Contender, { facts }: Field, { wantsLargeContext }: Profile): number | undefined {
  const { contextWindow } = candidate
  if (contextWindow === null) return undefined
  if (wantsLargeContext === true) return contextWindow
  const used = facts.approxInputTokens + (facts.maxOutputTokens ?? 0)
  return Math.max(0, 1 - used / contextWindow)
}

// What of a foreign answer OpenAI's choices cannot say, as losses. Shared by whole answers and streams.
import type { Loss } from '../../ir/loss.ts'
import type { Finish } from '../../ir/response.ts'
import type { Usage } from '../../ir/usage.ts'
import { extrasLosses } from './members.ts'
import { foreignCounters } from './usage.ts'

/** A part that only its own wire understands. */
export function opaqueLoss(kind: string): Loss {
  return { path: kind, action: 'dropped', reason: 'the wire has no such content' }
}

/** A citation without a link. */
export const unlinkedLoss: Loss = {
  path: 'citations',
  action: 'dropped',
  reason: 'the wire only has citations of links',
}

/** What a finish says beyond the wire's five words. */
export function finishLosses(finish: Finish | undefined): Loss[] {
  if (finish === undefined) return []
  return [
    ...(finish.stopSequence === undefined
      ? []
      : [
          { path: 'stop_sequence', action: 'dropped', reason: 'the wire does not say which sequence was met' } as const,
        ]),
    ...(finish.class === 'pause'
      ? [{ path: 'stop_reason', action: 'approximated', reason: 'the wire has no paused answers' } as const]
      : []),
    ...extrasLosses(finish.extras),
  ]
}

/** Counters that have no place in the usage record. */
export function usageLosses(usage: Usage | undefined): Loss[] {
  return usage === undefined
    ? []
    : foreignCounters(usage).map((key) => ({
        path: `usage.${key}`,
        action: 'dropped',
        reason: 'the wire has no such counter',
      }))
}

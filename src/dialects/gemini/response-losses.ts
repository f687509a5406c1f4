// What of a foreign answer this wire cannot say, as losses. Shared by the whole answer and the stream.
import type { Extras } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish } from '../../ir/response.ts'

/** One loss per member that only the answer's own wire has. */
export function extrasLosses(extras: Extras | undefined, at?: string): Loss[] {
  return Object.keys(extras ?? {}).map((key) => ({
    path: at === undefined ? key : `${at}.${key}`,
    action: 'dropped',
    reason: 'the wire has no such field',
  }))
}

/** A citation without a link. */
export const unlinkedLoss: Loss = {
  path: 'citations',
  action: 'dropped',
  reason: 'the wire only has citations of links',
}

/** What a finish says beyond the wire's words. */
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

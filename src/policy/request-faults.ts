// Failures that a request brings about itself: they say nothing of its target, its account or its model.
import type { ErrorCode } from '../ir/error.ts'

const faults: ReadonlySet<string> = new Set<ErrorCode>([
  'upstream_rejected',
  'upstream_filtered',
  'upstream_context_overflow',
])

/** Whether a provider answers a request with this, whoever sends it. */
export function isFaultOfRequest(code: string): boolean {
  return faults.has(code)
}

// The sliding window of a circuit breaker: how many of the last requests failed, counted in parts.

/** How many parts a window slides by. */
const parts = 10

/** A part of the sliding window that is over. */
export interface Bucket {
  readonly from: number
  readonly total: number
  readonly failed: number
}

/** The newest part lies flat in it, so that a success costs one object. */
export interface Window extends Bucket {
  /** The parts before it, oldest first. */
  readonly past: readonly Bucket[]
}

/** Nothing was counted. */
export const emptyWindow: Window = { from: 0, total: 0, failed: 0, past: [] }

/**
 * All that is counted in the window, and how much of it failed.
 * @param since parts that began then or before are left out
 */
export function sumOf(window: Window, since = -Infinity): { readonly total: number; readonly failed: number } {
  const sum = { total: 0, failed: 0 }
  for (const { from, total, failed } of [...window.past, window]) {
    if (from <= since) continue
    sum.total += total
    sum.failed += failed
  }
  return sum
}

/** The window at a moment; the same object while its newest part lasts. */
export function windowAt(window: Window, windowMs: number, now: number): Window {
  const width = Math.max(1, Math.ceil(windowMs / parts))
  const from = Math.floor(now / width) * width
  // The clock runs forward only, but a reload may have changed the width: what is newer than the new part joins it.
  if (window.total > 0 && from <= window.from) return window
  const before = window.total === 0 ? window.past : [...window.past, bucketOf(window)]
  return { ...emptyWindow, from, past: before.filter((bucket) => bucket.from > now - windowMs) }
}

function bucketOf({ from, total, failed }: Window): Bucket {
  return { from, total, failed }
}

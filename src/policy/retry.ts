// How long to wait before a target is tried again. Pure; milliseconds.
import type { RetrySettings } from '../catalog/snapshot.ts'

/**
 * The wait before the `n`-th further try (from 1): base × 2^(n-1), capped, and anywhere between nothing and that, so that
 * those who failed together do not come back together. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 * @param random uniform in [0, 1)
 */
export function backoffMs(
  n: number,
  { baseMs, maxMs }: Pick<RetrySettings, 'baseMs' | 'maxMs'>,
  random: number,
): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(0, n - 1), 30)) * random
}

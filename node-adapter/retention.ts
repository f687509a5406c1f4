// Keeps what was recorded as long as the configuration says, and no longer: traces, and looks at secrets.
import type { Clock, LedgerStore, Log } from '../src/ports/index.ts'

const everyMs = 60 * 60 * 1000
const batch = 1000

export interface Retention {
  readonly ledger: Pick<LedgerStore, 'pruneTraces' | 'pruneAccesses'>
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly log: Log
  /** Asked each time: a changed configuration counts from the next pruning on. */
  readonly retentionMs: () => number
}

/** Prunes at once and then every hour; the returned function stops it. */
export function startRetention({ ledger, clock, log, retentionMs }: Retention): () => void {
  let stopped = false
  let cancel = (): void => {}

  // In batches, so that nobody waits long for the database.
  async function prune(what: 'traces' | 'accesses', step: (before: number, batch: number) => Promise<number>) {
    const before = clock.now() - retentionMs()
    try {
      while (!stopped && (await step(before, batch)) === batch);
    } catch (cause) {
      if (!stopped) log.warn('not_pruned', { name: what, reason: cause instanceof Error ? cause.name : 'unknown' })
    }
  }

  const run = async (): Promise<void> => {
    await prune('traces', ledger.pruneTraces)
    await prune('accesses', ledger.pruneAccesses)
    if (!stopped) cancel = clock.after(everyMs, () => void run())
  }
  void run()
  return () => {
    stopped = true
    cancel()
  }
}

// Keeps the access audit as long as the configuration keeps traces, and no longer.
import type { Clock, LedgerStore, Log } from '../../src/ports/index.ts'

const everyMs = 60 * 60 * 1000
const batch = 1000

export interface AuditPruning {
  readonly ledger: Pick<LedgerStore, 'pruneAccesses'>
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly log: Log
  readonly retentionMs: number
}

/** Prunes at once and then every hour; the returned function stops it. */
export function startAuditPruning({ ledger, clock, log, retentionMs }: AuditPruning): () => void {
  let stopped = false
  let cancel = (): void => {}
  const run = async (): Promise<void> => {
    try {
      const before = clock.now() - retentionMs
      // In batches, so that nobody waits long for the database.
      while (!stopped && (await ledger.pruneAccesses(before, batch)) === batch);
    } catch (cause) {
      if (!stopped) log.warn('audit_not_pruned', { reason: cause instanceof Error ? cause.name : 'unknown' })
    }
    if (!stopped) cancel = clock.after(everyMs, () => void run())
  }
  void run()
  return () => {
    stopped = true
    cancel()
  }
}

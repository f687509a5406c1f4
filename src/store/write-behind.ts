// A bounded queue between the requests and the ledger: a request never waits for the disk, and a slow disk never eats the memory.
// Must not look into a row. On Workers a promise of one request may not be awaited by another: make one writer per
// invocation there and defer its close().
import type { Clock, LedgerStore, Log, TraceRow } from '../ports/index.ts'

export interface TraceWriterOptions {
  readonly store: LedgerStore
  readonly clock: Clock
  readonly log: Log
  /** Rows that wait at most; the oldest is dropped for one more. */
  readonly maxQueued?: number
  /** Rows in one append at most; this many waiting start one at once. */
  readonly batch?: number
  /** How long a row waits for company, and the first pause after a failure. */
  readonly flushMs?: number
  /** An append that takes longer counts as failed; appending again is harmless, as request ids are unique. */
  readonly attemptMs?: number
  /** How long close() goes on trying. */
  readonly closeMs?: number
}

export interface TraceWriterStats {
  /** Rows that are not in the store yet, those being written included. */
  readonly queued: number
  readonly written: number
  /** Rows lost for good: the queue was full, or close() ran out of time. */
  readonly dropped: number
  /** Appends that failed and were tried again. */
  readonly failed: number
}

export interface TraceWriter {
  /** Takes a row. Synchronous; never throws, never touches the store. */
  write(row: TraceRow): void
  /** Tries everything that was written before the call; resolves when it is in the store or an append failed. Never rejects. */
  flush(): Promise<void>
  stats(): TraceWriterStats
  /** Writes what is left, trying again until `closeMs` passed. What comes or remains after that is dropped and counted. */
  close(): Promise<void>
}

const maxPauseMs = 5000

/** Starts a writer. It owns no timer while nothing waits. */
export function createTraceWriter(options: TraceWriterOptions): TraceWriter {
  const {
    store,
    clock,
    log,
    maxQueued = 10_000,
    batch = 50,
    flushMs = 50,
    attemptMs = 15_000,
    closeMs = 5000,
  } = options
  const queue: TraceRow[] = []
  let flying: readonly TraceRow[] = []
  let running: Promise<boolean> | undefined
  let cancelTimer: (() => void) | undefined
  /** Appends that failed in a row. */
  let failures = 0
  /** Rows in the next append: halved by a failure, so that one row the store refuses cannot hold up the others. */
  let size = batch
  let dropping = false
  let closing: Promise<void> | undefined
  let accepted = 0
  let written = 0
  let dropped = 0
  let failed = 0

  function drop(): void {
    dropped += 1
    if (!dropping) log.warn('trace_rows_dropped', { dropped, queued: queue.length })
    dropping = true
  }

  function trim(): void {
    while (queue.length > maxQueued) {
      queue.shift()
      drop()
    }
  }

  function schedule(ms: number): void {
    cancelTimer?.()
    cancelTimer = clock.after(ms, () => {
      cancelTimer = undefined
      void attempt()
    })
  }

  function scheduleNext(): void {
    if (queue.length === 0 || closing !== undefined) return
    if (failures > 0) schedule(pause())
    // Through the timer even when a batch is ready: local SQLite works on this thread, and requests come first.
    else schedule(queue.length >= batch ? 0 : flushMs)
  }

  function pause(): number {
    return Math.min(maxPauseMs, flushMs * 2 ** Math.min(failures - 1, 20))
  }

  /** One append, never two at a time. True where the rows are in the store. */
  function attempt(): Promise<boolean> {
    if (running !== undefined) return running
    cancelTimer?.()
    cancelTimer = undefined
    running = append().finally(() => {
      running = undefined
      scheduleNext()
    })
    return running
  }

  async function append(): Promise<boolean> {
    if (queue.length === 0) return true
    flying = queue.splice(0, size)
    try {
      await withinTime(store.appendTraces(flying))
    } catch (error) {
      onFailure(error)
      return false
    }
    onSuccess()
    return true
  }

  function withinTime(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = clock.after(attemptMs, () => reject(new Error(`no answer in ${attemptMs} ms`)))
      work.then(resolve, reject).finally(cancel)
    })
  }

  function onSuccess(): void {
    written += flying.length
    flying = []
    size = Math.min(batch, size * 2)
    if (failures > 0) log.info('trace_append_recovered', { failures, queued: queue.length, dropped })
    failures = 0
    dropping = false
  }

  function onFailure(error: unknown): void {
    failed += 1
    failures += 1
    // A row that fails alone goes to the back: where only this row is at fault, the others get through.
    if (flying.length === 1) queue.push(...flying)
    else queue.unshift(...flying)
    flying = []
    size = Math.max(1, Math.floor(size / 2))
    trim()
    // The first of a streak, then ever more rarely.
    if (Number.isInteger(Math.log2(failures))) {
      const reason = error instanceof Error ? error.message : 'unknown'
      log.warn('trace_append_failed', { failures, queued: queue.length, reason })
    }
  }

  function write(row: TraceRow): void {
    accepted += 1
    if (closing !== undefined) {
      drop()
      return
    }
    queue.push(row)
    trim()
    if (running !== undefined) return
    if (cancelTimer === undefined) scheduleNext()
    else if (queue.length === batch && failures === 0) schedule(0)
  }

  async function flush(): Promise<void> {
    const goal = accepted
    // Rows leave in order unless an append failed, and then this stops.
    while (written + dropped < goal) if (!(await attempt())) return
  }

  async function drain(): Promise<void> {
    let timeIsUp = false
    let cancelDeadline = (): void => {}
    const deadline = new Promise<void>((resolve) => {
      cancelDeadline = clock.after(closeMs, () => {
        timeIsUp = true
        resolve()
      })
    })
    while (queue.length + flying.length > 0 && !timeIsUp) {
      await Promise.race([flush(), deadline])
      if (queue.length + flying.length > 0) await Promise.race([wait(pause()), deadline])
    }
    cancelDeadline()
    abandon()
  }

  function abandon(): void {
    const left = queue.length + flying.length
    if (left === 0) return
    dropped += left
    queue.length = 0
    flying = []
    log.error('trace_rows_lost_at_close', { lost: left, dropped })
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      clock.after(ms, resolve)
    })
  }

  return {
    write,
    flush,
    close: () => (closing ??= drain()),
    stats: () => ({ queued: queue.length + flying.length, written, dropped, failed }),
  }
}

// The rows that say who looked at which secret: collected, and written beside the requests. Never a value; a store that
// fails costs rows and no request.
import type { AccessRow, Ports } from '../ports/index.ts'

export interface AccessAudit {
  /** Takes a row. Synchronous; never throws. */
  write(row: AccessRow): void
  stats(): AccessAuditStats
}

export interface AccessAuditStats {
  readonly queued: number
  readonly written: number
  /** Rows lost for good: the queue was full. */
  readonly dropped: number
  /** Appends that failed. */
  readonly failed: number
}

/** Rows that wait at most; the oldest goes for one more. */
export const maxQueuedAccesses = 1000
/** Rows in one append. */
export const accessBatch = 100
/** Pauses between the tries of one writer; what is left after the last one waits for the next row. */
const pausesMs = [100, 1000, 5000] as const
/** A writer that shows no sign for this long is gone (an isolate that ended), and the next row starts another. */
const goneMs = 60_000

type AuditPorts = Pick<Ports, 'clock' | 'defer' | 'log' | 'stores'>

/** An audit that writes to `stores.ledger`. */
export function createAccessAudit(ports: AuditPorts): AccessAudit {
  const { clock, log } = ports
  const queue: AccessRow[] = []
  let writer: { seenAt: number } | undefined
  let written = 0
  let dropped = 0
  let failed = 0

  function drop(): void {
    queue.shift()
    if (Number.isInteger(Math.log2(++dropped))) log.warn('access_rows_dropped', { dropped })
  }

  async function append(): Promise<boolean> {
    const rows = queue.splice(0, accessBatch)
    try {
      await ports.stores.ledger.appendAccesses(rows)
      written += rows.length
      return true
    } catch (cause) {
      failed += 1
      queue.unshift(...rows)
      while (queue.length > maxQueuedAccesses) drop()
      if (Number.isInteger(Math.log2(failed)))
        log.warn('access_append_failed', { failures: failed, queued: queue.length, reason: nameOf(cause) })
      return false
    }
  }

  async function writeAll(mine: { seenAt: number }): Promise<void> {
    // Not on the request's own turn; rows of the same turn go together.
    await Promise.resolve()
    let failures = 0
    while (queue.length > 0 && writer === mine) {
      mine.seenAt = clock.mono()
      if (await append()) {
        failures = 0
        continue
      }
      const pause = pausesMs[failures++]
      if (pause === undefined) break
      await rest(pause)
    }
    if (writer === mine) writer = undefined
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      clock.after(ms, resolve)
    })
  }

  return {
    write(row) {
      queue.push(row)
      if (queue.length > maxQueuedAccesses) drop()
      if (writer !== undefined && clock.mono() - writer.seenAt < goneMs) return
      writer = { seenAt: clock.mono() }
      ports.defer(writeAll(writer))
    },
    stats: () => ({ queued: queue.length, written, dropped, failed }),
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'unknown'
}

import { describe, expect, it } from 'vitest'
import { accessBatch, createAccessAudit, maxQueuedAccesses } from '../../src/credentials/access-audit.ts'
import type { AccessRow } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createVirtualClock, drainMicrotasks } from '../support/virtual-clock.ts'
import { createScene, fileSnapshot, now, valueOf } from './support/scene.ts'

function row(at: number): AccessRow {
  return { at, credential: 'c', source: 'file', reason: 'first', outcome: 'ok', durationMs: 1 }
}

function scene(append?: (rows: readonly AccessRow[]) => Promise<void>) {
  const clock = createVirtualClock()
  const stores = createMemoryStores()
  const batches: number[] = []
  const logs: string[] = []
  const log = (event: string): void => void logs.push(event)
  const real = stores.ledger.appendAccesses
  const deferred: Promise<unknown>[] = []
  const audit = createAccessAudit({
    clock,
    log: { debug: log, info: log, warn: log, error: log },
    defer: (work) => void deferred.push(work),
    stores: {
      ...stores,
      ledger: {
        ...stores.ledger,
        appendAccesses: (rows) => {
          batches.push(rows.length)
          return append?.(rows) ?? real(rows)
        },
      },
    },
  })
  return { audit, clock, stores, batches, logs, deferred }
}

describe('the audit of accesses', () => {
  it('writes nothing on the turn of the request, and rows of one turn together', async () => {
    const { audit, stores, batches, clock } = scene()
    for (let i = 0; i < 10; i++) audit.write(row(i))
    expect(batches).toEqual([])
    await drainMicrotasks()
    expect(batches).toEqual([10])
    expect((await stores.ledger.accesses({ limit: 100 })).map(({ at }) => at)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect(clock.pending()).toBe(0)
    expect(audit.stats()).toEqual({ queued: 0, written: 10, dropped: 0, failed: 0 })
  })

  it('writes at most a hundred rows at once', async () => {
    const { audit, batches } = scene()
    for (let i = 0; i < 250; i++) audit.write(row(i))
    await drainMicrotasks()
    expect(batches).toEqual([accessBatch, accessBatch, 50])
  })

  it('keeps the rows where the store fails, tries again, and says so', async () => {
    let fails = 2
    const { audit, clock, stores, logs } = scene(() => (fails-- > 0 ? Promise.reject(new Error('disk')) : undefined!))
    audit.write(row(1))
    await clock.advance(60_000)
    expect(audit.stats()).toEqual({ queued: 0, written: 1, dropped: 0, failed: 2 })
    expect(await stores.ledger.accesses({ limit: 10 })).toHaveLength(1)
    expect(logs).toEqual(['access_append_failed', 'access_append_failed'])
  })

  it('ends its tries, and begins again with the next row', async () => {
    let broken = true
    const { audit, clock, stores } = scene(() => (broken ? Promise.reject(new Error('disk')) : undefined!))
    audit.write(row(1))
    await clock.advance(60_000)
    expect(clock.pending()).toBe(0)
    expect(audit.stats()).toMatchObject({ queued: 1, failed: 4 })
    broken = false
    audit.write(row(2))
    await drainMicrotasks()
    expect((await stores.ledger.accesses({ limit: 10 })).map(({ at }) => at)).toEqual([2, 1])
  })

  it('holds a thousand rows, and then drops the oldest and counts them', async () => {
    const { audit, clock, logs } = scene(() => Promise.reject(new Error('disk')))
    for (let i = 0; i < maxQueuedAccesses + 5; i++) audit.write(row(i))
    await clock.advance(60_000)
    expect(audit.stats()).toMatchObject({ queued: maxQueuedAccesses, dropped: 5 })
    expect(logs).toContain('access_rows_dropped')
  })

  it('is taken over where its writer is gone, as in an isolate that ended', async () => {
    let hangs = true
    const { audit, clock, stores } = scene(() => (hangs ? new Promise(() => {}) : undefined!))
    audit.write(row(1))
    await drainMicrotasks()
    hangs = false
    audit.write(row(2))
    await clock.advance(61_000)
    audit.write(row(3))
    await drainMicrotasks()
    expect((await stores.ledger.accesses({ limit: 10 })).map(({ at }) => at)).toEqual([3, 2])
  })
})

describe('a store that fails', () => {
  it('costs no request its credential', async () => {
    const made = createScene()
    Object.assign(made.stores.ledger, { appendAccesses: () => Promise.reject(new Error('disk')) })
    expect(valueOf(await made.lease(fileSnapshot()))).toBe('key-1')
    expect(valueOf(now(made.lease(fileSnapshot())))).toBe('key-1')
    await drainMicrotasks()
    expect(made.keeper.audit()).toMatchObject({ queued: 1, failed: 1 })
    expect(made.logs.join()).toContain('access_append_failed')
  })
})

import { expect, test } from 'vitest'
import type { LedgerStore, Log, LogFields, TraceRow } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createTraceWriter } from '../../src/store/write-behind.ts'
import type { TraceWriter, TraceWriterOptions } from '../../src/store/write-behind.ts'
import { traceRow } from './contract.ts'
import { createFakeClock } from './fake-clock.ts'
import type { FakeClock } from './fake-clock.ts'

type Append = (rows: readonly TraceRow[], call: number) => Promise<void> | undefined

interface Rig {
  readonly clock: FakeClock
  readonly writer: TraceWriter
  /** Request ids of each append that the store was asked for. */
  readonly appends: string[][]
  readonly events: string[]
  /** Request ids that are in the store. */
  stored(): Promise<string[]>
}

/** A writer over a memory store, where `before` may fail or delay the nth append (counted from 1). */
function rig(options: Partial<TraceWriterOptions> = {}, before: Append = () => undefined): Rig {
  const clock = createFakeClock()
  const { ledger } = createMemoryStores()
  const appends: string[][] = []
  const store: LedgerStore = {
    ...ledger,
    appendTraces: async (rows) => {
      appends.push(rows.map((row) => row.requestId))
      await before(rows, appends.length)
      await ledger.appendTraces(rows)
    },
  }
  const events: string[] = []
  const note = (event: string, _fields?: LogFields): void => void events.push(event)
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const writer = createTraceWriter({ store, clock, log, ...options })
  const stored = async (): Promise<string[]> => (await ledger.traces({ limit: 100_000 })).map((row) => row.requestId)
  return { clock, writer, appends, events, stored }
}

function name(index: number): string {
  return `r${String(index).padStart(5, '0')}`
}

function writeMany(writer: TraceWriter, from: number, to: number): void {
  for (let index = from; index < to; index += 1) writer.write(traceRow(name(index)))
}

function names(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => name(from + index))
}

const fail = (): Promise<void> => Promise.reject(new Error('disk I/O error'))
const never = (): Promise<void> => new Promise(() => {})

test('a row waits for company and is then written in one append with the others', async () => {
  const { clock, writer, appends } = rig()
  writeMany(writer, 0, 3)
  await clock.advance(49)
  expect(appends).toEqual([])
  expect(writer.stats()).toEqual({ queued: 3, written: 0, dropped: 0, failed: 0 })
  await clock.advance(1)
  expect(appends).toEqual([names(0, 3)])
  expect(writer.stats()).toEqual({ queued: 0, written: 3, dropped: 0, failed: 0 })
  expect(clock.pending()).toBe(0)
})

test.each([1, 10])('write does not call the store itself, not even when that fills a batch of %i', async (batch) => {
  const { clock, writer, appends } = rig({ batch })
  writeMany(writer, 0, batch)
  expect(appends).toEqual([])
  await clock.advance(0)
  expect(appends).toEqual([names(0, batch)])
})

test('many rows leave in order and in batches, with other work let in between', async () => {
  const { clock, writer, appends, stored } = rig({ batch: 10 })
  writeMany(writer, 0, 35)
  await clock.advance(0)
  expect(appends).toEqual([names(0, 10), names(10, 20), names(20, 30)])
  await clock.advance(50)
  expect(appends[3]).toEqual(names(30, 35))
  expect(await stored()).toEqual(names(0, 35))
})

test('only one append is under way at a time', async () => {
  let open = 0
  let most = 0
  let release = (): void => {}
  const { clock, writer, appends } = rig({ batch: 5 }, async () => {
    open += 1
    most = Math.max(most, open)
    await new Promise<void>((done) => {
      release = done
    })
    open -= 1
  })
  writeMany(writer, 0, 5)
  await clock.advance(0)
  writeMany(writer, 5, 20)
  const flushed = writer.flush()
  await clock.advance(1000)
  expect(appends.length).toBe(1)
  for (let turn = 0; turn < 4; turn += 1) {
    release()
    await clock.settle()
  }
  await flushed
  expect(most).toBe(1)
  expect(writer.stats()).toEqual({ queued: 0, written: 20, dropped: 0, failed: 0 })
})

test('flush resolves when all that was written before is in the store', async () => {
  const { writer, stored } = rig({ batch: 10 })
  writeMany(writer, 0, 25)
  await writer.flush()
  expect(await stored()).toEqual(names(0, 25))
  await writer.flush()
})

test('flush resolves after a failure, without rejecting, and the rows are still there', async () => {
  const { writer, clock, stored } = rig({}, (_, call) => (call === 1 ? fail() : undefined))
  writeMany(writer, 0, 3)
  await writer.flush()
  expect(writer.stats()).toEqual({ queued: 3, written: 0, dropped: 0, failed: 1 })
  await clock.advance(200)
  expect(await stored()).toEqual(names(0, 3))
})

test('a failed append is tried again after pauses that double and stop at five seconds', async () => {
  const at: number[] = []
  const { clock, writer, events, stored } = rig({ batch: 1 }, (_, call) => {
    at.push(clock.mono())
    return call <= 10 ? fail() : undefined
  })
  writer.write(traceRow(name(0)))
  await clock.advance(60_000)
  const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0))
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
  expect(await stored()).toEqual(names(0, 1))
  expect(writer.stats()).toEqual({ queued: 0, written: 1, dropped: 0, failed: 10 })
  // Failures 1, 2, 4 and 8 are worth a line.
  expect(events).toEqual([...Array<string>(4).fill('trace_append_failed'), 'trace_append_recovered'])
})

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  'a store that fails on append number %i loses and doubles nothing',
  async (broken) => {
    const { clock, writer, stored } = rig({ batch: 7 }, (_, call) => (call === broken ? fail() : undefined))
    writeMany(writer, 0, 60)
    await clock.advance(5000)
    expect(await stored()).toEqual(names(0, 60))
    expect(writer.stats()).toMatchObject({ queued: 0, written: 60, dropped: 0 })
  },
)

test('rows keep their order across a failure, in smaller appends at first', async () => {
  const { clock, writer, appends } = rig({ batch: 8 }, (_, call) => (call === 2 ? fail() : undefined))
  writeMany(writer, 0, 32)
  await clock.advance(5000)
  expect(appends).toEqual([names(0, 8), names(8, 16), names(8, 12), names(12, 20), names(20, 28), names(28, 32)])
})

test('an append that stored its rows and then failed is repeated without doubling them', async () => {
  const { ledger } = createMemoryStores()
  const clock = createFakeClock()
  let calls = 0
  const store: LedgerStore = {
    ...ledger,
    appendTraces: async (rows) => {
      calls += 1
      await ledger.appendTraces(rows)
      if (calls === 1) throw new Error('Network connection lost.')
    },
  }
  const silent = (): void => {}
  const writer = createTraceWriter({ store, clock, log: { debug: silent, info: silent, warn: silent, error: silent } })
  writeMany(writer, 0, 20)
  await clock.advance(5000)
  expect((await ledger.traces({ limit: 100 })).length).toBe(20)
  expect(writer.stats()).toMatchObject({ queued: 0, dropped: 0 })
})

test('a full queue drops its oldest rows, counts them and says so once', async () => {
  const { clock, writer, events, stored } = rig({ maxQueued: 100, batch: 10 }, () =>
    clock.mono() < 10_000 ? fail() : undefined,
  )
  writeMany(writer, 0, 250)
  expect(writer.stats()).toMatchObject({ queued: 100, dropped: 150 })
  await clock.advance(60_000)
  expect(await stored()).toEqual(names(150, 250))
  expect(writer.stats()).toMatchObject({ queued: 0, written: 100, dropped: 150 })
  expect(events.filter((event) => event === 'trace_rows_dropped').length).toBe(1)
})

test('the queue stays bounded while a batch comes back from a failure', async () => {
  const { clock, writer } = rig({ maxQueued: 100, batch: 50 }, never)
  writeMany(writer, 0, 100)
  await clock.advance(0)
  writeMany(writer, 100, 200)
  expect(writer.stats()).toMatchObject({ queued: 150, dropped: 50 })
  await clock.advance(15_000)
  expect(writer.stats()).toMatchObject({ queued: 100, dropped: 100, failed: 1 })
})

test('an append that never answers counts as failed after its time, and the next ones go on', async () => {
  const { clock, writer, stored } = rig({}, (_, call) => (call === 1 ? never() : undefined))
  writeMany(writer, 0, 3)
  await clock.advance(15_049)
  expect(writer.stats().failed).toBe(0)
  await clock.advance(1000)
  expect(await stored()).toEqual(names(0, 3))
})

test('one row that the store refuses does not hold up the others', async () => {
  const { clock, writer, stored } = rig({ batch: 10 }, (rows) =>
    rows.some((row) => row.requestId === name(3)) ? fail() : undefined,
  )
  writeMany(writer, 0, 40)
  await clock.advance(60_000)
  expect(await stored()).toEqual(names(0, 40).filter((id) => id !== name(3)))
  expect(writer.stats()).toMatchObject({ queued: 1, written: 39, dropped: 0 })
})

test('close writes what is left and leaves no timer behind', async () => {
  const { clock, writer, stored } = rig({ batch: 10 })
  writeMany(writer, 0, 25)
  await writer.close()
  expect(await stored()).toEqual(names(0, 25))
  expect(clock.pending()).toBe(0)
  await writer.close()
})

test('whoever closes second waits for the same end', async () => {
  const { clock, writer, stored } = rig({}, (_, call) => (call === 1 ? fail() : undefined))
  writeMany(writer, 0, 5)
  void writer.close()
  const second = writer.close().then(stored)
  await clock.advance(1000)
  expect((await second).length).toBe(5)
})

test('flush leaves no timer behind', async () => {
  const { clock, writer } = rig({ batch: 10 })
  writeMany(writer, 0, 45)
  await writer.flush()
  expect(clock.pending()).toBe(0)
})

test('close goes on trying while the store fails', async () => {
  const { clock, writer, stored } = rig({}, (_, call) => (call <= 3 ? fail() : undefined))
  writeMany(writer, 0, 4)
  const closed = writer.close()
  await clock.advance(4000)
  await closed
  expect((await stored()).length).toBe(4)
  expect(writer.stats()).toEqual({ queued: 0, written: 4, dropped: 0, failed: 3 })
})

test.each([
  ['fails', fail],
  ['never answers', never],
])('close gives up at its deadline when the store %s, and counts what is lost', async (_, append) => {
  const { clock, writer, events } = rig({ closeMs: 3000 }, append)
  writeMany(writer, 0, 8)
  let done = false
  const closed = writer.close().then(() => {
    done = true
  })
  await clock.advance(2999)
  expect(done).toBe(false)
  await clock.advance(1)
  await closed
  expect(writer.stats()).toMatchObject({ queued: 0, written: 0, dropped: 8 })
  expect(events.at(-1)).toBe('trace_rows_lost_at_close')
})

test('a row that comes after close is counted as dropped', async () => {
  const { writer, stored } = rig()
  await writer.close()
  writer.write(traceRow(name(0)))
  expect(writer.stats()).toEqual({ queued: 0, written: 0, dropped: 1, failed: 0 })
  expect(await stored()).toEqual([])
})

test('every row is accounted for under random failures: written, queued or dropped', async () => {
  let state = 7
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
  const { clock, writer, stored } = rig({ maxQueued: 200, batch: 20 }, () => (random() < 0.6 ? fail() : undefined))
  let accepted = 0
  for (let round = 0; round < 100; round += 1) {
    const count = Math.floor(random() * 40)
    writeMany(writer, accepted, accepted + count)
    accepted += count
    await clock.advance(Math.floor(random() * 200))
    const { queued, written, dropped } = writer.stats()
    expect(queued + written + dropped).toBe(accepted)
  }
  await clock.advance(120_000)
  const { queued, written, dropped } = writer.stats()
  expect(queued).toBe(0)
  expect(written + dropped).toBe(accepted)
  expect((await stored()).length).toBe(written)
})

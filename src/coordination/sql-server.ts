// Agreement through a database: locks and breakers in rows that are changed on top of the version that was read, slots in a
// count. A success on a healthy target writes nothing. Turns, speeds, loads, homes of sessions and cursors stay with each
// instance: they would cost a write for every request.
import type { AgreedChange, AgreedRow, AgreementStore, Clock, Random } from '../ports/index.ts'
import { countsAgainstTarget, isHealthy, settledBreaker, type Breaker } from '../policy/breaker.ts'
import type { Health } from '../policy/health.ts'
import { lockedBy, type Lock } from '../policy/locks.ts'
import type { Task } from '../ir/dialect-id.ts'
import type { CoordinationEvent, UseError } from './event.ts'
import { nothingKnown, rememberMs, settledLock, touchedBy, type Entries, type Known } from './known.ts'
import type { CoordinationServer, Told } from './messages.ts'
import { createState, type CoordinationState } from './state.ts'
import { createSteadyClock } from './steady-clock.ts'

export interface SqlServerOptions {
  readonly store: AgreementStore
  /** Takes a stored text apart; undefined where it is no JSON. */
  readonly parse: (text: string) => unknown
  readonly clock: Clock
  readonly random: Random
}

/** How often a change is tried on top of what others wrote meanwhile. */
const maxWriteTries = 12
/** How many changes may wait for the one who writes; what comes on top of it is lost, and said to be. */
const maxInbox = 10_000
/** A writer that is not heard of for this long is gone: another one takes over. */
const writerMs = 2000
const pauseMs = 5
/** Answers of a target that has failed lately are written together: otherwise each of them would cost a write. */
const gatherMs = 200
const sweepEvery = 500

/** A server over a database that several instances have in common. */
export function createSqlServer({ store, parse, clock, random }: SqlServerOptions): CoordinationServer {
  const now = createSteadyClock(() => clock.now())
  // Plain data, so that a request may write for another one that came while it was writing.
  let inbox: Told[] = []
  let writingSince = -Infinity
  let gatheringSince = -Infinity
  let steps = 0

  const pause = (tries: number): Promise<void> =>
    new Promise((resolve) => void clock.after(pauseMs * (1 + random.next() * 2 ** Math.min(tries, 5)), resolve))

  async function sweep(): Promise<void> {
    steps += 1
    if (steps % sweepEvery === 0) await store.sweep(now()).catch(() => {})
  }

  /** Changes what is stored; again on top of what others wrote, until nobody came in between. */
  async function change(told: readonly Told[]): Promise<void> {
    let open: ReadonlySet<string> = new Set(told.flatMap(({ event }) => keysOf(event)))
    for (let tries = 0; open.size > 0; tries++) {
      if (tries >= maxWriteTries) throw new Error('others kept writing')
      if (tries > 0) await pause(tries)
      const rows = await store.rows([...open])
      const state = createState()
      state.learn(storedKnown(rows, parse, now()))
      const before = new Map(state.locks)
      const breakersBefore = new Map(state.breakers)
      for (const { event, random: drawn } of told) state.apply(event, now(), drawn)
      const versions = new Map(rows.map(({ key, version }) => [key, version]))
      const changes = [
        ...changesOf('lock', before, state.locks, versions),
        ...changesOf('breaker', breakersBefore, state.breakers, versions),
      ].filter(({ key }) => open.has(key))
      const done = changes.length === 0 ? [] : await store.write(changes, now())
      open = new Set(changes.filter((_, index) => done[index] !== true).map(({ key }) => key))
    }
  }

  /** The breaker after a step, once it is written; null where the step, or somebody else, forbids. */
  async function onBreaker(target: string, step: (state: CoordinationState) => boolean): Promise<Breaker | null> {
    for (let tries = 0; tries < maxWriteTries; tries++) {
      if (tries > 0) await pause(tries)
      const rows = await store.rows([breakerRow(target)])
      const state = createState()
      state.learn(storedKnown(rows, parse, now()))
      const before = state.breakers.get(target)
      if (!step(state)) return null
      const breaker = state.breakers.get(target)
      if (breaker === undefined || breaker === before) return breaker ?? null
      const [done] = await store.write([breakerChange(target, breaker, rows[0]?.version ?? 0)], now())
      if (done === true) return breaker
    }
    return null
  }

  async function giveBack(target: string, prober: string): Promise<void> {
    await onBreaker(target, (state) => {
      state.releaseProbe(target, prober)
      return true
    })
  }

  async function write(): Promise<void> {
    if (clock.mono() - writingSince < writerMs) return
    try {
      while (inbox.length > 0) {
        writingSince = clock.mono()
        const told = inbox
        inbox = []
        await change(told)
      }
    } finally {
      writingSince = -Infinity
    }
  }

  /** Whether the caller is the one who writes what was gathered; after a wait. */
  async function gathered(): Promise<boolean> {
    if (clock.mono() - gatheringSince < writerMs) return false
    gatheringSince = clock.mono()
    await new Promise<void>((resolve) => void clock.after(gatherMs, resolve))
    gatheringSince = -Infinity
    return inbox.length > 0
  }

  return {
    keeps: 'locks and breakers',
    concerns,
    async admit({ owner, slots, leaseMs, watch }) {
      const at = now()
      const keys = [...watch.locks.map(lockRow), ...watch.targets.map(breakerRow)]
      const { refused, rows } = await store.admit({ owner, slots, until: at + leaseMs, keys, now: at })
      return {
        now: at,
        refused: refused === null ? null : (slots[refused] ?? null),
        known: storedKnown(rows, parse, at),
      }
    },
    async report({ owner, told, probes, release }) {
      if (inbox.length + told.length > maxInbox) throw new Error('too many changes wait')
      inbox = [...inbox, ...told]
      if (release !== null && release.length > 0) await store.release(owner, release)
      if (!told.every(isCalm) || told.length === 0 || (await gathered())) await write()
      for (const { target, prober } of probes) await giveBack(target, prober)
      await sweep()
    },
    renew: ({ owner, slots, leaseMs }) => (slots.length === 0 ? undefined : store.renew(owner, slots, now() + leaseMs)),
    claimProbe: ({ target, prober }) => onBreaker(target, (state) => state.claimProbe(target, prober, now())),
    async view() {
      const [rows, slots] = await Promise.all([store.all(), store.slots(now())])
      return { now: now(), known: storedKnown(rows, parse, now()), tallies: [], slots }
    },
    async resetLocks(selector) {
      const state = await everything(store, parse, now())
      const before = [...state.locks.keys()]
      const held = state.resetLocks(selector, now())
      await store.remove(before.filter((key) => !state.locks.has(key)).map(lockRow))
      return held
    },
    async resetBreaker(route, target, model) {
      const state = await everything(store, parse, now())
      const before = [...state.breakers.keys()]
      const wasOpen = state.resetBreaker(route, target, model)
      await store.remove(before.filter((key) => !state.breakers.has(key)).map(breakerRow))
      return wasOpen
    },
  }
}

/** Whether a database has to hear of it: what leaves a row as it is, or changes one that nobody misses, is not told. */
export function concerns(event: CoordinationEvent, { locks, breakers }: Health): boolean {
  if (event.type !== 'accepted' && event.type !== 'ended') return false
  const touched = touchedBy(event.use)
  const breaker = breakers.get(touched.breaker)
  const isProber = breaker?.probe?.owner === event.use.requestId
  if (event.type === 'accepted') return isProber || touched.locks.some((key) => locks.has(key))
  switch (event.outcome.type) {
    case 'neutral':
      return isProber
    case 'failed': {
      const { error, isCommitted } = event.outcome
      return isProber || (error.origin === 'upstream' && saysSomething(error, event.use.task, isCommitted))
    }
    case 'completed':
      return touched.locks.some((key) => locks.has(key)) || (breaker !== undefined && !isHealthy(breaker))
  }
}

/** What others need not hear of at once. */
function isCalm({ event }: Told): boolean {
  return event.type === 'ended' && event.outcome.type === 'completed'
}

function saysSomething({ code, isPermanent }: UseError, task: Task, isCommitted: boolean): boolean {
  return countsAgainstTarget(code, isCommitted) || lockedBy({ code, task, isPermanent }) !== undefined
}

const lockRow = (key: string): string => `lock\u0000${key}`
const breakerRow = (key: string): string => `breaker\u0000${key}`

function keysOf(event: CoordinationEvent): readonly string[] {
  if (!('use' in event)) return []
  const { locks, breaker } = touchedBy(event.use)
  return [...locks.map(lockRow), breakerRow(breaker)]
}

function changesOf(
  kind: 'lock' | 'breaker',
  before: ReadonlyMap<string, Lock | Breaker>,
  after: ReadonlyMap<string, Lock | Breaker>,
  versions: ReadonlyMap<string, number>,
): AgreedChange[] {
  const changes: AgreedChange[] = []
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const value = after.get(key)
    if (value === before.get(key)) continue
    const row = kind === 'lock' ? lockRow(key) : breakerRow(key)
    const expected = versions.get(row) ?? 0
    if (value === undefined) changes.push({ key: row, value: null, expected, forgetAt: 0 })
    else if ('place' in value)
      changes.push({ key: row, value: JSON.stringify(value), expected, forgetAt: value.until + rememberMs })
    else if (!isHealthy(value) || expected !== 0) changes.push(breakerChange(key, value, expected))
  }
  return changes
}

function breakerChange(key: string, breaker: Breaker, expected: number): AgreedChange {
  const forgetAt = Math.max(breaker.until, breaker.since, breaker.from) + rememberMs
  const value = isHealthy(breaker) ? null : JSON.stringify(breaker)
  return { key: breakerRow(key), value, expected, forgetAt: Math.round(forgetAt) }
}

async function everything(
  store: AgreementStore,
  parse: SqlServerOptions['parse'],
  now: number,
): Promise<CoordinationState> {
  const state = createState()
  state.learn(storedKnown(await store.all(), parse, now))
  return state
}

function storedKnown(rows: readonly AgreedRow[], parse: SqlServerOptions['parse'], now: number): Known {
  const locks: [string, Lock][] = []
  const breakers: [string, Breaker][] = []
  for (const { key, value } of rows) {
    const [kind, ...rest] = key.split('\u0000')
    const read = parse(value)
    // What somebody else left there says nothing.
    if (typeof read !== 'object' || read === null) continue
    if (kind === 'lock' && 'place' in read) locks.push([rest.join('\u0000'), settledLock(read as Lock, now)])
    if (kind === 'breaker' && 'isOpen' in read)
      breakers.push([rest.join('\u0000'), settledBreaker(read as Breaker, now)])
  }
  return { ...nothingKnown, locks: locks satisfies Entries<Lock>, breakers }
}

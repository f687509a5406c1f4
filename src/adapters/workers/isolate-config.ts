// The configuration of one isolate: from a variable, or from the store, which is asked again before what is known is five
// seconds old. Requests wait for that only where nobody came by for a while; under load it happens beside them.
import { compileConfig } from '../../catalog/compile.ts'
import { parseConfig } from '../../catalog/parse-config.ts'
import { problemText } from '../../catalog/problem.ts'
import { failed, type Outcome } from '../../ir/error.ts'
import {
  compiledSafely,
  createLiveConfig,
  reloadOutcome,
  type Candidate,
  type LiveConfig,
} from '../../operations/live-config.ts'
import type { ConfigReload } from '../../operations/operation.ts'
import type { Clock, ConfigStore, Defer, EgressAbilities, Log } from '../../ports/index.ts'

/** Milliseconds. */
export const refreshTimes = {
  /** From this age on the store is asked in the background. */
  ahead: 3000,
  /** What is older than this is not used without asking. */
  stale: 5000,
  /** How long a request waits for the answer; then it is served by what is known. */
  patience: 1000,
} as const

export interface IsolateConfigOptions {
  /** Null: it came from a variable. */
  readonly store: Pick<ConfigStore, 'load' | 'revision'> | null
  readonly abilities: EgressAbilities
  readonly clock: Clock
  readonly defer: Defer
  readonly log: Log
}

export interface IsolateConfig {
  readonly live: LiveConfig
  /** Sees to it that what is used is not too old; at once where there is nothing to wait for. Never rejects. */
  refresh(): void | Promise<void>
  /** Asks the store now, whatever is known. */
  reload(): Promise<Outcome<ConfigReload>>
  /** Goes by this document where it is good; the log tells of it. */
  offer(document: string, reason: string): void
  /** Goes by the text of the variable, where that is another one by now. */
  variable(text: string): void
}

/** How many earlier documents are tried where the newest cannot be used. */
const maxEarlier = 20

/** The document with which an isolate begins; undefined where nothing usable is there, which is logged. Rejects as the store does. */
export async function firstConfig(
  variable: string | undefined,
  options: IsolateConfigOptions & { readonly store: Pick<ConfigStore, 'load' | 'revision' | 'history'> },
): Promise<IsolateConfig | undefined> {
  const { store, log } = options
  const newest = variable === undefined ? await store.load() : undefined
  const document = variable ?? newest?.document
  if (document === undefined) return undefined
  const stamp = newest === undefined ? '' : stampOf(newest)
  const isolate = begin({ document, stamp }, { ...options, store: newest === undefined ? null : store })
  if (isolate !== undefined) return isolate
  // Isolates begin all the time: one bad document in the store must not be the end of a gateway that went by a good one.
  for (const earlier of newest === undefined ? [] : await store.history(maxEarlier)) {
    const used = begin({ document: earlier.document, stamp }, options)
    if (used === undefined) continue
    used.offer(document, 'store')
    log.warn('config_earlier_used', { revision: used.live.current().revision })
    return used
  }
  const { compiled } = candidateOf(document, options.abilities)
  const problems = compiled.ok ? [] : compiled.problems.map(problemText)
  log.error('config_rejected', { problems: problems.join('; ').slice(0, 2000) })
  return undefined
}

interface FirstDocument {
  readonly document: string
  /** Of the store; empty for a variable. */
  readonly stamp: string
}

/** Undefined where the document does not compile. */
function begin(first: FirstDocument, options: IsolateConfigOptions): IsolateConfig | undefined {
  const { store, clock, log, defer } = options
  const { print, compiled } = candidateOf(first.document, options.abilities)
  if (!compiled.ok) return undefined
  const live = createLiveConfig({
    first: { print, compiled },
    source: store === null ? { kind: 'variable', name: 'SIGNALBOX_CONFIG' } : { kind: 'store', name: null },
    now: clock.now,
    // The others of the list have no meaning on Workers.
    fixed: ['coordination'],
  })
  let { stamp, document: text } = first
  let checkedAt = clock.mono()
  let askedAt = Number.NEGATIVE_INFINITY
  let isAway = false
  // Of two questions, what the later one found must not be undone by the earlier one.
  let asked = 0
  let settled = 0

  function offer(document: string, reason: string) {
    const offered = live.offer(candidateOf(document, options.abilities))
    const { revision } = live.current()
    if (offered.kind === 'accepted')
      log.info('config_loaded', { reason, revision, previous: offered.previous, count: offered.changed.length })
    else if (offered.kind === 'rejected' && offered.isNew)
      log.error('config_rejected', { reason, revision, problems: offered.problems.join('; ') })
    return offered
  }

  async function check(from: Pick<ConfigStore, 'load' | 'revision'>): Promise<void> {
    const turn = ++asked
    askedAt = clock.mono()
    try {
      const newest = await from.revision()
      const stored = newest === undefined || stampOf(newest) === stamp ? undefined : await from.load()
      if (turn <= settled) return
      settled = turn
      if (stored !== undefined) {
        stamp = stampOf(stored)
        offer(stored.document, 'store')
      }
      isAway = false
      checkedAt = clock.mono()
    } catch (cause) {
      away(cause instanceof Error ? cause.name : 'unknown')
    }
  }

  // What was good goes on being used, and a store that is away does not hold up every request.
  function away(reason: string): void {
    if (!isAway) log.warn('config_not_checked', { reason })
    isAway = true
    checkedAt = clock.mono()
  }

  function refresh(): void | Promise<void> {
    const now = clock.mono()
    if (store === null || now - checkedAt < refreshTimes.ahead) return
    const isOld = now - checkedAt >= refreshTimes.stale
    // An isolate may be stopped in the middle of a question: after a while somebody else asks.
    if (!isOld && now - askedAt < refreshTimes.patience) return
    const work = check(store)
    defer(work)
    if (!isOld) return
    return new Promise((resolve) => {
      const giveUp = clock.after(refreshTimes.patience, () => {
        away('timeout')
        resolve()
      })
      void work.then(() => {
        giveUp()
        resolve()
      })
    })
  }

  async function reload(): Promise<Outcome<ConfigReload>> {
    const turn = ++asked
    try {
      const stored = store === null ? { document: text } : await store.load()
      if (stored === undefined) return failed('not_configured', { message: 'nothing is published in the store' })
      if (turn <= settled) return await reload()
      settled = turn
      if ('revision' in stored) stamp = stampOf(stored)
      checkedAt = clock.mono()
      return reloadOutcome(offer(stored.document, 'operation'), live.current().revision)
    } catch (cause) {
      return failed('store_unavailable', { cause })
    }
  }

  return {
    live,
    offer: (document, reason) => void offer(document, reason),
    refresh,
    reload,
    variable(next) {
      if (next === text) return
      text = next
      offer(next, 'variable')
    },
  }
}

function candidateOf(document: string, abilities: EgressAbilities): Candidate {
  const compiled = compiledSafely(() => {
    const parsed = parseConfig(document)
    if (!parsed.ok) return { ...parsed, warnings: [] }
    return compileConfig({ document: parsed.value, abilities })
  })
  return { print: document, compiled }
}

function stampOf({ revision, publishedAt }: { readonly revision: number; readonly publishedAt: number }): string {
  return `${revision} ${publishedAt}`
}

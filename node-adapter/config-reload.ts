// A running gateway goes by its configuration as the files say it now: when it is told to, and when they change. Owns when to
// read and how long to doubt what was read; what becomes of it is decided by the live configuration.
import { failed, type Outcome } from '../src/ir/error.ts'
import { reloadOutcome, type LiveConfig, type Offered } from '../src/operations/live-config.ts'
import type { ConfigReload } from '../src/operations/operation.ts'
import type { Log } from '../src/ports/index.ts'
import { findConfig, stampsOf, type FoundConfig } from './config-found.ts'
import { isConfigText } from './config-source.ts'
import { watchConfig } from './config-watch.ts'

/** Who wants it. */
export type ReloadReason = 'file' | 'signal' | 'operation' | 'edit'

/** Milliseconds. */
export const reloadTimes = {
  /** Files that changed are read once they have been at rest for so long: the events of one burst are one reload. */
  settle: 100,
  /** Files that are written to without end are read all the same after so long. */
  unrest: 500,
  /** A file that is gone, or that cannot be read as a configuration, may be in the middle of being written for so long. */
  doubt: 1500,
  /** The same where somebody waits for the answer. */
  absence: 500,
  pause: 50,
} as const

export interface ConfigReloader {
  /** Reads the files and goes by them. One at a time; who comes later finds what is there later. Never rejects. */
  reload(reason: ReloadReason): Promise<Outcome<ConfigReload>>
  /** Follows the files as long as the configuration in use wants it. */
  follow(): void
  /** Reads nothing any more. */
  stop(): void
}

export interface ReloaderOptions {
  readonly source: string
  /** What `live` began with. */
  readonly first: FoundConfig
  readonly live: LiveConfig
  readonly log: Log
  /** False: whatever the configuration says, files are not watched. */
  readonly mayWatch: boolean
}

/** The reloader of one gateway. */
export function createConfigReloader(options: ReloaderOptions): ConfigReloader {
  const { source, live } = options
  let { stamps, files } = options.first
  let turn: Promise<unknown> = Promise.resolve()
  let endWatch: (() => void) | undefined
  let isLooking = false
  let isNoticed = false
  let isFollowing = false
  let isStopped = false

  // A queue: of two readings, the one that began later must not be overtaken by the other.
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work)
    turn = next.catch(() => {})
    return next
  }

  const isWhole = (found: FoundConfig): boolean => files.every((file) => found.files.includes(file))

  function go(found: FoundConfig, reason: ReloadReason): Offered {
    const offered = live.offer(found)
    stamps = found.stamps
    if (offered.kind !== 'rejected') files = found.files
    report(options.log, offered, { reason, revision: live.current().revision })
    watchAsWanted()
    return offered
  }

  /** Undefined where it is better to look again in a moment. */
  async function tryFile(isLast: boolean): Promise<Offered | undefined> {
    const found = await findConfig(source)
    const isDoubtful = !found.compiled.ok || !isWhole(found)
    return isStopped || (isDoubtful && !isLast) ? undefined : go(found, 'file')
  }

  // A notice that comes during a look may be of what that look did not see any more.
  async function look(): Promise<void> {
    isNoticed = true
    if (isLooking) return
    isLooking = true
    try {
      while (isNoticed && !isStopped) {
        isNoticed = false
        await lookOnce()
      }
    } finally {
      isLooking = false
    }
  }

  async function lookOnce(): Promise<void> {
    if ((await stampsOf(source)) === stamps) return
    await atRest(source)
    const deadline = performance.now() + reloadTimes.doubt
    for (let isLast = false; !isStopped; isLast = performance.now() >= deadline) {
      if ((await inTurn(() => tryFile(isLast))) !== undefined) return
      await pause(reloadTimes.pause)
      if ((await stampsOf(source)) === stamps) return
    }
  }

  // Nothing about a file is worth the end of a gateway that serves.
  const lookSafely = (): void =>
    void look().catch((cause: unknown) => options.log.error('config_not_read', { reason: nameOf(cause) }))

  function watchAsWanted(): void {
    const isWanted =
      isFollowing && !isStopped && options.mayWatch && live.current().server.watch && !isConfigText(source)
    if (isWanted === (endWatch !== undefined)) return
    endWatch?.()
    endWatch = isWanted ? watchConfig(source, lookSafely) : undefined
  }

  return {
    follow() {
      isFollowing = true
      watchAsWanted()
    },
    reload: (reason) =>
      inTurn(async () => {
        let found = await findConfig(source)
        const deadline = performance.now() + reloadTimes.absence
        while (!isWhole(found) && performance.now() < deadline) {
          await pause(reloadTimes.pause)
          found = await findConfig(source)
        }
        return reloadOutcome(go(found, reason), live.current().revision)
      }).catch((cause: unknown) => {
        options.log.error('config_not_read', { reason: nameOf(cause) })
        return failed('internal', { cause })
      }),
    stop() {
      isStopped = true
      watchAsWanted()
    },
  }
}

/** Waits until the files have not changed for a moment; a file that is written to all the time does not hold it up for long. */
async function atRest(source: string): Promise<void> {
  const deadline = performance.now() + reloadTimes.unrest
  let before = await stampsOf(source)
  for (;;) {
    await pause(reloadTimes.settle)
    const after = await stampsOf(source)
    if (after === before || performance.now() > deadline) return
    before = after
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'unknown'
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref())
}

const maxNamed = 20

function report(
  log: Log,
  offered: Offered,
  { reason, revision }: { readonly reason: ReloadReason; readonly revision: string },
): void {
  if (offered.kind === 'unchanged') return log.info('config_unchanged', { reason, revision })
  if (offered.kind === 'rejected') {
    // Somebody who asks again hears it again; the log does not.
    if (offered.isNew) log.error('config_rejected', { reason, revision, problems: offered.problems.join('; ') })
    return
  }
  const { previous, changed, needsRestart, warnings } = offered
  const names = changed.length > maxNamed ? [...changed.slice(0, maxNamed), '…'] : changed
  log.info('config_loaded', { reason, revision, previous, count: changed.length, changed: names.join(', ') })
  for (const warning of warnings) log.warn('config_warning', { reason: warning })
  if (needsRestart.length > 0) log.warn('config_needs_restart', { needs_restart: needsRestart.join(', ') })
}

// The configuration that a running gateway goes by. A candidate takes its place whole or not at all: one assignment, so that
// a request sees the old one or the new one and never some of both. One that is refused changes nothing and stays visible.
import type { Compiled } from '../catalog/compile.ts'
import { problemText } from '../catalog/problem.ts'
import type { Snapshot } from '../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secrets } from '../ports/index.ts'
import { hideShapes } from '../redaction/shapes.ts'
import { changesBetween, type Configured } from './config-changes.ts'
import { keepFixed, type FixedSetting } from './fixed-settings.ts'
import type { ConfigReload, ConfigStatus } from './operation.ts'

/** How much is kept of a refusal. */
export const rejectionLimits = { problems: 20, problemLength: 500 } as const

/** A configuration as it was found. */
export interface Candidate {
  /** Says which document it is: the same for the same text and the same values of secrets, wherever and whenever it is read. */
  readonly print: string
  readonly compiled: Compiled
}

export type Offered =
  | (ConfigReload & { readonly kind: 'accepted' | 'unchanged' })
  /** `isNew`: not what was refused the last time. */
  | { readonly kind: 'rejected'; readonly problems: readonly string[]; readonly isNew: boolean }

export interface LiveConfig {
  /** The snapshot in use: a plain read, for every request. */
  current(): Snapshot
  /** Values of its `secrets.json`. */
  readonly secrets: Secrets
  /** Goes by the candidate from now on, or says why not. */
  offer(candidate: Candidate): Offered
  status(): ConfigStatus
}

export interface LiveConfigOptions {
  readonly first: { readonly print: string; readonly compiled: Compiled & { readonly ok: true } }
  readonly source: ConfigStatus['source']
  /** Unix milliseconds. */
  readonly now: () => number
  /** What stays as it was at the start, whatever a candidate says. */
  readonly fixed: readonly FixedSetting[]
  /** Why a gateway would not start with this configuration, beyond what the compiler knows. */
  readonly refusals?: (next: Configured) => readonly string[]
  /** Hears of each one that took the place of another, after it did. */
  readonly onChange?: (before: Configured, after: Configured) => void
}

interface Active extends Configured {
  readonly print: string
  readonly loadedAt: number
  readonly needsRestart: readonly string[]
}

interface Rejection {
  readonly print: string
  readonly at: number
  readonly problems: readonly string[]
}

/** Begins with a configuration that was found good. */
export function createLiveConfig({ first, ...options }: LiveConfigOptions): LiveConfig {
  const { now } = options
  const { server, storage, coordination } = first.compiled.snapshot
  // Not the snapshot itself, which goes when its last request does.
  const started = { server, storage, coordination }
  let active: Active = {
    snapshot: first.compiled.snapshot,
    secrets: first.compiled.secrets,
    print: first.print,
    loadedAt: now(),
    needsRestart: [],
  }
  let rejected: Rejection | null = null

  function refuse(print: string, all: readonly string[]): Offered {
    const problems = bounded(all)
    const isNew = rejected === null || rejected.print !== print || rejected.problems.join() !== problems.join()
    if (isNew) rejected = { print, at: now(), problems }
    return { kind: 'rejected', problems, isNew }
  }

  function accept(print: string, next: Configured, warnings: readonly string[]): Offered {
    const before = active
    const { snapshot, needsRestart } = keepFixed(started, next.snapshot, options.fixed)
    const taking = { snapshot, secrets: next.secrets, print, loadedAt: now(), needsRestart }
    const changed = changesBetween(before, taking)
    active = taking
    options.onChange?.(before, active)
    const { revision: previous } = before.snapshot
    return { kind: 'accepted', revision: snapshot.revision, previous, changed, warnings, needsRestart }
  }

  return {
    current: () => active.snapshot,
    secrets: { get: (name) => active.secrets.get(name) },
    offer({ print, compiled }) {
      if (!compiled.ok) return refuse(print, compiled.problems.map(problemText))
      const { snapshot, secrets } = compiled
      const refusals = options.refusals?.({ snapshot, secrets }) ?? []
      if (refusals.length > 0) return refuse(print, refusals)
      rejected = null
      const warnings = compiled.warnings.map(problemText)
      if (print !== active.print) return accept(print, { snapshot, secrets }, warnings)
      const { revision } = active.snapshot
      const { needsRestart } = active
      return { kind: 'unchanged', revision, previous: revision, changed: [], warnings, needsRestart }
    },
    status: () => ({
      revision: active.snapshot.revision,
      loadedAt: active.loadedAt,
      source: options.source,
      needsRestart: active.needsRestart,
      rejected: rejected === null ? null : { at: rejected.at, problems: rejected.problems },
    }),
  }
}

/** What a compiler says; a fault of its own is a problem of the document, and no reason to stop serving. */
export function compiledSafely(compile: () => Compiled): Compiled {
  try {
    return compile()
  } catch (cause) {
    const kind = cause instanceof Error ? cause.name : 'unknown'
    return {
      ok: false,
      problems: [{ path: '', message: `cannot be compiled: a fault in Signalbox (${kind})` }],
      warnings: [],
    }
  }
}

function bounded(problems: readonly string[]): readonly string[] {
  const { problems: most, problemLength } = rejectionLimits
  const shown = problems.slice(0, most).map((problem) => hideShapes(problem).slice(0, problemLength))
  return problems.length > most ? [...shown, `and ${problems.length - most} more`] : shown
}

/** One that was refused, as an error with every problem. */
function refusedReload(problems: readonly string[], revision: string): Outcome<never> {
  return failed('invalid_configuration', {
    message: `the configuration was refused, and revision ${revision} stays in use: ${problems.join('; ')}`,
  })
}

/** What came of an offer, for the operation. */
export function reloadOutcome(offered: Offered, revision: string): Outcome<ConfigReload> {
  if (offered.kind === 'rejected') return refusedReload(offered.problems, revision)
  const { kind: _, ...reload } = offered
  return ok(reload)
}

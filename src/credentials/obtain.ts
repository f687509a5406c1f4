// Asking the source of a credential, one question at a time, and deciding what is kept of the answer and for how long.
import { secretsOf } from '../auth/material.ts'
import type { CredentialRecord } from '../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import type { AccessAudit } from './access-audit.ts'
import {
  isFresh,
  isOfMachine,
  sourcesOf,
  type AccessReason,
  type CredentialCache,
  type Entry,
  type Kept,
} from './cache.ts'
import { askOnce, waitMs } from './flight.ts'
import type { HandedOut } from './handed-out.ts'
import type { Lease } from './keeper.ts'
import { make, type LeaseCall, type MadeFrom } from './making.ts'
import { createPrinter } from './print.ts'
import type { CredentialPorts, Made } from './recipe.ts'
import type { RotationMemory } from './rotation-memory.ts'

/** A value is not used in its last minute, as clocks differ; one that lives less than two minutes, for half of its life. */
export const skewMs = 60_000
/** A value is made anew in the background in the last tenth of its life, at most this long before its end. */
export const aheadMs = 300_000
/** A failure is remembered for this long before the source is asked again. */
export const failureMs = 5000
/** A value whose source cannot be reached serves for this long beyond its time, unless it has an end of its own. */
export const graceMs = 3_600_000

/** A refusal within this time of the last one brings nothing new, and the source is not asked again for it. */
export const refusalPauseMs = 10_000

export interface ObtainDeps {
  readonly ports: CredentialPorts
  readonly audit: AccessAudit
  readonly handedOut: HandedOut
  readonly cache: CredentialCache
  readonly memory: RotationMemory
  /** Hears the id of a credential whose value has become another. */
  readonly onChange: (id: string) => void
}

export interface Obtainer {
  /** Asks the source, or takes what comes of the question under way, or the failure of a moment ago. */
  obtain(entry: Entry, call: LeaseCall): Promise<Outcome<Lease>>
  /** What is kept, where it may be used without asking its source at this time; counts as a use. */
  held(entry: Entry, mono: number, now: number): Outcome<Lease> | undefined
  /** Asks in the background, unless somebody does already or it failed a moment ago. */
  ahead(entry: Entry, call: LeaseCall): void
  /** What it was made from was refused, and is not used again. Whether another value may be had by asking its source. */
  refused(lease: Lease): boolean
}

interface Question {
  /** Which one of its credential's. */
  readonly question: number
  readonly fresh: boolean
}

/** What asks sources, and keeps what comes of it in the cache. */
export function createObtainer(deps: ObtainDeps): Obtainer {
  const { ports, handedOut } = deps
  const { clock } = ports
  const print = createPrinter(ports.random)
  const { memory } = deps
  const holders = new WeakMap<Lease, Entry>()

  async function obtain(entry: Entry, call: LeaseCall): Promise<Outcome<Lease>> {
    const { failure } = entry
    if (call.reason !== 'check' && failure !== undefined && clock.mono() < failure.until)
      return instead(entry, failure.answer)
    const answer = await askOnce(
      entry.flights,
      clock,
      () => {
        const asked = ask(entry, call)
        // Others wait for what comes of it, and it is kept, also where the client that it was asked for leaves.
        ports.defer(asked)
        return asked
      },
      () => late(entry),
    )
    // Who checks wants to hear how the source is, not how one does without it.
    return answer.ok || call.reason === 'check' ? answer : instead(entry, answer)
  }

  function held({ kept }: Entry, mono: number, now: number): Outcome<Lease> | undefined {
    if (kept === undefined || !isFresh(kept, mono, now)) return undefined
    handedOut.touch(kept.use, now)
    return kept.answer
  }

  /** The value that was there before, where only its source is away. */
  function instead(entry: Entry, answer: Outcome<Lease>): Outcome<Lease> {
    const isAway = !answer.ok && (answer.error.code === 'upstream_unreachable' || isOfMachine(entry.record))
    return (isAway ? held(entry, clock.mono() - graceMs, clock.now()) : undefined) ?? answer
  }

  async function ask(entry: Entry, call: LeaseCall): Promise<Outcome<Lease>> {
    const { spent, kept } = entry
    const question = ++entry.asked
    const isEnding = kept !== undefined && isEndingItself(kept, clock.now())
    const fresh = spent !== undefined || isEnding || call.reason === 'check'
    const made = await make({ ...deps, obtain, held, refused }, entry, {
      ...call,
      reason: call.reason ?? reasonOf(entry, isEnding),
      fresh,
      spent: spent?.material ?? (fresh ? kept?.lease.material : undefined),
    })
    entry.readAt = clock.now()
    return made.ok ? settle(entry, made.value, { question, fresh }) : fail(entry, made, question)
  }

  async function settle(entry: Entry, made: MadeFrom, { question, fresh }: Question): Promise<Outcome<Lease>> {
    const { material, renewable } = made
    const secrets = secretsOf(material)
    const digest = await print(secrets)
    await watch(entry, made)
    const lease: Lease = { material, credential: entry.record.id, renewable }
    const answer = ok(lease)
    const now = clock.now()
    const use = handedOut.add(secrets, now)
    holders.set(lease, entry)
    // Whoever was frozen while it asked may know less than what is kept by now.
    if (question <= entry.overtaken) return answer
    entry.overtaken = question
    entry.failure = undefined
    entry.problem = null
    // Refused while it was being asked for: it must not come in again by the back door.
    if (!fresh && entry.spent?.print === digest) return answer
    entry.spent = undefined
    entry.kept = {
      lease,
      answer,
      print: digest,
      use,
      ...lifeOf(entry.record, made.expiresAt, { mono: clock.mono(), now }),
    }
    return answer
  }

  /** Notes whether the value has changed. A token is new each time; what its owner changes is what it is made of. */
  async function watch(entry: Entry, { material, sources }: MadeFrom): Promise<void> {
    // What was made without a look at its secret, from a token that was stored, says nothing of the secret.
    if (sources.length === 0 && sourcesOf(entry.record).length > 0) return
    const watched = sources.length > 0 ? sources : secretsOf(material)
    const digest = await print(watched)
    if (entry.print === digest) return
    if (entry.print !== undefined) deps.onChange(entry.record.id)
    entry.print = digest
    entry.changedAt = clock.now()
    // No request waits for the store.
    ports.defer(recall(entry, digest, watched))
  }

  async function recall(entry: Entry, digest: string, watched: readonly Secret[]): Promise<void> {
    const since = await memory.seenSince(entry.record, watched, clock.now())
    if (entry.print === digest) entry.changedAt = since
  }

  function refused(lease: Lease): boolean {
    const entry = holders.get(lease)
    if (entry === undefined || !lease.renewable) return false
    const { kept } = entry
    // Somebody was faster, and what is kept now is another value.
    if (kept?.lease !== lease) return true
    const now = clock.mono()
    if (entry.refusedAt !== undefined && now - entry.refusedAt < refusalPauseMs) return false
    entry.refusedAt = now
    entry.spent = { material: lease.material, print: kept.print }
    entry.kept = undefined
    entry.failure = undefined
    ports.log.warn('credential_refused', { credential: lease.credential })
    return true
  }

  function fail(entry: Entry, made: Extract<Outcome<Made>, { ok: false }>, question: number): Outcome<Lease> {
    if (question <= entry.overtaken) return made
    const { code, message, retryAfterMs } = made.error
    entry.failure = { answer: made, until: clock.mono() + Math.max(failureMs, retryAfterMs ?? 0) }
    entry.problem = code
    ports.log.warn('credential_failed', { credential: entry.record.id, code, reason: message })
    return made
  }

  return {
    obtain,
    held,
    ahead(entry, call) {
      if (entry.flights.current !== undefined) return
      if (entry.failure !== undefined && clock.mono() < entry.failure.until) return
      ports.defer(obtain(entry, call))
    },
    refused,
  }
}

/**
 * How long a value is kept that ends at `expiresAt` (Unix milliseconds; null: not by itself): as long as the record says
 * and no longer than until its owner means to change it, never into the value's own last minute.
 */
export function lifeOf(
  { cacheTtlMs, rotationMs }: Pick<CredentialRecord, 'cacheTtlMs' | 'rotationMs'>,
  expiresAt: number | null,
  { mono, now }: { readonly mono: number; readonly now: number },
): Pick<Kept, 'freshUntil' | 'endsAt' | 'aheadMs'> {
  const life = expiresAt === null ? Infinity : Math.max(0, expiresAt - now)
  const usable = life === Infinity ? Infinity : life - Math.min(skewMs, life / 2)
  const ttl = Math.min(cacheTtlMs, rotationMs ?? Infinity)
  return { freshUntil: mono + ttl, endsAt: now + usable, aheadMs: Math.min(aheadMs, Math.min(ttl, usable) / 10) }
}

function late({ record }: Entry): Outcome<Lease> {
  return failed('upstream_unreachable', {
    message: `credential ${record.id}: its source did not answer within ${waitMs / 1000} s`,
  })
}

/** Its own end is near, not only the time for which it is kept. */
function isEndingItself({ endsAt, aheadMs: near }: Kept, now: number): boolean {
  return endsAt - now <= near
}

function reasonOf({ spent, kept, record }: Entry, isEnding: boolean): AccessReason {
  if (spent !== undefined) return 'refused'
  if (kept === undefined) return 'first'
  const { rotationMs, cacheTtlMs } = record
  return !isEnding && rotationMs !== null && rotationMs <= cacheTtlMs ? 'rotation' : 'expired'
}

// A session as whoever serves a request sees it, over one way to tell what happens; and the session of a state in this
// process.
import type { Random } from '../ports/index.ts'
import type { Session } from './coordinator.ts'
import type { CoordinationEvent } from './event.ts'
import type { CoordinationState } from './state.ts'

/** What differs between sessions. */
export interface Teller extends Pick<Session, 'now' | 'health' | 'claimProbe' | 'settle'> {
  tell(event: CoordinationEvent): void
}

/** A session that tells what happens in events. */
export function sessionOf({ tell, ...rest }: Teller): Session {
  return {
    ...rest,
    planned: (step) => tell({ type: 'planned', step }),
    takeTurn: (provider) => tell({ type: 'turn', provider }),
    began: (use) => tell({ type: 'began', use }),
    accepted: (use) => tell({ type: 'accepted', use }),
    ended: (use, outcome, settings) => tell({ type: 'ended', use, outcome, settings }),
  }
}

/** The random number that goes with an event: only what a use ended with may need one. */
export function randomFor(event: CoordinationEvent, random: Random): number {
  return event.type === 'ended' ? random.next() : 0
}

export interface LocalOptions {
  readonly state: CoordinationState
  /** The clock of `state`. */
  readonly now: () => number
  readonly random: Random
  readonly requestId: string
  /** Runs once, when the request is over. */
  readonly settled?: () => void
}

/** The session of one request whose instance goes by its own state. */
export function localSession({ state, now, random, requestId, settled }: LocalOptions): Session {
  let isSettled = false
  let probes: string[] | undefined
  return sessionOf({
    now,
    health: () => state.health(now()),
    tell: (event) => state.apply(event, now(), randomFor(event, random)),
    claimProbe(target) {
      const isMine = state.claimProbe(target, requestId, now())
      if (isMine) (probes ??= []).push(target)
      return isMine
    },
    settle() {
      if (isSettled) return
      isSettled = true
      // One that led to no call would keep the others out until its lease ends.
      for (const target of probes ?? []) state.releaseProbe(target, requestId)
      settled?.()
    },
  })
}

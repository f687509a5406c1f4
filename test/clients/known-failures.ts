// Meetings that are expected to fail, with the reason. A run fails when one of them starts to pass: then take it out.

export interface KnownFailure {
  /** Absent: every client. */
  readonly clients?: readonly string[]
  /** Absent: every provider. */
  readonly wires?: readonly string[]
  readonly feature: string
  readonly way?: 'streamed' | 'whole'
  readonly reason: string
}

export interface Meeting {
  readonly client: string
  readonly wire: string
  readonly feature: string
  readonly way: 'streamed' | 'whole'
}

export const knownFailures: readonly KnownFailure[] = []

/** Why a meeting is expected to fail; undefined where it is not. */
export function knownReason(meeting: Meeting): string | undefined {
  return knownFailures.find((known) => isOf(known, meeting))?.reason
}

/** Whether a known failure is that of the meeting. */
export function isOf(known: KnownFailure, { client, wire, feature, way }: Meeting): boolean {
  return (
    known.feature === feature &&
    (known.way ?? way) === way &&
    (known.clients?.includes(client) ?? true) &&
    (known.wires?.includes(wire) ?? true)
  )
}

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

export const knownFailures: readonly KnownFailure[] = [
  {
    clients: ['openai chat'],
    wires: ['responses', 'messages', 'converse'],
    feature: 'signature',
    way: 'streamed',
    reason:
      "the openai package's streaming helper keeps only the last piece of `reasoning_details`: the token comes back, its text does not",
  },
]

/** Why a meeting is expected to fail; undefined where it is not. */
export function knownReason({ client, wire, feature, way }: Meeting): string | undefined {
  return knownFailures.find(
    (known) =>
      known.feature === feature &&
      (known.way ?? way) === way &&
      (known.clients?.includes(client) ?? true) &&
      (known.wires?.includes(wire) ?? true),
  )?.reason
}

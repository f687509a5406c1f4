// Tests that are expected to fail, with the reason. The suite fails when one of them starts to pass: then take it out.

export interface KnownFailure {
  /** The whole name of the test, `layer · label`. */
  readonly test: string
  readonly reason: string
}

export const knownFailures: readonly KnownFailure[] = []

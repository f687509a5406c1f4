// What a translation could not carry, as data: nothing is lost in silence.

/** One thing that the other wire could not carry. */
export interface Loss {
  /** JSON path in the client's own body (request losses) or in the upstream's answer (response losses). */
  readonly path: string
  /** `dropped`: gone. `approximated`: something near it was sent instead. */
  readonly action: 'dropped' | 'approximated'
  /** One clause for a human, without content of the request. */
  readonly reason: string
  /**
   * How much of a schema's meaning went with a keyword: `high` lets through answers that the client would not accept,
   * `low` only weakens a hint. Absent for everything that is no schema.
   */
  readonly lossiness?: 'low' | 'medium' | 'high'
}

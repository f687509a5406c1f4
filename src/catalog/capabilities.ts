// What a target can do, as far as its configuration says. Unknown is not no: only a stated `false` rejects a request.

/** Absent members are unknown. */
export interface TargetCapabilities {
  readonly streaming?: boolean
  readonly tools?: boolean
  readonly images?: boolean
  readonly audio?: boolean
  readonly files?: boolean
  readonly jsonSchema?: boolean
  readonly reasoning?: boolean
  readonly maxContextTokens?: number
}

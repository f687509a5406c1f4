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
  /** Answers with pictures. */
  readonly imageOutput?: boolean
  /** Several calls in one turn. */
  readonly parallelToolCalls?: boolean
  /** Tools that the provider runs itself. */
  readonly serverTools?: boolean
  /** A last assistant turn is gone on with where it breaks off. */
  readonly assistantPrefill?: boolean
  readonly maxContextTokens?: number
  readonly maxOutputTokens?: number
}

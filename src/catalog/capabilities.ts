// What a target can do, as far as its configuration says. Unknown is not no: only a stated `false` rejects a request.
import type { ImageSource } from '../ir/facts.ts'

/** Absent members are unknown. */
export interface TargetCapabilities {
  readonly streaming?: boolean
  readonly tools?: boolean
  readonly images?: boolean
  /** How images may come. */
  readonly imageSources?: readonly ImageSource[]
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

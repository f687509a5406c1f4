// What a layer leaves for the summary. Apart from layer.ts, as a global setup may not import vitest's test functions.
import type { GenerativeId } from '../../src/dialects/index.ts'

/** The environment variable with the folder where the layers of a run leave their counts; set by the summary. */
export const countsFolder = 'SIGNALBOX_CONFORMANCE_COUNTS'

/** What a test is about, for the summary. */
export interface About {
  readonly dialect: GenerativeId
  /** The wire it is translated to, where it is. */
  readonly target?: GenerativeId
  /** What the recording exercises. */
  readonly exercises?: readonly string[]
}

export type Verdict = 'passed' | 'known' | 'skipped' | 'failed'

/** One test as the summary counts it. */
export interface Count extends About {
  readonly verdict: Verdict
}

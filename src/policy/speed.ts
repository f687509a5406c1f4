// How fast a target has been, as a value: a moving average that forgets.

/** An average in milliseconds, and when it last heard of a request. */
export interface Average {
  readonly ms: number
  readonly at: number
}

/** Time to the first content of streams, and to the end of whole answers. */
export interface Speed {
  readonly ttft?: Average
  readonly total?: Average
}

/** The weight of the newest measurement. */
const alpha = 0.3
/** What was measured longer ago counts as not measured. */
export const speedTtlMs = 600_000

/** The average with one more measurement. */
export function measured(average: Average | undefined, ms: number, now: number): Average {
  const isKnown = average !== undefined && now - average.at <= speedTtlMs
  return { ms: isKnown ? average.ms + alpha * (ms - average.ms) : ms, at: now }
}

/** The speed after one more answer: of a stream its first content counts (null: it came whole), else its end. */
export function withAnswer(
  speed: Speed | undefined,
  { ttftMs, totalMs }: { readonly ttftMs: number | null; readonly totalMs: number },
  now: number,
): Speed {
  return ttftMs === null
    ? { ...speed, total: measured(speed?.total, totalMs, now) }
    : { ...speed, ttft: measured(speed?.ttft, ttftMs, now) }
}

/** Milliseconds of an average that is not too old; undefined where nothing was measured lately. */
export function freshMs(average: Average | undefined, now: number): number | undefined {
  return average !== undefined && now - average.at <= speedTtlMs ? average.ms : undefined
}

/**
 * What targets are compared by: the time to the first content for a stream, and the whole of an answer otherwise or where
 * no stream was measured. Undefined where a target was not measured lately.
 */
export function relevantMs(speed: Speed | undefined, stream: boolean, now: number): number | undefined {
  const total = freshMs(speed?.total, now)
  return stream ? (freshMs(speed?.ttft, now) ?? total) : total
}

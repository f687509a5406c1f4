// Duration texts of the file: `<n>ms|s|m|h|d|w`.

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** What a duration text looks like. */
export const durationPattern = /^\d{1,9}(?:ms|s|m|h|d|w)$/

const longest = 10 * 366 * 86_400_000

/** A duration text in milliseconds; undefined where it is none, is zero, or passes ten years. */
export function durationMs(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined
  const [, count = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(text) ?? []
  const total = Number(count) * (milliseconds[unit] ?? Number.NaN)
  return total > 0 && total <= longest ? total : undefined
}

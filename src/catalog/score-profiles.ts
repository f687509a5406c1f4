// Names of the weightings of strategy `score`; `auto/<name>` asks for one. The weights are in src/policy.

/** The weights that strategy `score` knows. */
export const scoreProfiles = [
  'balanced',
  'cheap',
  'fast',
  'coding',
  'private',
  'large-context',
  'judge',
  'extract',
] as const
export type ScoreProfile = (typeof scoreProfiles)[number]

/** The profile that a model or route name asks for: `auto` is `auto/balanced`. Undefined for any other name. */
export function profileOfName(name: string): ScoreProfile | undefined {
  if (name === 'auto') return 'balanced'
  if (!name.startsWith('auto/')) return undefined
  return scoreProfiles.find((profile) => profile === name.slice('auto/'.length))
}

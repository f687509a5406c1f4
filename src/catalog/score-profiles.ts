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

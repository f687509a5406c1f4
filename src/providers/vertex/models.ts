// The ids that Claude has on Vertex AI, by the names that Anthropic's own API gives them.
// https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude
// https://platform.claude.com/docs/en/about-claude/models/model-ids-and-versions

/** Names without a date, and the ids that no rule gives. */
const aliases: Readonly<Record<string, string>> = {
  'claude-opus-4-5': 'claude-opus-4-5@20251101',
  'claude-opus-4-1': 'claude-opus-4-1@20250805',
  'claude-opus-4-0': 'claude-opus-4@20250514',
  'claude-opus-4': 'claude-opus-4@20250514',
  'claude-sonnet-4-5': 'claude-sonnet-4-5@20250929',
  'claude-sonnet-4-0': 'claude-sonnet-4@20250514',
  'claude-sonnet-4': 'claude-sonnet-4@20250514',
  'claude-haiku-4-5': 'claude-haiku-4-5@20251001',
  'claude-3-7-sonnet-latest': 'claude-3-7-sonnet@20250219',
  'claude-3-5-sonnet-latest': 'claude-3-5-sonnet-v2@20241022',
  'claude-3-5-sonnet-20241022': 'claude-3-5-sonnet-v2@20241022',
  'claude-3-5-haiku-latest': 'claude-3-5-haiku@20241022',
  'claude-3-opus-latest': 'claude-3-opus@20240229',
}

/** Vertex's id of a Claude: the date stands behind an `@`. Anything else as it is; from 4.6 on the names are the same. */
export function claudeId(model: string): string {
  const alias = Object.hasOwn(aliases, model) ? aliases[model] : undefined
  return alias ?? model.replace(/^(claude-.+)-(20\d{6})$/, '$1@$2')
}

// How much a model should reason, between wires that say it as a word and wires that say it as a number of tokens.

/** Tokens that a word of OpenAI's `reasoning_effort` stands for; `none` and `minimal` have none. */
const budgets: ReadonlyMap<string, number> = new Map([
  ['low', 4096],
  ['medium', 16_000],
  ['high', 32_000],
  ['xhigh', 32_000],
  ['max', 32_000],
])

/** The thinking budget of an effort; undefined for a word that stands for none, or that nobody knows. */
export function budgetOfEffort(effort: string): number | undefined {
  return budgets.get(effort)
}

/** The effort whose budget is the largest that does not exceed this one. */
export function effortOfBudget(budget: number): 'low' | 'medium' | 'high' {
  if (budget >= 32_000) return 'high'
  return budget >= 16_000 ? 'medium' : 'low'
}

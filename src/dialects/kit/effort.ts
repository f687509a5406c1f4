// How much a model should reason, between wires that say it as a word and wires that say it as a number of tokens.
import type { IrRequest } from '../../ir/request.ts'
import { reasoningPath } from './client-paths.ts'
import type { Ledger } from './ledger.ts'

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

/**
 * The word for a wire that has nothing else: the effort as it was said, else from a budget. What it leaves unsaid is
 * reported.
 * @param words those of the wire; absent where it takes any
 */
export function encodeEffort(
  { reasoning }: IrRequest,
  ledger: Ledger,
  words?: ReadonlySet<string>,
): string | undefined {
  if (reasoning === undefined) return undefined
  const { paths } = ledger
  ledger.dropExtras(reasoning.extras, paths.reasoning)
  const { mode, effort, budgetTokens } = reasoning
  if (mode === 'disabled') {
    // The word for it is refused by models that cannot be switched, and by those that never reason.
    ledger.approximate(reasoningPath(reasoning, paths), 'nothing is said, and the model does as it does by itself')
    if (effort !== undefined) ledger.drop(paths.effort, 'reasoning is switched off')
    return undefined
  }
  if (effort !== undefined) {
    if (budgetTokens !== undefined) ledger.drop(paths.budgetTokens, 'the effort was sent instead')
    if (words?.has(effort) !== false) return effort
    ledger.drop(paths.effort, 'an effort that the wire has no word for')
    return undefined
  }
  if (budgetTokens !== undefined) {
    ledger.approximate(paths.budgetTokens, 'the wire has an effort and no budget')
    return effortOfBudget(budgetTokens)
  }
  if (mode === 'enabled') ledger.drop(paths.reasoning, 'how much to reason was not said')
  return undefined
}

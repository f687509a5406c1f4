// How much a model should reason, in this wire's one word for it.
import type { IrRequest } from '../../ir/request.ts'
import { effortOfBudget } from '../kit/effort.ts'
import type { Ledger } from '../kit/ledger.ts'
import type { Members } from './extras.ts'

/** `reasoning_effort`, from the effort where it was said, else from a budget. */
export function encodeReasoning({ reasoning }: IrRequest, ledger: Ledger): Members {
  if (reasoning === undefined) return {}
  const { paths } = ledger
  ledger.dropExtras(reasoning.extras, paths.reasoning)
  const { mode, effort, budgetTokens } = reasoning
  if (mode === 'disabled') {
    if (effort !== undefined) ledger.drop(paths.effort, 'reasoning is switched off')
    return {}
  }
  if (effort !== undefined) {
    if (budgetTokens !== undefined) ledger.drop(paths.budgetTokens, 'the effort was sent instead')
    return { reasoning_effort: effort }
  }
  if (budgetTokens !== undefined) {
    ledger.approximate(paths.budgetTokens, 'the wire has an effort and no budget')
    return { reasoning_effort: effortOfBudget(budgetTokens) }
  }
  if (mode === 'enabled') ledger.drop(paths.reasoning, 'how much to reason was not said')
  return {}
}

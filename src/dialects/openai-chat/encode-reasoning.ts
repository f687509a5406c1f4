// How much a model should reason, in this wire's one word for it.
import type { IrRequest } from '../../ir/request.ts'
import { effortOfBudget } from '../kit/effort.ts'
import type { Ledger } from '../kit/ledger.ts'
import type { Members } from './extras.ts'

/** `reasoning_effort`, from the effort where it was said, else from a budget. */
export function encodeReasoning(request: IrRequest, ledger: Ledger): Members {
  const { reasoning } = request
  if (reasoning === undefined) return {}
  const anthropic = request.source === 'anthropic-messages'
  const budgetPath = anthropic ? 'thinking.budget_tokens' : 'reasoning'
  ledger.dropExtras(reasoning.extras, anthropic ? 'thinking' : 'reasoning')
  if (reasoning.mode === 'disabled') {
    if (reasoning.effort !== undefined)
      ledger.drop(anthropic ? 'output_config.effort' : 'reasoning_effort', 'reasoning is switched off')
    return {}
  }
  if (reasoning.effort !== undefined) {
    if (reasoning.budgetTokens !== undefined) ledger.drop(budgetPath, 'the effort was sent instead')
    return { reasoning_effort: reasoning.effort }
  }
  if (reasoning.budgetTokens !== undefined) {
    ledger.approximate(budgetPath, 'the wire has an effort and no budget')
    return { reasoning_effort: effortOfBudget(reasoning.budgetTokens) }
  }
  if (reasoning.mode === 'enabled') ledger.drop(anthropic ? 'thinking' : 'reasoning', 'how much to reason was not said')
  return {}
}

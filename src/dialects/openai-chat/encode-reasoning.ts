// How much a model should reason, in this wire's one word for it.
import type { IrRequest } from '../../ir/request.ts'
import type { EncodeContext } from './encode-context.ts'
import { extrasLosses, type Members } from './extras.ts'

/** Thinking budgets from which on the effort is high or medium. */
const highBudget = 32_000
const mediumBudget = 16_000

/** `reasoning_effort`, from the effort where it was said, else from a budget. */
export function encodeReasoning(request: IrRequest, context: EncodeContext): Members {
  const { reasoning } = request
  if (reasoning === undefined) return {}
  const anthropic = request.source === 'anthropic-messages'
  const budgetPath = anthropic ? 'thinking.budget_tokens' : 'reasoning'
  if (!context.own) context.losses.push(...extrasLosses(reasoning.extras, anthropic ? 'thinking' : 'reasoning'))
  if (reasoning.mode === 'disabled') {
    if (reasoning.effort !== undefined)
      context.dropped(anthropic ? 'output_config.effort' : 'reasoning_effort', 'reasoning is switched off')
    return {}
  }
  if (reasoning.effort !== undefined) {
    if (reasoning.budgetTokens !== undefined) context.dropped(budgetPath, 'the effort was sent instead')
    return { reasoning_effort: reasoning.effort }
  }
  if (reasoning.budgetTokens !== undefined) {
    context.approximated(budgetPath, 'the wire has an effort and no budget')
    return { reasoning_effort: effortOf(reasoning.budgetTokens) }
  }
  if (reasoning.mode === 'enabled')
    context.dropped(anthropic ? 'thinking' : 'reasoning', 'how much to reason was not said')
  return {}
}

function effortOf(budget: number): string {
  if (budget >= highBudget) return 'high'
  return budget >= mediumBudget ? 'medium' : 'low'
}

// What becomes of a foreign reasoning request: every maker's models have words of their own for it.
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-reasoning.html
import type { IrRequest, ReasoningRequest } from '../../ir/request.ts'
import { reasoningPath } from '../kit/client-paths.ts'
import { budgetOfEffort, effortOfBudget } from '../kit/effort.ts'
import { present } from '../kit/present.ts'
import { isGptOss, isNova2 } from './family.ts'
import type { Members } from './extras.ts'
import type { Ledger } from './ledger.ts'

/** Anthropic refuses a smaller thinking budget. */
const minBudget = 1024

const nativeEfforts = ['low', 'medium', 'high', 'xhigh', 'max']

export interface ReasoningPlan {
  /** Members for `additionalModelRequestFields`. */
  readonly fields: Members
  /** For `outputConfig`. */
  readonly effort?: string
  /** The model will think before it answers, which forbids some sampling. */
  readonly thinks: boolean
}

const nothing: ReasoningPlan = { fields: {}, thinks: false }

/**
 * Plans the reasoning of a foreign request; what cannot be had is reported.
 * @param obstacle why an Anthropic model cannot think in this conversation, if it cannot
 */
export function planReasoning(
  request: IrRequest,
  {
    model,
    obstacle,
    ledger,
  }: { readonly model: string; readonly obstacle: string | undefined; readonly ledger: Ledger },
): ReasoningPlan {
  const { reasoning } = request
  if (reasoning === undefined) return nothing
  ledger.dropExtras(reasoning.extras, ledger.paths.reasoning)
  if (ledger.family === 'anthropic') return planAnthropic(request, reasoning, obstacle, ledger)
  if (reasoning.mode === 'disabled' || reasoning.effort === 'none') return nothing
  if (isNova2(model)) return planNova(request, reasoning, ledger)
  if (ledger.family === 'openai') return planOpenai(reasoning, isGptOss(model), ledger)
  const path = reasoningPath(reasoning, ledger.paths)
  ledger.drop(path, 'the model has no such control')
  if (reasoning.effort !== undefined && path !== ledger.paths.effort)
    ledger.drop(ledger.paths.effort, 'the model has no such control')
  return nothing
}

function planAnthropic(
  request: IrRequest,
  reasoning: ReasoningRequest,
  obstacle: string | undefined,
  ledger: Ledger,
): ReasoningPlan {
  const { mode, budgetTokens, effort } = reasoning
  // Anthropic's own clients say both; a word alone, from anybody else, becomes a budget.
  const native = mode !== undefined || request.source === 'anthropic-messages'
  const word = native && effort !== undefined ? nativeEffort(effort, ledger) : undefined
  const budget = budgetTokens ?? (native ? undefined : budgetOf(effort, ledger))
  const thinking =
    mode === 'disabled' || (mode !== 'adaptive' && budget === undefined)
      ? undefined
      : mode === 'adaptive' && budgetTokens === undefined
        ? { type: 'adaptive' }
        : capped(budget ?? 0, { request, path: reasoningPath(reasoning, ledger.paths), ledger })
  if (!native && budgetTokens !== undefined && effort !== undefined)
    ledger.drop(ledger.paths.effort, 'the budget was sent instead')
  if (mode === 'enabled' && budgetTokens === undefined)
    ledger.drop(ledger.paths.reasoning, 'how much to reason was not said')
  if (thinking !== undefined && obstacle !== undefined) ledger.drop(reasoningPath(reasoning, ledger.paths), obstacle)
  const thinks = thinking !== undefined && obstacle === undefined
  if (thinks && budgetTokens === undefined && mode !== 'adaptive')
    ledger.approximate(ledger.paths.effort, 'an effort becomes a thinking budget')
  return { fields: thinks ? { thinking } : {}, thinks, ...present({ effort: word }) }
}

function nativeEffort(effort: string, ledger: Ledger): string | undefined {
  if (nativeEfforts.includes(effort)) return effort
  ledger.drop(ledger.paths.effort, 'an effort that this wire has no word for')
  return undefined
}

function budgetOf(effort: string | undefined, ledger: Ledger): number | undefined {
  if (effort === undefined || effort === 'none') return undefined
  const budget = budgetOfEffort(effort)
  if (effort === 'minimal') ledger.approximate(ledger.paths.effort, 'the least effort is no thinking')
  else if (budget === undefined) ledger.drop(ledger.paths.effort, 'an effort that this wire has no word for')
  return budget
}

/** The budget counts against the output limit, and has to be below it. */
function capped(
  wish: number,
  { request, path, ledger }: { readonly request: IrRequest; readonly path: string; readonly ledger: Ledger },
): Members | undefined {
  const limit = request.sampling.maxOutputTokens
  const budget = limit === undefined ? wish : Math.min(wish, limit - 1)
  if (budget < minBudget) {
    ledger.drop(path, `fewer than ${minBudget} thinking tokens fit below the output limit`)
    return undefined
  }
  if (budget !== wish) ledger.approximate(path, 'the thinking budget has to be below the output limit')
  return { type: 'enabled', budget_tokens: budget }
}

/** Nova knows three words, and at the highest neither an output limit nor sampling. */
function planNova({ sampling }: IrRequest, reasoning: ReasoningRequest, ledger: Ledger): ReasoningPlan {
  const word = wordOf(reasoning, ledger)
  if (word === undefined) return nothing
  const wish = word === 'xhigh' || word === 'max' ? 'high' : word === 'minimal' ? 'low' : word
  const { maxOutputTokens, temperature, topP } = sampling
  const limited = [maxOutputTokens, temperature, topP].some((value) => value !== undefined)
  const effort = wish === 'high' && limited ? 'medium' : wish
  if (effort !== word)
    ledger.approximate(reasoningPath(reasoning, ledger.paths), 'the nearest effort that the model has')
  return { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort } }, thinks: false }
}

function planOpenai(reasoning: ReasoningRequest, flat: boolean, ledger: Ledger): ReasoningPlan {
  const word = wordOf(reasoning, ledger)
  if (word === undefined) return nothing
  return { fields: flat ? { reasoning_effort: word } : { reasoning: { effort: word } }, thinks: false }
}

/** The effort that was asked for, or that a budget amounts to. */
function wordOf({ effort, budgetTokens }: ReasoningRequest, ledger: Ledger): string | undefined {
  if (effort !== undefined) {
    if (budgetTokens !== undefined) ledger.drop(ledger.paths.budgetTokens, 'the effort was sent instead of the budget')
    return effort
  }
  if (budgetTokens === undefined) {
    ledger.drop(ledger.paths.reasoning, 'how much to reason was not said')
    return undefined
  }
  ledger.approximate(ledger.paths.budgetTokens, 'the model takes an effort and no budget')
  return effortOfBudget(budgetTokens)
}

// Reasoning requests: `thinking` and `output_config.effort`, decoded one to one, and what a foreign effort becomes here.
// https://platform.claude.com/docs/en/build-with-claude/extended-thinking
import type { IrRequest, ReasoningRequest } from '../../ir/request.ts'
import { extrasOf, ownMembers } from './extras.ts'
import type { WireBlock } from './content.ts'
import { budgetOfEffort } from '../kit/effort.ts'
import { present } from '../kit/present.ts'
import type { RequestShape } from './schema.ts'

/** Anthropic refuses a smaller budget. */
export const minBudget = 1024

/** Room for the answer itself where a budget was chosen and the client named no limit. */
export const defaultMaxTokens = 4096

/** Decodes both places where this wire speaks of reasoning; undefined where neither does. */
export function decodeReasoning(body: RequestShape): ReasoningRequest | undefined {
  const { thinking } = body
  const mode = knownMode(thinking?.type)
  const effort = body.output_config?.effort ?? undefined
  if (mode === undefined && effort === undefined) return undefined
  return present({
    mode,
    effort,
    budgetTokens: mode === undefined ? undefined : (thinking?.budget_tokens ?? undefined),
    extras: mode === undefined ? undefined : extrasOf(thinking ?? {}, ['type', 'budget_tokens']),
  })
}

/** The modes with a canonical name; a `thinking` of another type stays among the request's extras. */
export function knownMode(type: unknown): ReasoningRequest['mode'] {
  return type === 'enabled' || type === 'disabled' || type === 'adaptive' ? type : undefined
}

/** `thinking` as it was decoded; undefined where the request has none. */
export function encodeOwnThinking(reasoning: ReasoningRequest | undefined): WireBlock | undefined {
  if (reasoning?.mode === undefined) return undefined
  return {
    type: reasoning.mode,
    ...present({ budget_tokens: reasoning.budgetTokens }),
    ...ownMembers(reasoning.extras),
  }
}

/** What becomes of a foreign reasoning request. `loss` is set where something was lost or only came near. */
export interface ThinkingPlan {
  readonly thinking?: WireBlock
  readonly maxTokens: number
  readonly loss?: { readonly action: 'dropped' | 'approximated'; readonly reason: string }
}

/**
 * Plans `thinking` and `max_tokens` for a foreign request.
 * @param obstacle why thinking cannot be on in this conversation, if it cannot
 */
export function planThinking(request: IrRequest, obstacle: string | undefined): ThinkingPlan {
  const limit = request.sampling.maxOutputTokens
  const off = { maxTokens: limit ?? defaultMaxTokens }
  const wish = wishOf(request.reasoning)
  if (wish === undefined) return off
  if (wish === 'unknown')
    return { ...off, loss: { action: 'dropped', reason: 'an effort that this wire has no word for' } }
  if (wish === 'minimal') return { ...off, loss: { action: 'approximated', reason: 'the least effort is no thinking' } }
  if (obstacle !== undefined) return { ...off, loss: { action: 'dropped', reason: obstacle } }
  if (wish === 'adaptive') return { ...off, thinking: { type: 'adaptive' } }
  // The budget counts against the limit, and has to be below it.
  const budget = limit === undefined ? wish.budget : Math.min(wish.budget, limit - 1)
  if (budget < minBudget)
    return {
      ...off,
      loss: { action: 'dropped', reason: `fewer than ${minBudget} thinking tokens fit below max_tokens` },
    }
  return {
    thinking: { type: 'enabled', budget_tokens: budget },
    maxTokens: limit ?? wish.budget + defaultMaxTokens,
    ...(wish.exact && budget === wish.budget
      ? {}
      : { loss: { action: 'approximated', reason: 'an effort becomes a thinking budget' } }),
  }
}

type Wish = undefined | 'unknown' | 'minimal' | 'adaptive' | { readonly budget: number; readonly exact: boolean }

function wishOf(reasoning: ReasoningRequest | undefined): Wish {
  if (reasoning === undefined || reasoning.mode === 'disabled' || reasoning.effort === 'none') return undefined
  if (reasoning.budgetTokens !== undefined) return { budget: reasoning.budgetTokens, exact: true }
  if (reasoning.mode === 'adaptive') return 'adaptive'
  const { effort } = reasoning
  if (effort === undefined) return undefined
  if (effort === 'minimal') return 'minimal'
  const budget = budgetOfEffort(effort)
  return budget === undefined ? 'unknown' : { budget, exact: false }
}

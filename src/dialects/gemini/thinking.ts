// How much a model should think, both ways. What a model takes depends on its generation: Gemini 3 has levels (and still
// takes a budget), Gemini 2.5 has budgets alone, what came before does not think.
// https://ai.google.dev/gemini-api/docs/thinking
import type { ReasoningRequest } from '../../ir/request.ts'
import { budgetOfEffort } from '../kit/effort.ts'
import { present } from '../kit/present.ts'
import { packOwn, unknownMembers, type Members } from './extras.ts'
import { camelKeys } from './names.ts'

const known = new Set(['thinkingBudget', 'thinkingLevel'])

/** Decodes `thinkingConfig`; undefined where it asks for nothing. */
export function decodeThinking(config: Members): ReasoningRequest {
  const { includeThoughts, ...rest } = camelKeys(config)
  const { thinkingBudget: budget, thinkingLevel: level } = rest
  const effort = typeof level === 'string' ? level.toLowerCase() : undefined
  const speaks = typeof budget === 'number' || effort !== undefined
  // Other wires show thoughts wherever there are any, so the wish is lost only where it is the only one.
  const wish = includeThoughts === true && !speaks ? { includeThoughts } : {}
  return {
    ...(typeof budget === 'number' && decodeBudget(budget)),
    ...present({ effort }),
    extras: packOwn({ ...wish, ...unknownMembers(rest, known) }, { thinking: config }),
  }
}

function decodeBudget(budget: number): ReasoningRequest {
  if (budget === 0) return { mode: 'disabled' }
  return budget < 0 ? { mode: 'adaptive' } : { mode: 'enabled', budgetTokens: budget }
}

/** What a model takes. */
interface Model {
  readonly thinks: boolean
  /** The levels it has, least first; none where it only has budgets. */
  readonly levels: readonly Level[]
  readonly minBudget: number
  readonly maxBudget: number
}

type Level = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH'

function modelOf(name: string): Model {
  const pro = name.includes('pro')
  const maxBudget = pro ? 32_768 : 24_576
  if (/gemini-(?:1|2\.0)|gemma|learnlm/.test(name)) return { thinks: false, levels: [], minBudget: 0, maxBudget }
  if (/gemini-(?:[3-9]|\d\d)/.test(name))
    return { thinks: true, levels: levelsOf(name, pro), minBudget: 128, maxBudget }
  const minBudget = pro ? 128 : 0
  return { thinks: true, levels: [], minBudget, maxBudget }
}

function levelsOf(name: string, pro: boolean): readonly Level[] {
  if (/gemini-3-pro/.test(name)) return ['LOW', 'HIGH']
  return pro ? ['LOW', 'MEDIUM', 'HIGH'] : ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']
}

/** What becomes of a foreign reasoning request. `loss` is set where something was lost or only came near. */
export interface ThinkingPlan {
  readonly config?: Members
  readonly loss?: { readonly action: 'dropped' | 'approximated'; readonly reason: string }
}

/** Plans `thinkingConfig` for the model that a foreign request goes to. */
export function planThinking(reasoning: ReasoningRequest | undefined, name: string): ThinkingPlan {
  if (reasoning === undefined) return {}
  const { mode, budgetTokens, effort } = reasoning
  const model = modelOf(name)
  const off = mode === 'disabled' || effort === 'none'
  if (!model.thinks) return off ? {} : dropped('the model does not think')
  if (off) return planOff(model)
  if (budgetTokens !== undefined) return planBudget(budgetTokens, model)
  if (effort !== undefined) return model.levels.length > 0 ? planLevel(effort, model.levels) : planEffort(effort, model)
  if (mode === undefined) return {}
  // As much as it takes: what models with levels do anyway.
  return { config: { includeThoughts: true, ...(model.levels.length === 0 && { thinkingBudget: -1 }) } }
}

function planOff({ levels, minBudget }: Model): ThinkingPlan {
  const [least] = levels
  if (least !== undefined)
    return approximated({ thinkingLevel: least }, 'the model always thinks, here as little as it can')
  const config = { thinkingBudget: minBudget }
  return minBudget === 0 ? { config } : approximated(config, 'the model always thinks, here as little as it can')
}

function planBudget(wanted: number, { minBudget, maxBudget }: Model): ThinkingPlan {
  const thinkingBudget = Math.min(Math.max(wanted, minBudget), maxBudget)
  const config = { includeThoughts: true, thinkingBudget }
  return thinkingBudget === wanted ? { config } : approximated(config, 'the nearest thinking budget the model takes')
}

function planLevel(effort: string, levels: readonly Level[]): ThinkingPlan {
  const level = effort.toUpperCase() as Level
  if (levels.includes(level)) return { config: { includeThoughts: true, thinkingLevel: level } }
  const nearest = effort === 'minimal' ? levels[0] : efforts.has(effort) ? 'HIGH' : undefined
  return nearest === undefined
    ? dropped('an effort that the wire has no word for')
    : approximated({ includeThoughts: true, thinkingLevel: nearest }, 'the nearest thinking level the model has')
}

const efforts: ReadonlySet<string> = new Set(['medium', 'xhigh', 'max'])

function planEffort(effort: string, model: Model): ThinkingPlan {
  if (effort === 'minimal') {
    const { config } = planOff(model)
    return approximated(config ?? {}, 'the least effort is the smallest thinking budget')
  }
  const budget = budgetOfEffort(effort)
  if (budget === undefined) return dropped('an effort that the wire has no word for')
  const { config } = planBudget(budget, model)
  return approximated(config ?? {}, 'an effort becomes a thinking budget')
}

function approximated(config: Members, reason: string): ThinkingPlan {
  return { config, loss: { action: 'approximated', reason } }
}

function dropped(reason: string): ThinkingPlan {
  return { loss: { action: 'dropped', reason } }
}

/**
 * Whether the model refuses a call of the current turn that comes back without its thought signature. Gemini 3 does; a
 * name that does not tell its generation is an alias of a current one.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures
 */
export function wantsSignatures(name: string): boolean {
  return !/gemini-[12](?:\D|$)|gemma|learnlm/.test(name)
}

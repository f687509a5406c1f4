// Where the canonical parameters of a request stand in the client's own body, for loss reports. Owns the names only.
import type { DialectId } from '../../ir/dialect-id.ts'

type Parameter =
  | 'maxOutputTokens'
  | 'topK'
  | 'stop'
  | 'seed'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'choices'
  | 'effort'
  | 'budget'
  | 'reasoning'

const openai: Readonly<Record<Parameter, string>> = {
  maxOutputTokens: 'max_completion_tokens',
  topK: 'top_k',
  stop: 'stop',
  seed: 'seed',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  choices: 'n',
  effort: 'reasoning_effort',
  budget: 'reasoning',
  reasoning: 'reasoning',
}

const others: Readonly<Partial<Record<DialectId, Partial<Record<Parameter, string>>>>> = {
  'openai-completions': { maxOutputTokens: 'max_tokens' },
  'openai-responses': { maxOutputTokens: 'max_output_tokens', effort: 'reasoning.effort' },
  'anthropic-messages': {
    maxOutputTokens: 'max_tokens',
    stop: 'stop_sequences',
    effort: 'output_config.effort',
    budget: 'thinking.budget_tokens',
    reasoning: 'thinking',
  },
  gemini: {
    maxOutputTokens: 'generationConfig.maxOutputTokens',
    topK: 'generationConfig.topK',
    stop: 'generationConfig.stopSequences',
    seed: 'generationConfig.seed',
    frequencyPenalty: 'generationConfig.frequencyPenalty',
    presencePenalty: 'generationConfig.presencePenalty',
    choices: 'generationConfig.candidateCount',
    effort: 'generationConfig.thinkingConfig.thinkingLevel',
    budget: 'generationConfig.thinkingConfig.thinkingBudget',
    reasoning: 'generationConfig.thinkingConfig',
  },
  'bedrock-converse': {
    maxOutputTokens: 'inferenceConfig.maxTokens',
    topK: 'additionalModelRequestFields.top_k',
    stop: 'inferenceConfig.stopSequences',
    effort: 'additionalModelRequestFields.reasoning_config',
    budget: 'additionalModelRequestFields.thinking.budget_tokens',
    reasoning: 'additionalModelRequestFields.thinking',
  },
}

/** The path of a parameter in a body of the dialect. */
export function pathOf(parameter: Parameter, source: DialectId): string {
  return others[source]?.[parameter] ?? openai[parameter]
}

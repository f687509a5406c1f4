// What a client calls the parameters that this wire may lose: a loss names the place in the client's own body.
// Owns the names only.
import type { DialectId } from '../../ir/dialect-id.ts'

export interface ClientPaths {
  readonly temperature: string
  readonly topP: string
  readonly topK: string
  readonly stop: string
  readonly seed: string
  readonly frequencyPenalty: string
  readonly presencePenalty: string
  readonly choices: string
  readonly user: string
  readonly toolChoice: string
  readonly parallel: string
  /** The record, or the word, that asks for reasoning. */
  readonly reasoning: string
  readonly effort: string
  readonly budget: string
  readonly format: string
  /** Below a document. */
  readonly documentName: string
  /** Below an image. */
  readonly imageDetail: string
  /** Below a part. */
  readonly signature: string
}

const chat: ClientPaths = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  stop: 'stop',
  seed: 'seed',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  choices: 'n',
  user: 'user',
  toolChoice: 'tool_choice',
  parallel: 'parallel_tool_calls',
  reasoning: 'reasoning_effort',
  effort: 'reasoning_effort',
  budget: 'reasoning',
  format: 'response_format',
  documentName: 'file.filename',
  imageDetail: 'image_url.detail',
  signature: 'extra_content',
}

const paths: Readonly<Partial<Record<DialectId, ClientPaths>>> = {
  'openai-responses': {
    ...chat,
    reasoning: 'reasoning',
    effort: 'reasoning.effort',
    format: 'text.format',
    documentName: 'filename',
    imageDetail: 'detail',
    signature: 'encrypted_content',
  },
  'anthropic-messages': {
    ...chat,
    stop: 'stop_sequences',
    user: 'metadata.user_id',
    parallel: 'tool_choice.disable_parallel_tool_use',
    reasoning: 'thinking',
    effort: 'output_config.effort',
    budget: 'thinking.budget_tokens',
    format: 'output_config.format',
    documentName: 'title',
    signature: 'signature',
  },
  gemini: {
    temperature: 'generationConfig.temperature',
    topP: 'generationConfig.topP',
    topK: 'generationConfig.topK',
    stop: 'generationConfig.stopSequences',
    seed: 'generationConfig.seed',
    frequencyPenalty: 'generationConfig.frequencyPenalty',
    presencePenalty: 'generationConfig.presencePenalty',
    choices: 'generationConfig.candidateCount',
    user: 'labels',
    toolChoice: 'toolConfig.functionCallingConfig',
    parallel: 'toolConfig',
    reasoning: 'generationConfig.thinkingConfig',
    effort: 'generationConfig.thinkingConfig.thinkingLevel',
    budget: 'generationConfig.thinkingConfig.thinkingBudget',
    format: 'generationConfig.responseMimeType',
    documentName: 'inlineData.displayName',
    imageDetail: 'mediaResolution',
    signature: 'thoughtSignature',
  },
}

/** The names that a client of this wire uses; Chat's where it has none of its own. */
export function clientPaths(source: DialectId): ClientPaths {
  return paths[source] ?? chat
}

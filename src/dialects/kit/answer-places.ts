// What every wire calls the members of its answers, and which of them it has. Data; no code branches on a wire beside it.
import type { DialectId } from '../../ir/dialect-id.ts'

/** Where an answer of one wire has what any answer may have; `#` is the position among several answers. */
export interface AnswerPlaces {
  /** One of its answers, with how that ended; `''` where the answer has no such record. */
  readonly output: string
  readonly message: string
  readonly finish: string
  readonly stopSequence: string
  readonly usage: string
  /** These stand below `usage`. */
  readonly reasoningTokens: string
  readonly cacheWrites: string
  readonly lastingCacheWrites: string
}

const choices: AnswerPlaces = {
  output: 'choices[#]',
  message: 'choices[#].message',
  finish: 'choices[#].finish_reason',
  stopSequence: 'choices[#].stop_reason',
  usage: 'usage',
  reasoningTokens: 'completion_tokens_details.reasoning_tokens',
  cacheWrites: 'prompt_tokens_details.cache_write_tokens',
  lastingCacheWrites: 'prompt_tokens_details.cache_write_tokens',
}

/** The places of every wire. */
export const answerPlaces: Readonly<Record<DialectId, AnswerPlaces>> = {
  'openai-chat': choices,
  'openai-completions': choices,
  'openai-embeddings': choices,
  'openai-responses': {
    output: '',
    message: '',
    finish: 'status',
    stopSequence: 'status',
    usage: 'usage',
    reasoningTokens: 'output_tokens_details.reasoning_tokens',
    cacheWrites: 'input_tokens_details.cache_write_tokens',
    lastingCacheWrites: 'input_tokens_details.cache_write_tokens',
  },
  'anthropic-messages': {
    output: '',
    message: '',
    finish: 'stop_reason',
    stopSequence: 'stop_sequence',
    usage: 'usage',
    reasoningTokens: 'output_tokens_details.thinking_tokens',
    cacheWrites: 'cache_creation_input_tokens',
    lastingCacheWrites: 'cache_creation.ephemeral_1h_input_tokens',
  },
  gemini: {
    output: 'candidates[#]',
    message: 'candidates[#].content',
    finish: 'candidates[#].finishReason',
    stopSequence: 'candidates[#].finishReason',
    usage: 'usageMetadata',
    reasoningTokens: 'thoughtsTokenCount',
    cacheWrites: 'cachedContentTokenCount',
    lastingCacheWrites: 'cachedContentTokenCount',
  },
  'bedrock-converse': {
    output: '',
    message: 'output.message',
    finish: 'stopReason',
    stopSequence: 'additionalModelResponseFields.stop_sequence',
    usage: 'usage',
    reasoningTokens: 'outputTokens',
    cacheWrites: 'cacheWriteInputTokens',
    lastingCacheWrites: 'cacheDetails',
  },
}

/** What the answers of a wire can say, beyond what all can. */
export interface AnswerScope {
  /** Which stop sequence was met. */
  readonly stopSequence?: true
  /** That the answer waits to be continued. */
  readonly pause?: true
  readonly severalAnswers?: true
  readonly reasoningTokens?: true
  /** Tokens that were written to a cache, and for how long. */
  readonly cacheWrites?: 'in-total' | 'by-lifetime'
}

const openai: AnswerScope = { reasoningTokens: true, cacheWrites: 'in-total' }

/** What the answers of every wire can say. */
export const answerScopes: Readonly<Record<DialectId, AnswerScope>> = {
  'openai-chat': { ...openai, severalAnswers: true },
  'openai-completions': { ...openai, severalAnswers: true },
  'openai-embeddings': openai,
  'openai-responses': openai,
  'anthropic-messages': { stopSequence: true, pause: true, reasoningTokens: true, cacheWrites: 'by-lifetime' },
  gemini: { severalAnswers: true, reasoningTokens: true },
  'bedrock-converse': { stopSequence: true, cacheWrites: 'by-lifetime' },
}

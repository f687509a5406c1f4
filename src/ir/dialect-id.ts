// The wire protocols that Signalbox speaks, by name, and what each of them can be asked for.

/** Stable identifiers, as folder names under `dialects/`; the configuration's `api_formats` are the same with underscores. */
export type DialectId =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-completions'
  | 'openai-embeddings'
  | 'anthropic-messages'
  | 'gemini'
  | 'bedrock-converse'

/** What a client may ask: an answer of a model, the vectors of texts, or how many tokens a request would have. */
export type Task = 'generate' | 'embed' | 'count-tokens'

/** The wires that can give several answers to one request. */
export const severalAnswers: ReadonlySet<DialectId> = new Set(['openai-chat', 'openai-completions', 'gemini'])

/** The tasks that each wire has a call for. The planner reads it; a test holds it against the codecs. */
export const tasksOf: Readonly<Record<DialectId, readonly Task[]>> = {
  'openai-chat': ['generate'],
  'openai-responses': ['generate', 'count-tokens'],
  'openai-completions': ['generate'],
  'openai-embeddings': ['embed'],
  'anthropic-messages': ['generate', 'count-tokens'],
  gemini: ['generate', 'count-tokens', 'embed'],
  'bedrock-converse': ['generate', 'count-tokens'],
}

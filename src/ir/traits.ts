// How a compatible provider departs from the wire that it imitates: data on the provider. Codecs and the normaliser read
// it; nobody branches on a vendor's name.

/**
 * What the answers of compatible providers have that the wire has not. A name stands for one mending, listed in the order
 * in which they are made; who was seen with it stands beside it. Names are configuration: added, never renamed.
 */
export const quirkNames = [
  /** Members that every reader counts on: `choices`, `index`, `delta`, the role (T27, Azure's filtered choice). */
  'members_missing',
  /** The whole message so far on every chunk, beside the delta, where a reader adds the one to the other (Perplexity). */
  'message_beside_delta',
  /** No id, model or time, on the first chunk (Azure) or on all (Snowflake); `object` of another name (Perplexity). */
  'head_unsound',
  /** Another id on the first chunk than on the rest (Avian). */
  'id_changes',
  /** `content` as a list of text and `thinking` parts where text is due (Mistral). */
  'content_parts',
  /** Reasoning under another name than `reasoning_content` (OpenRouter, Groq, Ollama, vLLM). */
  'reasoning_spelling',
  /** Members that are there and say nothing: audio, calls and refusals of empty text (Snowflake), `tool_calls: []`. */
  'placeholder_members',
  /** Tool calls without an index (Ollama, Mistral, Gemini), counted from one (Anthropic), or all under the same. */
  'tool_index',
  /** Empty id, type or name on every fragment of a call (Alibaba). */
  'tool_fragment_empties',
  /** Calls without a type (Mistral). */
  'tool_type_missing',
  /** Calls without an id (Gemini). */
  'tool_id_missing',
  /** Tool arguments that are null, absent, an object, or no JSON because there are none. */
  'arguments_not_text',
  /** Another word for the end than the wire's own: '' (Snowflake), `eos` (Together), those of other vendors. */
  'finish_foreign',
  /** `stop` although tools were called (Ollama, Gemini), or the other way round. */
  'finish_lies',
  /** The same finish reason on another chunk (OpenRouter). */
  'finish_repeated',
  /** The end comes without a finish reason (Snowflake). */
  'finish_missing',
  /** Usage more than once: growing with every chunk (Perplexity), on the last two (Groq). */
  'usage_repeated',
  /** `completion_tokens` leaves out reasoning that `total_tokens` counts (xAI, Gemini). */
  'reasoning_excluded',
  /** More cached tokens than the prompt has (Grok on Azure). */
  'cached_exceeds_prompt',
] as const

export type QuirkName = (typeof quirkNames)[number]

/** Absent members: as the wire's owner does it. */
export interface Traits {
  /** What the output limit is called; `max_completion_tokens` where absent. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens'
  /** Text content has to be one string: lists of text parts are refused. */
  readonly textContent?: 'string'
  /** `developer` is no role there; `system` says the same. */
  readonly noDeveloperRole?: true
  /** Where reasoning of earlier turns goes back to; `none`: the provider refuses it everywhere. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning' | 'none'
  /** A turn that called tools is refused without its reasoning, empty text included. */
  readonly reasoningRequired?: true
  /**
   * A last message of the assistant is gone on with where it says `prefix`: `repeated` with its own text once more
   * (Mistral), `continued` with what comes behind it (DeepSeek, at another address than the rest).
   * https://docs.mistral.ai/capabilities/completion/prefix/, https://api-docs.deepseek.com/guides/chat_prefix_completion
   */
  readonly assistantPrefix?: 'repeated' | 'continued'
  /** Top-level members under another name. */
  readonly renamed?: Readonly<Record<string, string>>
  /** Top-level members that the provider refuses, where others pass over what they do not know. */
  readonly refused?: readonly string[]
  /** The same for members of messages. */
  readonly refusedInMessages?: readonly string[]
  /**
   * Anthropic's wire behind the door of a cloud: the body says this version, and the path says the model.
   * https://platform.claude.com/docs/en/api/claude-on-vertex-ai
   */
  readonly bodyVersion?: string
  /** The values of `anthropic-beta` that it knows; any other makes it refuse the request. Absent: all. */
  readonly betas?: readonly string[]
  /** Calls and results of its models before Gemini 3 are refused where they have ids; they belong together by name and order. */
  readonly oldModelsWithoutCallIds?: true
  /** Embeddings are asked for as predictions, and answered so (Vertex). */
  readonly embedsByPrediction?: true
  /** Gemini's count of tokens takes the request as it is, where Google's own API wants it wrapped. */
  readonly countsUnwrapped?: true
  /** What is wrong with its answers, and to be mended on the way to a client of the same wire. */
  readonly quirks?: readonly QuirkName[]
}

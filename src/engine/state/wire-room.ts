// What a client's wire has room for, and what its clients send back. Data; no code branches on a dialect beside it.
import type { DialectId } from '../../ir/dialect-id.ts'

export interface WireRoom {
  /** Reasoning has room for a token. */
  readonly reasoning: boolean
  /** Redacted reasoning has a form of its own; else it goes as reasoning without text. */
  readonly redacted: boolean
  /** Text and token of streamed reasoning come back as two parts, so the token brings the text along. */
  readonly splits: boolean
  /** A tool call has room for a token. */
  readonly call: boolean
  /** Text has room for a token. */
  readonly text: boolean
  /** The part that a provider of this dialect refuses without a token of its own: a foreign one is marked as such. */
  readonly marked: 'reasoning' | 'tool-call' | 'none'
  /** Some clients drop reasoning and keep tool calls whole: the first call of an answer repeats the reasoning's tokens. */
  readonly repeatsOnCall: boolean
  /** Many clients send back nothing but the call and its id: a record is kept under the id. */
  readonly recorded: boolean
}

const nothing: WireRoom = {
  reasoning: false,
  redacted: false,
  splits: false,
  call: false,
  text: false,
  marked: 'none',
  repeatsOnCall: false,
  recorded: false,
}

const signedReasoning: WireRoom = { ...nothing, reasoning: true, redacted: true, marked: 'reasoning' }

/** The room of every wire. */
export const wireRoom: Readonly<Record<DialectId, WireRoom>> = {
  'anthropic-messages': signedReasoning,
  'bedrock-converse': signedReasoning,
  'openai-responses': { ...signedReasoning, redacted: false },
  // Gemini CLI takes thoughts out of its history and leaves the signatures of calls in.
  gemini: {
    ...nothing,
    reasoning: true,
    splits: true,
    call: true,
    text: true,
    marked: 'tool-call',
    repeatsOnCall: true,
  },
  // `reasoning_details` (OpenRouter's clients) and `extra_content` (Google's) come back from some, neither from most.
  // The official package's own streaming helper keeps only the last piece of `reasoning_details`.
  'openai-chat': {
    ...nothing,
    reasoning: true,
    redacted: true,
    splits: true,
    call: true,
    repeatsOnCall: true,
    recorded: true,
  },
  // One prompt, one answer: nothing comes back.
  'openai-completions': nothing,
  'openai-embeddings': nothing,
}

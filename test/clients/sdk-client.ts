// The official SDKs behind one small interface: each asks in its own words, and what came back is told in the same ones.
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { Exchanged } from './recording-fetch.ts'

export interface Heard {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly HeardCall[]
  readonly finish: HeardFinish
  readonly usage: HeardUsage
  readonly model: string | undefined
  /** The assistant's turn as the SDK hands it out, to be sent back the way its documentation shows. */
  readonly turn: unknown
}

/** Why an answer ended; `other` is a word that no case expects. */
export type HeardFinish = 'stop' | 'tool' | 'length' | 'other'

export interface HeardCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

/** Totals, whatever the wire counts: `input` with what was cached, `output` with the reasoning. */
export interface HeardUsage {
  readonly input: number | undefined
  readonly cached: number | undefined
  readonly output: number | undefined
}

export interface Question {
  readonly model: string
  readonly text: string
  readonly tools?: boolean
  readonly think?: boolean
  readonly schema?: Readonly<Record<string, unknown>>
  /** The schema goes as a tool that has to be called, as for models that have nothing better. */
  readonly schemaAsTool?: boolean
  /** Base64 of a PNG. */
  readonly image?: string
  /** The answer that called tools, and what they said. */
  readonly followUp?: { readonly heard: Heard; readonly results: readonly string[] }
  readonly signal?: AbortSignal
  /** Called at the first piece of text of a streamed answer. */
  readonly onFirst?: () => void
}

/** What an SDK's own error for an answered request says. */
export interface Failure {
  readonly status: number | undefined
  /** The `retry-after` header, where the SDK's error shows headers. */
  readonly retryAfter?: string | undefined
}

export interface SdkClient {
  readonly name: string
  /** The wire that it speaks. */
  readonly dialect: GenerativeId
  readonly abilities: Abilities
  /** What was not legal in the streams that it was sent. */
  readonly faults: readonly string[]
  /** What it sent and what it was sent, in order. */
  readonly exchanges: readonly Exchanged[]
  ask(question: Question, streamed: boolean): Promise<Heard>
  /** What an error says; undefined where it is not of the class that the SDK documents for an API's refusal. */
  failureOf(cause: unknown): Failure | undefined
  /** Whether an error is how the SDK reports that its caller has aborted. */
  isAbort(cause: unknown): boolean
  readonly countTokens?: (question: Question) => Promise<number | undefined>
}

export interface Abilities {
  /** Takes part in conversations: tools, images, a schema, thinking. */
  readonly converses: boolean
  readonly showsThinking: boolean
  /** Hands out the model's name from the answer, and not the one that was asked for. */
  readonly tellsModel: boolean
  /** Can ask for a schema in the form of a tool that has to be called. */
  readonly schemaAsTool: boolean
}

export const full: Abilities = { converses: true, showsThinking: true, tellsModel: true, schemaAsTool: false }

export const instructions = 'Be brief.'
export const maxTokens = 9000
/** Thinking as asked for where a wire counts tokens; `low` is the word for the same. */
export const thinkingBudget = 4096

export const toolSchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const

/** Reads a wire's own word for the end of an answer. */
export function finishOf(word: string | null | undefined, words: Readonly<Record<string, HeardFinish>>): HeardFinish {
  return words[word ?? ''] ?? 'other'
}

/** Parses a call's arguments; what is no JSON is told as it is. */
export function inputOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return `not JSON: ${text}`
  }
}

// What a wire has to bring so that the mock can be asked on it: how it is checked, what is heard, and how an answer is spelled.
import type { MockAnswer } from './answer.ts'

/** A JSON object as it stands on a wire. */
export type Members = Readonly<Record<string, unknown>>

/** A request as the mock sees it. The model stands in the body of some wires and in the path of others. */
export interface MockRequest {
  readonly model: string
  readonly body: Members
}

/** A tool that a client offers. */
export interface OfferedTool {
  readonly name: string
  readonly schema: unknown
}

/** The wires whose models sign their thinking. Ids of signed calls and signatures carry it, so that each knows its own. */
export type Signer = 'chat' | 'responses' | 'messages' | 'gemini' | 'converse'

/** What a turn of the assistant brought back of the thinking before it. */
export interface ReturnedThought {
  /** The ids of the calls in this turn. */
  readonly calls: readonly string[]
  readonly signature?: string
  /** Its text, on a wire that wants that back unchanged as well. */
  readonly text?: string
}

/** What a request says, whatever its wire. */
export interface Heard {
  /** All text of the conversation. */
  readonly everything: string
  /** What a user said last. */
  readonly said: string
  /** The text of the tool results that the conversation ends with; absent where it ends otherwise. */
  readonly results?: string
  readonly tools: readonly OfferedTool[]
  /** The tool that has to be called; `''` for any. */
  readonly forced?: string
  /** The JSON schema that the answer has to fit. */
  readonly schema?: unknown
  /** Calls that were made before. */
  readonly calls: number
  readonly signer?: Signer
  /** Thinking is not switched on, on a wire that has a switch for it. */
  readonly isThoughtless?: boolean
  /** One for each turn of the assistant that calls tools or is signed. */
  readonly thoughts: readonly ReturnedThought[]
}

/** Bytes that leave together. */
export type Piece = string | Uint8Array

/** A stream in pieces, each one or more whole events; faults are cut between them. A piece of content holds one delta. */
export interface MockStream {
  readonly contentType: string
  readonly start: Piece
  readonly content: readonly Piece[]
  readonly end: Piece
  /** The wire's error event behind so many pieces of content. */
  error(after: number): Piece
}

/** The first rule of its wire that a request breaks, as the provider would tell it. */
export type Check = (request: MockRequest) => string | undefined

/** How a wire tells a failure. */
export interface MockFailure {
  /** Its own ones; where there are none, `Retry-After` is one of them. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: object
}

/**
 * An error in the words of the wire.
 * @param retryAfterS when to come back, for a wire that tells it in the body
 */
export type Failure = (status: number, message: string, retryAfterS?: number) => MockFailure

export interface MockWire {
  readonly check: Check
  hear(request: MockRequest): Heard
  json(answer: MockAnswer, request: MockRequest): object
  stream(answer: MockAnswer, request: MockRequest): MockStream
  readonly failure: Failure
}

/** Counting tokens: what is heard is counted, and nothing is said. */
export interface MockCounter {
  readonly check: Check
  hear(request: MockRequest): Heard
  count(tokens: number): object
  readonly failure: Failure
}

export interface MockEmbedder {
  readonly check: Check
  /** The inputs; a list of tokens counts as the text of its numbers. */
  inputs(request: MockRequest): readonly string[]
  /** How long a vector is to be, where the request says so. */
  dimensions(request: MockRequest): number | undefined
  json(vectors: readonly (readonly number[])[], tokens: number, request: MockRequest): object
  readonly failure: Failure
}

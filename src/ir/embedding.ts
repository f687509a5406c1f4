// The canonical embedding request and its answer.
import type { Extras } from './content.ts'
import type { DialectId } from './dialect-id.ts'
import type { Usage } from './usage.ts'

/** One text to embed, or the token ids that stand for one. */
export type EmbeddingInput =
  | { readonly type: 'text'; readonly text: string; readonly at?: string }
  | { readonly type: 'tokens'; readonly tokens: readonly number[]; readonly at?: string }

export interface EmbeddingRequest {
  readonly source: DialectId
  readonly model: string
  readonly inputs: readonly EmbeddingInput[]
  /** How many numbers a vector should have. */
  readonly dimensions?: number
  /** How the client wants its vectors written; the canonical vectors are numbers all the same. */
  readonly encoding: 'float' | 'base64'
  readonly user?: string
  readonly extras?: Extras
}

export interface EmbeddingResponse {
  readonly source: DialectId
  /** The model that answered, as the provider named it. */
  readonly model?: string
  /** One vector per input, in order. */
  readonly vectors: readonly (readonly number[])[]
  readonly usage?: Usage
  readonly extras?: Extras
}

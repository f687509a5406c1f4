// The canonical request: built lazily, at most once, only when an attempt needs another dialect than the client's.
import type { ContentPart, CacheHint, Extras } from './content.ts'
import type { DialectId } from './dialect-id.ts'

/**
 * One turn of the conversation. Tool results are parts of a user turn. `system` is a mid-conversation instruction;
 * instructions before the first turn are `IrRequest.instructions`.
 */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'system'
  readonly parts: readonly ContentPart[]
  /** The last turn of the assistant, which broke off: what is asked for is its rest. */
  readonly breaksOff?: true
  readonly at?: string
  readonly extras?: Extras
}

/** A tool that the client offers. `opaque` is a provider's own server tool, known to its dialect only. */
export type Tool = FunctionTool | CustomTool | OpaqueTool

export interface FunctionTool {
  readonly type: 'function'
  readonly name: string
  readonly description?: string
  /** JSON Schema of the input; absent where the wire had none. */
  readonly schema?: unknown
  readonly strict?: boolean
  readonly cache?: CacheHint
  readonly at?: string
  readonly extras?: Extras
}

/** A free-text tool. `format` is the wire's grammar record. */
export interface CustomTool {
  readonly type: 'custom'
  readonly name: string
  readonly description?: string
  readonly format?: unknown
  readonly at?: string
  readonly extras?: Extras
}

export interface OpaqueTool {
  readonly type: 'opaque'
  readonly kind: string
  readonly value: unknown
  readonly at?: string
}

export type ToolChoice =
  | { readonly mode: 'auto' }
  | { readonly mode: 'none' }
  /** Some tool must be called. */
  | { readonly mode: 'required' }
  /** This tool must be called. */
  | { readonly mode: 'tool'; readonly name: string; readonly kind?: 'custom' }
  /** A form that only the source dialect has (OpenAI's `allowed_tools`). */
  | { readonly mode: 'opaque'; readonly kind: string; readonly value: unknown }

export interface Sampling {
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
}

/** How much the model should reason. `mode` and `budgetTokens` are Anthropic's words, `effort` is OpenAI's; a wire may use both. */
export interface ReasoningRequest {
  readonly mode?: 'enabled' | 'disabled' | 'adaptive'
  readonly budgetTokens?: number
  readonly effort?: string
  readonly extras?: Extras
}

export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json-object' }
  | {
      readonly type: 'json-schema'
      readonly schema: unknown
      readonly name?: string
      readonly description?: string
      readonly strict?: boolean
    }

/** What a request says besides its conversation and its tools, by name: where it stands, losses have to tell. */
export type Parameter =
  | keyof Sampling
  | 'toolChoice'
  | 'parallelToolCalls'
  /** The record, or the word, that asks for reasoning. */
  | 'reasoning'
  | 'budgetTokens'
  | 'effort'
  | 'output'
  | 'outputSchema'
  | 'outputDescription'
  | 'choices'
  | 'user'

/** Members of parts and tools with a canonical name. They stand below the part or the tool. */
export type Attribute =
  | 'citations'
  | 'signature'
  | 'detail'
  | 'isError'
  /** A file's, by where its bytes are: some wires have a record for each. */
  | 'inlineName'
  | 'linkedName'
  | 'context'
  | 'cite'
  | 'schema'
  | 'strict'

/** Where things stand in a client's own body, by name. */
export type ClientPaths = Readonly<Record<Parameter | Attribute, string>>

export interface IrRequest {
  /** The dialect it was decoded from: `extras` and `opaque` values are this dialect's. */
  readonly source: DialectId
  readonly model: string
  readonly instructions: readonly ContentPart[]
  readonly turns: readonly Turn[]
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
  readonly parallelToolCalls?: boolean
  readonly sampling: Sampling
  readonly reasoning?: ReasoningRequest
  readonly output?: OutputFormat
  readonly stream: boolean
  /** Whether the client asked for usage inside the stream; absent where its wire always sends it. */
  readonly streamUsage?: boolean
  /** How many answers are asked for (`n`), where above 1 or said on the wire. */
  readonly choices?: number
  /** The end user's identifier, as the client sent it. */
  readonly user?: string
  /** Where something stands in the client's own body, if its wire has more than one place or spelling for it. */
  readonly at?: Partial<ClientPaths>
  /** What ties the request to its own wire's server state (a stored conversation, a cache): a foreign wire has to refuse it. */
  readonly bound?: { readonly param: string; readonly reason: string }
  /** Top-level fields of the source dialect without a canonical name. */
  readonly extras?: Extras
}

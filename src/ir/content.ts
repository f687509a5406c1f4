// The content vocabulary of the canonical request and response.
// Owns what a part of a message may be. Knows no wire; a decoder fills these, an encoder reads them.

/** Wire fields that only the dialect they came from understands, kept so that the same dialect gets them back. */
export type Extras = Readonly<Record<string, unknown>>

/** What every part may carry besides its own content. */
export interface PartBase {
  /** Where the decoder found it, as a path in the client's own body (`messages[2].content[0]`): losses name it. */
  readonly at?: string
  /** A prompt-cache breakpoint that ends here. */
  readonly cache?: CacheHint
  /**
   * A token of the provider's own that has to come back with this part (Anthropic's `signature`, Gemini's
   * `thoughtSignature`, the `encrypted_content` of Responses). Says nothing to anybody else.
   */
  readonly signature?: string
  /** Fields of the source dialect without a canonical name. */
  readonly extras?: Extras
}

/** A prompt-cache breakpoint; `ttl` as the wire said it (`5m`, `1h`), absent for the provider's default. */
export interface CacheHint {
  readonly ttl?: string
  /** Where it stands in the client's own body, as `PartBase.at`. */
  readonly at?: string
  /** Fields beside `type` and `ttl` that the source dialect sent. */
  readonly extras?: Extras
}

export interface TextPart extends PartBase {
  readonly type: 'text'
  readonly text: string
  readonly citations?: readonly Citation[]
}

/** The model's reasoning. `redacted` holds opaque provider data and then `text` is empty. A signed part may have no text. */
export interface ReasoningPart extends PartBase {
  readonly type: 'reasoning'
  readonly text: string
  readonly redacted?: string
}

/** Where the bytes of a medium are: inline, behind a link, or at the provider. */
export type MediaSource =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly id: string }

export interface ImagePart extends PartBase {
  readonly type: 'image'
  readonly source: MediaSource
  /** The wire's resolution hint (`low`, `high`, `auto`). */
  readonly detail?: string
}

export interface AudioPart extends PartBase {
  readonly type: 'audio'
  readonly format: string
  /** Base64. */
  readonly data: string
}

/** A document: a medium, plain text, or text already cut into parts. */
export interface FilePart extends PartBase {
  readonly type: 'file'
  readonly source:
    | MediaSource
    | { readonly kind: 'text'; readonly mediaType: string; readonly text: string }
    | { readonly kind: 'parts'; readonly parts: readonly ContentPart[] }
  /** File name or title. */
  readonly name?: string
  /** Text about the document that the model sees but does not cite. */
  readonly context?: string
  /** Whether the model is asked to cite from it. */
  readonly cite?: boolean
}

/** A call of one of the client's tools. `input` is JSON text as the wire had it; `''` means no arguments. */
export interface ToolCallPart extends PartBase {
  readonly type: 'tool-call'
  readonly id: string
  readonly name: string
  readonly input: string
  /** `custom`: a free-text tool, so `input` is not JSON. Absent: a function with JSON arguments. */
  readonly kind?: 'custom'
}

/** A tool's answer, in the user turn that follows the call. */
export interface ToolResultPart extends PartBase {
  readonly type: 'tool-result'
  readonly callId: string
  readonly parts: readonly ContentPart[]
  readonly isError?: boolean
}

export interface RefusalPart extends PartBase {
  readonly type: 'refusal'
  readonly text: string
}

/** Something only its own dialect understands (a server-tool block, a container upload): carried whole, lost elsewhere. */
export interface OpaquePart extends PartBase {
  readonly type: 'opaque'
  /** What it is called on its wire, for loss reports. */
  readonly kind: string
  readonly value: unknown
}

export type ContentPart =
  | TextPart
  | ReasoningPart
  | ImagePart
  | AudioPart
  | FilePart
  | ToolCallPart
  | ToolResultPart
  | RefusalPart
  | OpaquePart

/**
 * Where a stretch of text comes from. The canonical members are what more than one wire can say;
 * `value` is the source dialect's own record, whole.
 */
export interface Citation {
  readonly url?: string
  readonly title?: string
  readonly citedText?: string
  /** Offsets in the text part it belongs to, in UTF-16 code units, end exclusive; absent where the wire gives none. */
  readonly start?: number
  readonly end?: number
  /** Where it stands in its own body, if that is not in its part. */
  readonly at?: string
  readonly value: unknown
}

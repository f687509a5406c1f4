// What a wire protocol has to bring. One folder per dialect implements this; everything is synchronous and pure.
import type { GatewayError, Outcome } from '../ir/error.ts'
import type { JoinOpaque } from '../ir/fold.ts'
import type { IrEvent } from '../ir/event.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrRequest } from '../ir/request.ts'
import type { Finish, IrResponse } from '../ir/response.ts'
import type { Usage } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import type { JsonDocument } from '../wire/json-scan.ts'
import type { Edit } from '../wire/json-splice.ts'

/** The part of an answer's headers that a codec reads. */
export interface HeaderReader {
  get(name: string): string | null
}

/** A client's request as the dialect sees it: the scanned body, the path, and the client's headers. */
export interface WireRequest {
  /** The pathname that routing matched, without query. */
  readonly path: string
  readonly headers: Headers
  readonly body: JsonDocument
}

/** What goes to the provider: a path below the provider's base URL, dialect headers, and the body. No credentials. */
export interface UpstreamCall {
  /** Begins with `/`. Joined to the base URL by `joinUrl`, which knows about doubled `/v1`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** The part of a target that a codec may know. */
export interface CodecTarget {
  /** The provider's model id. */
  readonly model: string
  /** How a Chat provider wants the output limit called; `max_completion_tokens` where absent. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens'
}

/** An encoded request with what it lost, and the tool names that had to be changed (provider's name → client's name). */
export interface EncodedRequest {
  readonly call: UpstreamCall
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
}

/** What both halves of one exchange may know. A value, never global. */
export interface Exchange {
  readonly requestId: string
  readonly facts: RequestFacts
  /** The target's model, for answers that do not name the model that answered. */
  readonly model: string
  /** Unix seconds, for wires that want a time the provider did not give. */
  readonly createdAt: number
}

export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Frames of one stream to events. Tolerant: what it does not know becomes `event-skip`, never a throw. */
export interface StreamDecoder {
  /** Takes one frame, in order. */
  step(frame: Frame): IrEvent[]
  /**
   * The stream has ended. Closes what is open and ends with `response-end` where the answer was complete
   * (a finish reason or the wire's own terminal was seen), else with an `error` event of code `stream_truncated`.
   * Nothing where a terminal was already produced.
   */
  finish(): IrEvent[]
}

/** Events to the frames of one stream. Makes a legal stream of its wire whatever the order of the events. */
export interface StreamEncoder {
  /** Takes one event; after `response-end` or `error` it returns nothing more. */
  step(event: IrEvent): Frame[]
  /** What the events so far could not say on this wire. */
  losses(): readonly Loss[]
}

/** What one frame of a same-dialect stream means to the gateway. */
export type TapSignal =
  /** Nothing the client was waiting for: a start, a role, a ping. */
  | { readonly type: 'idle' }
  /** Answer content: from here on the answer is committed. */
  | { readonly type: 'content' }
  /** The wire's own terminal. */
  | { readonly type: 'end' }
  /** Carries only the usage that the gateway asked for and the client did not: not forwarded. */
  | { readonly type: 'hidden' }
  | { readonly type: 'error'; readonly error: GatewayError }

/** Watches a same-dialect stream without changing it. */
export interface StreamTap {
  step(frame: Frame): TapSignal
  /**
   * Whether the events in this text are answer content and nothing that `step` would have to see; undefined while the
   * answer is not in full flow. Must never say true of a finish, usage, an error or a terminal.
   */
  skim(text: string): boolean | undefined
  /** What was learned so far. `complete`: a finish reason or the terminal was seen, so the end of the bytes is a success. */
  report(): TapReport
  /** The terminal frames that a complete stream still lacks (OpenAI's `[DONE]`, Anthropic's `message_stop`). */
  closing(): Frame[]
}

export interface TapReport {
  readonly complete: boolean
  readonly usage?: Usage
  readonly finish?: Finish
  readonly model?: string
  readonly id?: string
}

/** A wire protocol. Both directions live in one folder. */
export interface Dialect {
  readonly id: DialectId
  /** Ingress paths it owns, as exact pathnames. */
  readonly paths: readonly string[]
  /** Client headers that travel to a provider of the same dialect, lower case. */
  readonly forwardHeaders: readonly string[]

  /** Checks what the gateway must know of a request and nothing more. Never builds the canonical request. */
  facts(request: WireRequest): Outcome<RequestFacts>
  /** Same dialect: the client's bytes with the edits spliced in, the path, and the forwarded headers. */
  retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall
  /** The edits that the gateway itself needs on the byte path (usage in streams), beside the model name. */
  usageEdits(request: WireRequest, facts: RequestFacts): readonly Edit[]

  decodeRequest(request: WireRequest): Outcome<IrRequest>
  /** Fails with `unsupported_content` (or its like) where sending less would change what the client asked. */
  encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest>

  decodeResponse(body: unknown): Outcome<IrResponse>
  encodeResponse(
    response: IrResponse,
    exchange: Exchange,
  ): { readonly body: Uint8Array; readonly losses: readonly Loss[] }

  streamDecoder(): StreamDecoder
  /** How the deltas of its opaque parts are put together when a stream is folded; absent where they have none. */
  readonly joinOpaque?: JoinOpaque
  streamEncoder(exchange: Exchange): StreamEncoder
  streamTap(exchange: Exchange): StreamTap
  /** Reads usage, finish, model and id from a whole same-dialect answer; `error` where a 200 hides one, or is empty. */
  inspectResponse(body: unknown): Outcome<TapReport>

  /** A provider's error answer. `body` is parsed JSON, or undefined where it is none. */
  decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError
  encodeError(error: GatewayError, requestId: string): WireResponse
  /** An error after the first byte: the wire's error event and never its success terminator. */
  encodeStreamError(error: GatewayError, requestId: string): Frame[]
}

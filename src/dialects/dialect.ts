// What a wire protocol has to bring. One folder per dialect implements this; everything is synchronous and pure.
import type { GatewayError, Outcome } from '../ir/error.ts'
import type { JoinOpaque } from '../ir/fold.ts'
import type { IrEvent } from '../ir/event.ts'
import type { DialectId, Task } from '../ir/dialect-id.ts'
import type { EmbeddingRequest, EmbeddingResponse } from '../ir/embedding.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrRequest } from '../ir/request.ts'
import type { Finish, IrResponse } from '../ir/response.ts'
import type { QuirkName, Traits } from '../ir/traits.ts'
import type { OutputCount, Usage } from '../ir/usage.ts'
import type { Frame } from '../wire/frame.ts'
import type { JsonDocument } from '../wire/json-scan.ts'
import type { Edit } from '../wire/json-splice.ts'

/** The part of an answer's headers that a codec reads. */
export interface HeaderReader {
  get(name: string): string | null
}

/** A path that a dialect owns. */
export interface Endpoint {
  /** A pathname; `{model}` in it stands for a model name, which may hold slashes. */
  readonly path: string
  readonly task: Task
}

/** A client's request as the dialect sees it: the scanned body, the path, and the client's headers. */
export interface WireRequest {
  readonly task: Task
  /** The pathname that routing matched, without query, percent-encoding undone. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: JsonDocument
}

/** What goes to the provider: a path below the provider's base URL, dialect headers, and the body. No credentials. */
export interface UpstreamCall {
  /** Begins with `/`, may end in a query. Joined to the base URL by `joinUrl`, which knows about doubled `/v1`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** What the target's traits cost, on the byte path. */
  readonly losses?: readonly Loss[]
}

/** The part of a target that a codec may know. */
export interface CodecTarget {
  /** The provider's model id. */
  readonly model: string
  /** How the provider departs from its wire. */
  readonly traits?: Traits
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
  /** The wire the answer comes from: whose `extras` and `opaque` values it holds. */
  readonly upstream: DialectId
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
  /** The events that `skim` agreed to went by: counts what they say, and no more. */
  passed(text: string): void
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
  /** Of a stream: what the model wrote, for a provider that does not say. */
  readonly count?: OutputCount
}

/** A rule of a wire that a stream breaks. */
export interface Violation {
  /** A stable name of the rule, in kebab case. */
  readonly rule: string
  /** Where and how, without content of the answer. */
  readonly detail: string
}

/** What a legal stream of one wire is: stands between encoder and socket, and reads every stream that a test reads. */
export interface StreamGrammar {
  /** Judges the next frame; undefined where it is legal here. After a violation it judges nothing more. */
  step(frame: Frame): Violation | undefined
  /** The stream is over: what it still lacks. Nothing where its last word was an error. */
  finish(): Violation | undefined
  /** How the stream ended, as far as it has. */
  lastWord(): 'end' | 'error' | undefined
  /** What is legal and still worth telling (tool arguments that are no JSON). */
  flags(): readonly Violation[]
}

/** What every wire brings, whatever it can be asked for. */
export interface DialectBase {
  readonly id: DialectId
  /** The paths it owns; none for a wire that only providers speak. */
  readonly endpoints: readonly Endpoint[]
  /** Client headers that travel to a provider of the same dialect, lower case. */
  readonly forwardHeaders: readonly string[]

  /** Checks what the gateway must know of a request and nothing more. Never builds the canonical request. */
  facts(request: WireRequest): Outcome<RequestFacts>
  /** Same dialect: the client's bytes with the edits spliced in, the path of the task, and the forwarded headers. */
  retarget(request: WireRequest, target: CodecTarget, edits: readonly Edit[]): UpstreamCall
  /** The edits that the gateway itself needs on the byte path (usage in streams), beside the model name. */
  usageEdits(request: WireRequest, facts: RequestFacts): readonly Edit[]
  /** Reads usage, finish, model and id from a whole same-dialect answer; `error` where a 200 hides one, or is empty. */
  inspectResponse(body: unknown): Outcome<TapReport>

  /** A provider's error answer. `body` is parsed JSON, or undefined where it is none. */
  decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError
  encodeError(error: GatewayError, requestId: string): WireResponse

  readonly tokenCounting?: TokenCounting
  readonly embedding?: EmbeddingEgress
}

/** Counting the tokens of a request without generating. The request is the one that `decodeRequest` reads. */
export interface TokenCounting {
  encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest>
  /** The input tokens that the provider counted. */
  decodeResponse(body: unknown): Outcome<number>
  encodeResponse(inputTokens: number): Uint8Array
}

/** The provider's half of embedding. */
export interface EmbeddingEgress {
  encodeRequest(request: EmbeddingRequest, target: CodecTarget): Outcome<EncodedRequest>
  decodeResponse(body: unknown): Outcome<EmbeddingResponse>
}

/** A wire for embeddings alone. */
export interface EmbeddingDialect extends DialectBase {
  readonly embedding: EmbeddingEgress
  decodeRequest(request: WireRequest): Outcome<EmbeddingRequest>
  encodeResponse(
    response: EmbeddingResponse,
    exchange: Exchange,
    encoding: EmbeddingRequest['encoding'],
  ): { readonly body: Uint8Array; readonly losses: readonly Loss[] }
}

/** Mends the frames of a provider that imitates a wire, on their way to a client of that wire. */
export interface StreamNormaliser {
  /** Takes one frame, in order: `same` where its bytes can go on as they are, else the frames that go instead of it. */
  step(frame: Frame): readonly Frame[] | 'same'
  /** Whether the events in this text can go on as they are, unread. Never true while `step` keeps something back. */
  skim(text: string): boolean
  /** The bytes have ended, or the client has left: what was kept back. Nothing a second time. */
  finish(): readonly Frame[]
}

/** How the imitators of a wire are met on the byte path: what they refuse is taken out, what they get wrong is mended. */
export interface Compatibility {
  normaliser(quirks: readonly QuirkName[], exchange: Exchange): StreamNormaliser
  /** A whole answer, mended; `same` where there is nothing to mend. */
  normaliseResponse(
    body: unknown,
    quirks: readonly QuirkName[],
    exchange: Exchange,
  ): Readonly<Record<string, unknown>> | 'same'
  /** What has to change in a request body so that a provider with these traits takes it, and what that loses. */
  fitRequest(
    body: Readonly<Record<string, unknown>>,
    traits: Traits,
  ): { readonly edits: readonly Edit[]; readonly losses: readonly Loss[] }
}

/** A wire that models answer on. Both directions live in one folder. */
export interface Dialect extends DialectBase {
  decodeRequest(request: WireRequest): Outcome<IrRequest>
  /** Fails with `unsupported_content` (or its like) where sending less would change what the client asked. */
  encodeRequest(request: IrRequest, target: CodecTarget): Outcome<EncodedRequest>

  decodeResponse(body: unknown, traits?: Traits): Outcome<IrResponse>
  encodeResponse(
    response: IrResponse,
    exchange: Exchange,
  ): { readonly body: Uint8Array; readonly losses: readonly Loss[] }

  streamDecoder(traits?: Traits): StreamDecoder
  /** How the deltas of its opaque parts are put together when a stream is folded; absent where they have none. */
  readonly joinOpaque?: JoinOpaque
  streamEncoder(exchange: Exchange): StreamEncoder
  /** Absent where nobody imitates the wire. */
  readonly compatibility?: Compatibility
  /** How the client wants its stream framed; server-sent events where absent. */
  clientFraming?(request: WireRequest): ClientFraming
  streamTap(exchange: Exchange): StreamTap
  grammar(): StreamGrammar
  /** An error after the first byte: the wire's error event and never its success terminator. */
  encodeStreamError(error: GatewayError, requestId: string): Frame[]
}

/** A wire of either kind. */
export type AnyDialect = Dialect | EmbeddingDialect

/** How frames become the bytes of an answer: server-sent events, or (Gemini without `alt=sse`) one JSON array. */
export type ClientFraming = 'sse' | 'json-array'

// What the suite knows about one wire, read from its specification and from recordings and never from the code under
// test. A dialect that is registered needs an entry in index.ts.
import type { GenerativeId } from '../../../src/dialects/index.ts'
import type { FinishClass } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import type { Json } from '../../support/json.ts'

export interface Wire {
  readonly id: GenerativeId
  readonly answers: AnswerReader
  readonly streams: StreamReader
  readonly requests: RequestReader
}

export interface ToolCallView {
  /** Empty where the provider gave none. */
  readonly id: string
  readonly name: string
  readonly input: unknown
  /** A call of a free-text tool, which not every wire has. */
  readonly custom?: true
}

/** Tokens under one algebra: `input` and `output` are totals, `cached` and `reasoning` are parts of them. */
export interface UsageView {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly reasoning: number
}

/** What an answer means: the invariants that a translation must keep. */
export interface AnswerView {
  readonly text: string
  /** The reasoning that a client may read, of whatever spelling. */
  readonly reasoning: string
  readonly tools: readonly ToolCallView[]
  /** Why it ended, as the content bears it out. */
  readonly finish: FinishClass
  /** Why it ended, by what a client of this wire acts on. */
  readonly saidFinish: FinishClass
  /** Absent where the provider reported none. */
  readonly usage: UsageView | undefined
}

export interface AnswerReader {
  /** The first answer of a response in the wire's own JSON. */
  view(body: Json): AnswerView
  /** What of an answer this wire can say: a translation to it has to keep exactly this. */
  sayable(view: AnswerView): AnswerView
  /** How many answers it holds. */
  count(body: Json): number
  /** What is wrong with a whole answer that was made for a client. */
  problems(body: Json): string[]
  /** What the official schema of the wire objects to. */
  schemaErrors(body: Json): string[]
  /** The published list of differences that do not count in a whole answer of the same wire. */
  normalise(body: Json): Json
}

export interface StreamReader {
  /** The frames of a stream that was captured as a list of its events. */
  framed(events: readonly Json[]): Frame[]
  /** A stream as one answer in its own wire's shape: every field is kept. */
  assemble(frames: readonly Frame[]): Json
  /**
   * What is wrong with a complete stream; empty for a legal one.
   * @param own the answer came from this same wire, so members that only its provider knows are no fault
   */
  problems(frames: readonly Frame[], own?: boolean): string[]
  /** Whether the frames so far say that the answer was finished: a finish reason on every choice, or the terminal. */
  isFinished(frames: readonly Frame[]): boolean
  /** Whether a stream says that it was completed. */
  hasTerminator(frames: readonly Frame[]): boolean
  /** The errors that a stream carries, as its clients look for them. */
  errors(frames: readonly Frame[]): Json[]
  /** Differences that do not count in a streamed answer that was put together by `assemble`. */
  normalise(assembled: Json): Json
  /** Differences that do not count in what the official SDK folded. */
  normaliseSdk(folded: Json): Json
}

/** One thing that the model gets to see. */
export interface Item {
  readonly role: 'system' | 'user' | 'assistant'
  readonly kind: 'text' | 'reasoning' | 'tool-call' | 'tool-result' | 'image' | 'audio' | 'file' | 'other'
  /** Comparable across wires. Tool ids are replaced by the position of the call, so that pairing is what counts. */
  readonly value: unknown
  /** The call whose result it stands in. */
  readonly inResult?: number
  /** Where it stands in its own body. */
  readonly at: string
}

/** A member of a message or of one of its parts that is no content: a name, a cache breakpoint, a resolution. */
export interface Aside {
  readonly key: string
  readonly value: unknown
  readonly at: string
}

/** What a request asks for beside the conversation, in words that belong to no wire. */
export interface Intent {
  readonly tools: unknown
  readonly toolChoice: unknown
  readonly oneCallAtATime: boolean
  readonly temperature: unknown
  readonly topP: unknown
  readonly topK: unknown
  readonly seed: unknown
  readonly stop: unknown
  readonly format: unknown
  readonly maxTokens: unknown
  readonly reasoning: unknown
}

/** A request as it travels: wires like Gemini's have the model and the streaming in the path. */
export interface Sent {
  readonly path: string
  readonly body: Json
}

/** What not every wire can ask for, and what changes the answer where it is left out. */
export type Feature = 'choices' | 'tools' | 'customTools' | 'format'

export type Carries = 'yes' | 'no' | 'maybe'

export interface RequestReader {
  /** Everything the model gets to see, in order. */
  view(body: Json): Item[]
  /** Every member beside the content. */
  asides(body: Json): Aside[]
  intent(body: Json): Intent
  /** The members beside the conversation, in today's spelling. */
  parameters(body: Json): Json
  /** What the names of other wires' parameters are on this one: the prefixes of paths that a loss may use. */
  readonly concepts: Readonly<Record<Concept, readonly string[]>>
  /** Members that say nothing to the model, and values that are the wire's own default. */
  readonly withoutEffect: readonly { readonly path: RegExp; readonly value?: unknown }[]
  /** Whether a conversation becomes one text, in which every text of it stands. */
  readonly joinsTexts: boolean
  /** Whether the model of this wire can be shown such an item of the user. */
  carries(item: Item): Carries
  /** What a client of this wire can ask for, and with which certainty. */
  readonly offers: Readonly<Record<Feature, Carries>>
  /** Where a request asks for it. */
  special(body: Json): Readonly<Partial<Record<Feature | 'bound', readonly string[]>>>
  /** What the official schema of the wire objects to. `beta` includes a provider's own beta fields. */
  schemaErrors(body: Json, beta?: boolean): string[]
  /** What the provider would refuse in a request that was translated: pairing, order, names, budgets, unknown members. */
  problems(body: Json): string[]
  /** The two normalisations that the codecs promise, and the few that the wire needs. */
  normalise(body: Json): Json
  /** The model and whether a stream is asked for, as the provider sees them. */
  asks(sent: Sent): { readonly model: string; readonly stream: boolean }
}

/** What several wires can ask for under names of their own. */
export type Concept =
  | 'limit'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'stop'
  | 'seed'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'reasoning'
  | 'format'
  | 'tools'
  | 'toolChoice'
  | 'user'
  | 'choices'

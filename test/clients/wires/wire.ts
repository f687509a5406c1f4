// What a provider of one wire is to these tests: how it answers, and what it makes of the requests that reach it.
// Answers are written from each wire's documentation, not with the codecs under test, in forms that are legal and awkward.
import type { GenerativeId } from '../../../src/dialects/index.ts'

export interface ScriptedAnswer {
  readonly thinking?: string
  readonly text?: string
  readonly calls?: readonly ScriptedCall[]
  /** It met the limit of tokens. */
  readonly isCut?: boolean
}

export interface ScriptedCall {
  /** Absent on the wire where that has no ids. */
  readonly id: string
  readonly name: string
  readonly input: object
}

/** Where the answer stands, which decides what some wires say of it. */
export interface Asked {
  /** The request, parsed. */
  readonly body: Json
  readonly path: string
}

export type Json = Readonly<Record<string, unknown>>

export interface ErrorAnswer {
  readonly body: object
  readonly headers: Readonly<Record<string, string>>
}

export interface Wire {
  readonly name: string
  readonly dialect: GenerativeId
  /** Members of the provider's entry in the configuration. */
  readonly provider: Readonly<Record<string, unknown>>
  /** Behind the address of the scripted provider. */
  readonly basePath: string
  /** The name of the model that routes send. */
  readonly model: string
  /** The name that answers give the model. */
  readonly answering: string
  readonly abilities: WireAbilities
  /** The path and query of a call, from the base. */
  pathOf(streamed: boolean): string
  readonly countPath?: string
  /** What the provider would refuse in a request, by the official schema. */
  requestErrors(asked: Asked): string[]
  see(body: Json): Seen
  whole(answer: ScriptedAnswer, asked: Asked): object
  /** The events of the same answer, terminal included. */
  events(answer: ScriptedAnswer, asked: Asked): Bytes[]
  readonly streamType: string
  /** What counting answers. */
  counted?(tokens: number): object
  errorOf(status: 400 | 429 | 500): ErrorAnswer
  /** An error in the middle of a stream. */
  errorEvent(): Bytes
}

export type Bytes = string | Uint8Array

export interface WireAbilities {
  readonly converses: boolean
  /** Signs what has to come back, and on which kind of part. */
  readonly signs: 'reasoning' | 'tool-call' | 'nothing'
  /** What it calls two calls of one answer; nothing where its calls have no ids. */
  readonly ids: readonly string[]
}

/** What a provider reads out of a request, in the words of the tests. */
export interface Seen {
  readonly system: string
  readonly images: readonly { readonly mediaType: string; readonly data: string }[]
  readonly tools: readonly { readonly name: string; readonly schema: unknown }[]
  /** Whether some tool, or a certain one, has to be called. */
  readonly forced: boolean
  /** The schema of the answer. */
  readonly schema?: unknown
  /** How much reasoning is asked for: a word, or a number of tokens. */
  readonly reasoning?: unknown
  /** The kinds of the parts of the last assistant turn, in order. */
  readonly turn: readonly string[]
  readonly calls: readonly SeenCall[]
  readonly results: readonly { readonly id: string | undefined; readonly name?: string; readonly text: string }[]
  /** How many turns of the conversation the results are spread over, where the wire has turns for them. */
  readonly resultTurns: number
  readonly signatures: readonly SeenSignature[]
}

export interface SeenCall {
  readonly id: string | undefined
  readonly name: string
  readonly input: unknown
}

/** A token that came back, with what it stands on: the text that was reasoned, or the name of the tool. */
export interface SeenSignature {
  readonly on: string
  readonly about: string
  readonly signature: string
}

export const nothingSeen: Seen = {
  system: '',
  images: [],
  tools: [],
  forced: false,
  turn: [],
  calls: [],
  results: [],
  resultTurns: 0,
  signatures: [],
}

/** What every answer counts: 14 tokens in, 3 of them from a cache, and 7 out, 2 of them for thinking where there was any. */
export const counts = { uncached: 11, cached: 3, input: 14, output: 7, total: 21 } as const

export function reasoningTokens({ thinking }: ScriptedAnswer): number {
  return thinking === undefined ? 0 : 2
}

/** The wire's word for why an answer ends. */
export function endOf<T>({ calls, isCut }: ScriptedAnswer, words: { stop: T; tool: T; length: T }): T {
  if (isCut === true) return words.length
  return calls === undefined ? words.stop : words.tool
}

/** Text in two pieces that part within a word, and never within a character. */
export function halve(text: string | undefined): string[] {
  if (text === undefined) return []
  const characters = [...text]
  const middle = Math.ceil(characters.length / 2)
  return [characters.slice(0, middle).join(''), characters.slice(middle).join('')].filter((piece) => piece !== '')
}

/** A call's arguments in fragments, the first one empty; without arguments no other one comes. */
export function fragments(input: object): string[] {
  return ['', ...(Object.keys(input).length === 0 ? [] : halve(JSON.stringify(input)))]
}

/** An SSE event; `\r\n` where a provider has that. */
export function sse(data: unknown, { event, newline = '\n' }: { event?: string; newline?: string } = {}): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${event === undefined ? '' : `event: ${event}${newline}`}data: ${text}${newline}${newline}`
}

/** A list that may be absent, of records. */
export function records(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : []
}

/** A member that may be absent, as a record. */
export function member(value: unknown, ...names: string[]): Json {
  const found = names.reduce<unknown>((at, name) => (at as Json | undefined)?.[name], value)
  return typeof found === 'object' && found !== null ? (found as Json) : {}
}

/** A data URL's medium. */
export function mediumOf(url: string): { mediaType: string; data: string } {
  const match = /^data:([^;,]*);base64,(.*)$/.exec(url)
  return { mediaType: match?.[1] ?? '', data: match?.[2] ?? '' }
}

/** Text, or the texts of a list of parts. */
export function textIn(content: unknown): string {
  return typeof content === 'string'
    ? content
    : records(content)
        .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
        .join('')
}

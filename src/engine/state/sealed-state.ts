// What an envelope or a record holds, and its form as compact JSON.
import { isObject, parseJson } from '../../wire/json-parse.ts'

/** A provider's own words about a part: the signature beside its text, or redacted reasoning that stands for it. */
export interface Token {
  readonly signature?: string
  readonly redacted?: string
}

/** Where in an answer a part stood: behind so many tool calls, and so many characters of text. */
export interface Position {
  readonly calls: number
  readonly chars: number
}

/** Reasoning that the client may not send back, whole. */
export interface CarriedReasoning extends Token {
  readonly type: 'reasoning'
  readonly text: string
  readonly position: Position
}

/** The signature of a tool call. */
export interface CarriedCall {
  readonly type: 'tool-call'
  readonly id: string
  readonly signature: string
}

export type Carried = CarriedReasoning | CarriedCall

export interface SealedState {
  /** Who can read the tokens; see `realmOf`. */
  readonly realm: string
  /** Belongs to the part on which the envelope stands. */
  readonly token?: Token
  /** Belongs to other parts of the same answer. */
  readonly turn?: readonly Carried[]
}

/** The state as text. Keys are single letters: an envelope travels with every later request. */
export function encodeState({ realm, token, turn }: SealedState): string {
  return JSON.stringify({
    r: realm,
    ...encodeToken(token),
    ...(turn !== undefined && turn.length > 0 && { t: turn.map(encodeCarried) }),
  })
}

function encodeToken(token: Token | undefined): object {
  return {
    ...(token?.signature !== undefined && { s: token.signature }),
    ...(token?.redacted !== undefined && { d: token.redacted }),
  }
}

function encodeCarried(carried: Carried): object {
  if (carried.type === 'tool-call') return { i: carried.id, s: carried.signature }
  return { x: carried.text, ...encodeToken(carried), c: carried.position.calls, o: carried.position.chars }
}

/** The state in a text; undefined where it is none (another version's, or not ours). */
export function decodeState(text: string): SealedState | undefined {
  const value = parseJson(text)
  if (!isObject(value) || typeof value['r'] !== 'string') return undefined
  const token = decodeToken(value)
  const turn: unknown = value['t']
  if (turn === undefined) return { realm: value['r'], ...(token !== undefined && { token }) }
  if (!Array.isArray(turn)) return undefined
  const carried = turn.map(decodeCarried)
  if (!carried.every((one) => one !== undefined)) return undefined
  return { realm: value['r'], ...(token !== undefined && { token }), turn: carried }
}

function decodeToken(value: Readonly<Record<string, unknown>>): Token | undefined {
  const { s: signature, d: redacted } = value
  if (typeof signature !== 'string' && typeof redacted !== 'string') return undefined
  return {
    ...(typeof signature === 'string' && { signature }),
    ...(typeof redacted === 'string' && { redacted }),
  }
}

function decodeCarried(value: unknown): Carried | undefined {
  if (!isObject(value)) return undefined
  const { i: id, x: text, c: calls, o: chars } = value
  const token = decodeToken(value)
  if (typeof id === 'string')
    return token?.signature === undefined ? undefined : { type: 'tool-call', id, signature: token.signature }
  if (typeof text !== 'string' || typeof calls !== 'number' || typeof chars !== 'number') return undefined
  return { type: 'reasoning', text, ...token, position: { calls, chars } }
}

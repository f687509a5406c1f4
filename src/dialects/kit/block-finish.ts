// Why an answer of blocks ended: the wires of blocks say it in words of their own, and no word is believed against the
// content.
import type { Extras } from '../../ir/content.ts'
import type { Finish, FinishClass } from '../../ir/response.ts'
import { present } from './present.ts'

/** How an answer ended, as a wire of blocks told it. */
export interface StopReport {
  readonly raw: string
  /** The sequence that was met, where it was told. */
  readonly stopSequence?: string | undefined
  /** Whether the answer calls one of the client's tools. */
  readonly calledTool: boolean
  readonly extras?: Extras | undefined
}

/** A finish, with the class that the content bears out; `words` are those of the wire. */
export function finishOf(
  words: ReadonlyMap<string, FinishClass>,
  { raw, stopSequence, calledTool, extras }: StopReport,
): Finish {
  return { class: classByContent(words.get(raw) ?? 'other', calledTool), raw, ...present({ stopSequence, extras }) }
}

/** What a client is to be told. */
export interface Ending {
  readonly finish: Finish | undefined
  /** The finish was decoded from the client's wire, so its own word stands. */
  readonly own: boolean
  readonly calledTool: boolean
  readonly refused: boolean
}

/** The class that a client is told; an answer without a finish ended as its content says. */
export function toldClass({ finish, calledTool, refused }: Ending): FinishClass {
  const said = classByContent(finish?.class ?? 'stop', calledTool)
  return refused && isPlain(said) ? 'filter' : said
}

function classByContent(said: FinishClass, calledTool: boolean): FinishClass {
  if (calledTool) return isPlain(said) ? 'tool' : said
  return said === 'tool' ? 'stop' : said
}

function isPlain(said: FinishClass): boolean {
  return said === 'stop' || said === 'other'
}

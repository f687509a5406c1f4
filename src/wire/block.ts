// Bytes of a stream cut at its events, whatever the framing: what every decoder of this folder gives and takes.
import type { Frame } from './frame.ts'

/** One complete event as it arrived, its separator included, and what it says; what only separates has no frame. */
export interface Block {
  readonly bytes: Uint8Array
  readonly frame: Frame | undefined
  /** Several events at once that nobody wanted to read. */
  readonly skimmed?: true
}

/** Whether the events in a text can go by unread; undefined: ask again after the next event. */
export type Skim = (text: string) => boolean | undefined

/** Cuts chunks of any size into blocks. Every byte that comes in comes out in exactly one of them. */
export interface BlockDecoder {
  /** Takes a chunk; returns the events that it completes. Throws `BlockOverflow` once an event passed the limit. */
  push(chunk: Uint8Array): Block[]
  /**
   * Like `push`, one event after the other until `take` says false; returns what it then left unread of the chunk, to be
   * fed again. Where `skim` agrees, what is left of the chunk may be handed over as one block: an answer in full flow
   * then costs one look per chunk.
   */
  feed(chunk: Uint8Array, take: (block: Block) => boolean, skim: Skim): Uint8Array | undefined
  /** What is left when the stream ends without its last separator: some providers end so. */
  end(): Block[]
}

/** An event grew past the limit: whoever sent it does not speak this framing, or means harm. */
export class BlockOverflow extends Error {
  override readonly name = 'BlockOverflow'
}

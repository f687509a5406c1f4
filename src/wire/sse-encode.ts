// Frames to bytes, for the client's side of a stream.
import type { Frame } from './frame.ts'

const encoder = new TextEncoder()

/** A comment between events: no reader sees it, but every proxy and idle timer does. */
export const heartbeat: Uint8Array = encoder.encode(': ping\n\n')

/**
 * Encodes frames as server-sent events. Data is written as one `data:` line: the Google SDK's reader cannot join
 * several, and JSON text never needs them.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function encodeSse(frames: readonly Frame[]): Uint8Array {
  let text = ''
  for (const frame of frames) {
    if (frame.event !== undefined) text += `event: ${frame.event}\n`
    text += `data: ${frame.data}\n\n`
  }
  return encoder.encode(text)
}

// Events whose JSON cannot be read: left out and counted, or the end of the stream, as the route says. Never forwarded.
import type { RouteRecord } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Frame } from '../wire/frame.ts'
import { isJsonRecord } from '../wire/json-check.ts'
import { isObject, parseJson } from '../wire/json-parse.ts'

/** Watches the events of one stream. */
export interface EventCheck {
  /** Whether an event can be read; else that it is to be left out, or the error that ends the stream. */
  look(frame: Frame): 'sound' | 'skip' | GatewayError
  /** Whether every event in a text that goes by unread can be read. Server-sent events, line feeds only. */
  isSound(text: string): boolean
  /** How many were left out, as a loss of the answer. */
  losses(): readonly Loss[]
}

/** A check for one stream. */
export function createEventCheck(mode: RouteRecord['malformedEvent']): EventCheck {
  let skipped = 0
  return {
    look(frame) {
      if (isReadable(frame)) return 'sound'
      skipped++
      return mode === 'skip'
        ? 'skip'
        : new GatewayError('upstream_bad_content', { message: 'an event of the stream could not be read' })
    },
    isSound,
    losses: () => (skipped === 0 ? [] : [{ path: 'events', action: 'dropped', reason: reasonFor(skipped) }]),
  }
}

function reasonFor(count: number): string {
  return count === 1 ? 'one event could not be read' : `${count} events could not be read`
}

/** An error that its sender could only say in plain words. */
export function plainError({ event, data }: Frame): GatewayError | undefined {
  if (event !== 'error' || data.trim() === '' || isObject(parseJson(data))) return undefined
  return new GatewayError('upstream_error', { upstream: { message: data } })
}

// Terminals, silence and errors in plain words are not JSON and are known all the same.
function isReadable({ event, data, kind }: Frame): boolean {
  if (isJsonRecord(data) === true || kind !== undefined) return true
  const said = data.trim()
  return said === '' || said === '[DONE]' || event === 'error' || isObject(parseJson(data))
}

function isSound(text: string): boolean {
  let start = 0
  while (start < text.length) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found
    if (end > start && !isSoundLine(text, start, end)) return false
    start = end + 1
  }
  return true
}

function isSoundLine(text: string, start: number, end: number): boolean {
  if (text.startsWith('data:', start)) return isJsonRecord(text, start + 5, end) === true
  return text.startsWith('event:', start) || text.startsWith(':', start) || text.startsWith('id:', start)
}

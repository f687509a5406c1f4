// What the mock does, told by its model name, so that tests and demos need neither network nor code.

/** One deterministic behaviour. `after` counts content events that are let through first. */
export type Script =
  | { readonly type: 'echo' }
  /** Thinks before it answers. */
  | { readonly type: 'thinking' }
  /** Calls the offered tools: the first, or all. Once it has their results it repeats them. */
  | { readonly type: 'tools'; readonly all: boolean }
  /** Thinks, signs its thoughts and calls the first tool; refuses a conversation that does not bring them back unchanged. */
  | { readonly type: 'signed' }
  /** Answers JSON that fits the schema it was given, or calls the forced tool with such. */
  | { readonly type: 'structured' }
  /** Refuses to answer, in the way of the wire. */
  | { readonly type: 'refusal' }
  /** Answers an HTTP error. */
  | {
      readonly type: 'status'
      readonly status: number
      /** Told in `Retry-After`. */
      readonly retryAfterS?: number
      /** What the error says. */
      readonly message?: string
    }
  /** Answers an error so often of a hundred times, by chance. */
  | { readonly type: 'flaky'; readonly percent: number; readonly status: number }
  /** Answers an error to so many calls, and then never again. */
  | { readonly type: 'first'; readonly count: number; readonly status: number }
  /** There is no answer: the connection fails, at once or when its time is over. */
  | {
      readonly type: 'unreachable'
      readonly code: 'upstream_unreachable' | 'upstream_tls'
      /** As the runtime tells it. */
      readonly detail: string
      readonly isLate?: boolean
    }
  /** Sends the caller elsewhere. */
  | { readonly type: 'redirect' }
  /** Repeats the key that it was sent in an error. */
  | { readonly type: 'telltale' }
  /** Answers with headers that are none of the client's business. */
  | { readonly type: 'headers' }
  /** No name of a fault. */
  | { readonly type: 'unknown' }
  /** Status 200 and not one byte. */
  | { readonly type: 'no-body' }
  /** JSON where a stream was asked for, and the other way round. */
  | { readonly type: 'swapped' }
  /** All of its text in one event of 5 MiB. */
  | { readonly type: 'giant' }
  /** Sends nothing but a start and an end. */
  | { readonly type: 'empty' }
  /** A web page with status 200, as a captive portal would send. */
  | { readonly type: 'html' }
  /** The connection ends cleanly but too early. */
  | { readonly type: 'cut'; readonly after: number }
  /** The connection breaks; in the middle of an event where it is `half`. */
  | { readonly type: 'reset'; readonly after: number; readonly half?: boolean }
  /** An error event inside the stream; the very first thing where it is `bare`. */
  | { readonly type: 'error'; readonly after: number; readonly bare?: boolean }
  /** An event that is no JSON, and the rest behind it. */
  | { readonly type: 'malformed'; readonly after: number }
  /** Falls silent and stays so; 0: there are not even headers. */
  | { readonly type: 'stall'; readonly after: number }
  /** Headers and an opening without content, and then silence. */
  | { readonly type: 'silent' }
  /** Nothing but signs of life behind so much content. */
  | { readonly type: 'pings'; readonly after: number; readonly delayMs: number }
  /** One byte at a time once there was some content. */
  | { readonly type: 'drip'; readonly delayMs: number }
  /** Goes on for ever. */
  | { readonly type: 'endless'; readonly delayMs: number }
  /** Waits before each event. */
  | { readonly type: 'slow'; readonly delayMs: number }

const slow = /^slow-(\d{1,6})$/

/**
 * Reads a model name: `echo`, `thinking`, `tool`, `tools`, `signed`, `structured`, `refusal`, `slow-50` (milliseconds). Anything
 * else echoes, but for the names of `faults.ts`.
 */
export function scriptOf(model: string): Script {
  const match = slow.exec(model)
  if (match !== null) return { type: 'slow', delayMs: Number(match[1]) }
  switch (model) {
    case 'thinking':
    case 'signed':
    case 'structured':
    case 'refusal':
      return { type: model }
    case 'tool':
    case 'tools':
      return { type: 'tools', all: model === 'tools' }
    default:
      return { type: 'echo' }
  }
}

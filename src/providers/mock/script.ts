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
  | { readonly type: 'status'; readonly status: number }
  /** Sends nothing but a start and an end. */
  | { readonly type: 'empty' }
  /** A web page with status 200, as a captive portal would send. */
  | { readonly type: 'html' }
  /** The connection ends cleanly but too early. */
  | { readonly type: 'cut'; readonly after: number }
  /** The connection breaks. */
  | { readonly type: 'reset'; readonly after: number }
  /** An error event inside the stream. */
  | { readonly type: 'error'; readonly after: number }
  /** Falls silent and stays so. */
  | { readonly type: 'stall'; readonly after: number }
  /** Waits before each event. */
  | { readonly type: 'slow'; readonly delayMs: number }

const numbered = /^(status|cut|reset|error|stall|slow)-(\d{1,6})$/

/**
 * Reads a model name: `echo`, `thinking`, `tool`, `tools`, `signed`, `structured`, `refusal`, `empty`, `html`,
 * `status-429`, `cut-3`, `reset-3`, `error-3`, `stall-3`, `slow-50`. Anything else echoes.
 */
export function scriptOf(model: string): Script {
  const match = numbered.exec(model)
  if (match !== null) {
    const value = Number(match[2])
    switch (match[1]) {
      case 'status':
        return { type: 'status', status: Math.min(Math.max(value, 400), 599) }
      case 'slow':
        return { type: 'slow', delayMs: value }
      case 'cut':
        return { type: 'cut', after: value }
      case 'reset':
        return { type: 'reset', after: value }
      case 'error':
        return { type: 'error', after: value }
      default:
        return { type: 'stall', after: value }
    }
  }
  switch (model) {
    case 'thinking':
    case 'signed':
    case 'structured':
    case 'refusal':
    case 'empty':
    case 'html':
      return { type: model }
    case 'tool':
    case 'tools':
      return { type: 'tools', all: model === 'tools' }
    default:
      return { type: 'echo' }
  }
}

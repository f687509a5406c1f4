// A stream of a provider that stays open for as long as a test wants it to.
import type { FetchResponse } from '../../src/ports/index.ts'

/** An event stream in these pieces; all but the first wait for `released`. */
export function heldAnswer(pieces: readonly string[], released?: Promise<void>): FetchResponse {
  const encoder = new TextEncoder()
  let at = 0
  return {
    status: 200,
    headers: new Headers({ 'content-type': 'text/event-stream' }),
    body: {
      async read() {
        if (at === 1) await released
        const piece = pieces[at++]
        return piece === undefined ? undefined : encoder.encode(piece)
      },
      cancel: async () => {},
    },
  }
}

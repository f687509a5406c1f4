// What one client was told of one answer, as far as another upstream could go on from there. Text of the first choice and
// nothing else can be gone on with: a second thought or a second call would not be the same one.
import type { IrEvent } from '../../ir/event.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'

export interface Transcript {
  /** Takes in an event that the client was told. */
  see(event: IrEvent): void
  /** All text that was said. */
  text(): string
  /** The text part that is still open. */
  openPart(): number | undefined
  /** A number that no part has had. */
  nextPart(): number
  /** Every counter that was told. */
  usage(): Usage | undefined
  /** Whether somebody else can go on: there is text, all of it was kept, and the end was not told. */
  canGoOn(): boolean
}

/**
 * A transcript that keeps what it sees.
 * @param maxChars text beyond this is not kept, and the answer cannot be gone on with
 */
export function createTranscript(maxChars: number): Transcript {
  let text = ''
  let open: number | undefined
  let next = 0
  let isClosed = false
  let usage: Usage | undefined

  // What is not needed any more is not held for as long as the stream lasts.
  function close(): void {
    isClosed = true
    text = ''
  }

  return {
    see(event) {
      if (isClosed) return
      switch (event.type) {
        case 'part-start':
          if (event.choice !== 0 || event.opening.type !== 'text') return close()
          open = event.part
          next = Math.max(next, event.part + 1)
          return
        case 'text-delta':
          text += event.text
          if (text.length > maxChars) close()
          return
        case 'part-end':
          if (event.part === open) open = undefined
          return
        case 'extras-add':
          // Sound, annotations: what a wire says beside the text.
          if (event.scope === 'message' && Object.keys(event.extras).length > 0) close()
          return
        case 'usage-report':
          usage = mergeUsage(usage, event.usage)
          return
        case 'response-start':
        case 'keep-alive':
        case 'event-skip':
          return
        default:
          close()
      }
    },
    text: () => text,
    openPart: () => open,
    nextPart: () => next++,
    usage: () => usage,
    canGoOn: () => !isClosed && text !== '',
  }
}

// Sees to it that usage is told once, and behind the end of the answer: keeps a chunk that has it back until the next one
// shows whether it was the last.
import type { Members } from '../extras.ts'
import { withoutMember } from './change.ts'
import { isBare, replaced, type Outgoing } from './outgoing.ts'
import { usageOf } from './usage.ts'

export interface UsageKeeper {
  /** The chunks that can go on now; `isEnded`: every choice so far has its finish reason. */
  take(outgoing: Outgoing, isEnded: boolean): Outgoing[]
  /** What is kept back. */
  release(): Outgoing[]
  /** Usage that stood on no chunk which went on; nothing a second time. */
  untold(): Members | undefined
  isWaiting(): boolean
}

interface UsageOptions {
  /** The provider counts more than once. */
  readonly repeats: boolean
  /** The provider may leave out the finish reasons: a last chunk of usage waits for them. */
  readonly awaitsEnd: boolean
}

/** A keeper for one stream. */
export function createUsageKeeper({ repeats, awaitsEnd }: UsageOptions): UsageKeeper {
  let waiting: Outgoing | undefined
  let latest: Members | undefined
  let told = false

  function release(isCountedAgain = false): Outgoing[] {
    if (waiting === undefined) return []
    const kept = waiting
    waiting = undefined
    if (!isCountedAgain || !repeats) {
      told = true
      return [kept]
    }
    return isBare(kept) ? [] : [replaced(kept, withoutMember(kept.record, 'usage'))]
  }

  return {
    take(outgoing, isEnded) {
      const usage = usageOf(outgoing.record)
      const before = release(usage !== undefined)
      if (usage === undefined) return [...before, outgoing]
      const bare = isBare(outgoing)
      if (repeats && !isEnded && !bare) {
        latest = usage
        return [...before, replaced(outgoing, withoutMember(outgoing.record, 'usage'))]
      }
      if (bare ? !isEnded && awaitsEnd : repeats) {
        waiting = outgoing
        return before
      }
      told = true
      return [...before, outgoing]
    },
    release: () => release(),
    untold() {
      const usage = told ? undefined : latest
      latest = undefined
      return usage
    },
    isWaiting: () => waiting !== undefined,
  }
}

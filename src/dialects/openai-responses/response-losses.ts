// What of a foreign answer this wire cannot say, as losses: each once, as a stream repeats itself.
import type { Extras } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish } from '../../ir/response.ts'
import type { Usage } from '../../ir/usage.ts'
import { foreignCounters } from './usage.ts'

export interface ResponseLosses {
  list(): readonly Loss[]
  drop(path: string, reason: string): void
  /** One loss per key. */
  dropKeys(extras: Extras | undefined): void
  /** What the end of an answer says beyond this wire's words. */
  judge(finish: Finish | undefined, usage: Usage | undefined): void
}

/** No losses yet. */
export function createResponseLosses(): ResponseLosses {
  const found = new Map<string, Loss>()

  function add(loss: Loss): void {
    found.set(`${loss.action} ${loss.path}`, loss)
  }

  function drop(path: string, reason: string): void {
    add({ path, action: 'dropped', reason })
  }

  function dropKeys(extras: Extras | undefined): void {
    for (const key of Object.keys(extras ?? {})) drop(key, 'the wire has no such field')
  }

  return {
    list: () => [...found.values()],
    drop,
    dropKeys,
    judge(finish, usage) {
      if (finish?.stopSequence !== undefined) drop('stop_sequence', 'the wire does not say which sequence was met')
      if (finish?.class === 'pause')
        add({ path: 'stop_reason', action: 'approximated', reason: 'the wire has no paused answers' })
      dropKeys(finish?.extras)
      if (usage === undefined) return
      for (const key of foreignCounters(usage)) drop(`usage.${key}`, 'the wire has no such counter')
    },
  }
}

// Members of chunks that only this wire knows, said once and again when they change: providers repeat them on every chunk.
import type { IrEvent } from '../../ir/event.ts'
import { pack, silently, unknownMembers, type Members } from './extras.ts'

export interface StreamChanges {
  /** Reports what is new in a record. */
  add(record: Members, events: IrEvent[]): void
}

/** Watches the unknown members of one kind of record. */
export function createChanges(
  scope: 'response' | 'choice' | 'message',
  choice: number,
  known: ReadonlySet<string>,
): StreamChanges {
  const last = new Map<string, string>()

  function changed(members: Members): Members {
    const fresh = Object.entries(members).filter(([key, value]) => {
      const text = JSON.stringify(value)
      if (last.get(key) === text) return false
      last.set(key, text)
      return true
    })
    return Object.fromEntries(fresh)
  }

  return {
    add(record, events) {
      // Most records of a stream have nothing unknown, and that is quickly seen.
      if (Object.keys(record).every((key) => known.has(key))) return
      const { said, silent } = unknownMembers(record, known)
      const extras = pack(changed(said), silently(changed(silent)))
      if (extras !== undefined) events.push({ type: 'extras-add', scope, choice, extras })
    },
  }
}

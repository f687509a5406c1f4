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
  const last = new Map<string, unknown>()

  function isNew(key: string, value: unknown): boolean {
    // Records are compared as text, as a chunk brings a new object each time.
    const comparable = typeof value === 'object' ? JSON.stringify(value) : value
    if (last.get(key) === comparable) return false
    last.set(key, comparable)
    return true
  }

  return {
    add(record, events) {
      // Most chunks bring nothing new, and that is quickly seen.
      const fresh = Object.entries(record).filter(
        ([key, value]) => value !== null && !known.has(key) && isNew(key, value),
      )
      if (fresh.length === 0) return
      const { said, silent } = unknownMembers(Object.fromEntries(fresh), known)
      const extras = pack(said, silently(silent))
      if (extras !== undefined) events.push({ type: 'extras-add', scope, choice, extras })
    },
  }
}

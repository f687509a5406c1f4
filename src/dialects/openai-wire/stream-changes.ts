// Members of chunks that only their own wire knows, said once and again when they change: providers repeat them on every
// chunk.
import type { Extras } from '../../ir/content.ts'
import type { IrEvent } from '../../ir/event.ts'
import { unknownMembers, type Members } from './members.ts'

export interface StreamChanges {
  /** Reports what is new in a record. */
  add(record: Members, events: IrEvent[]): void
}

export interface ChangesOptions {
  readonly scope: 'response' | 'choice' | 'message'
  readonly choice: number
  readonly known: ReadonlySet<string>
  /** How the wire packs what says something and what travels unseen. */
  readonly pack: (said: Members, silent: Members) => Extras | undefined
}

/** Watches the unknown members of one kind of record. */
export function createChanges({ scope, choice, known, pack }: ChangesOptions): StreamChanges {
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
      const extras = pack(said, silent)
      if (extras !== undefined) events.push({ type: 'extras-add', scope, choice, extras })
    },
  }
}

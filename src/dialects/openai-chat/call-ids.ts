// Ids for tool calls of a conversation that has none: the pre-tools spelling, and providers that leave them empty.
// Owns the pairing of such calls with their results, by name or by order.
import { textOf } from '../kit/present.ts'

const maxPrefix = 24

export interface CallIds {
  /** The id of a call: its own, or a fresh one. */
  called(id: unknown, name: string, legacy?: boolean): string
  /** The id of the call that a result answers; `key` is the call's id, or for the legacy spelling its name. */
  answered(key: unknown, legacy?: boolean): string
}

/** What makes the ids that are minted for an answer its own: they meet those of other answers in one conversation. */
export function mintedPrefix(responseId: unknown): string {
  const own = textOf(responseId)
    ?.replaceAll(/[^a-zA-Z0-9_-]/g, '')
    .slice(-maxPrefix)
  return own === undefined || own === '' ? '' : `${own}_`
}

/** Ids in the order of a request's messages, or of an answer's calls. */
export function createCallIds(prefix = ''): CallIds {
  let minted = 0
  // Calls without an id that have no result yet, oldest first.
  const open: { readonly id: string; readonly name: string; readonly legacy: boolean }[] = []

  function mint(): string {
    return `call_${prefix}${minted++}`
  }

  return {
    called(id, name, legacy = false) {
      const own = textOf(id)
      if (own !== undefined) return own
      const fresh = mint()
      open.push({ id: fresh, name, legacy })
      return fresh
    },
    answered(key, legacy = false) {
      const own = legacy ? undefined : textOf(key)
      if (own !== undefined) return own
      const found = open.findIndex((call) => call.legacy === legacy && (!legacy || call.name === key))
      if (found < 0) return mint()
      return open.splice(found, 1)[0]?.id ?? mint()
    },
  }
}

// Ids for the calls of a wire that mostly has none: minted so that the same conversation always gets the same ones.
// Owns the pairing of calls with their results, by id where both have one, else by name in order.
import { legalName } from '../../ir/legal-name.ts'
import { textOf } from '../kit/present.ts'

const maxPrefix = 24

export interface CallIds {
  /** The id of a call: its own, or a fresh one. */
  called(id: unknown, name: string): string
  /** The id of the call that a result answers. */
  answered(id: unknown, name: string): string
}

/** Ids in the order of the calls; none of `taken` is minted. */
export function createCallIds(prefix = '', taken: ReadonlySet<string> = new Set()): CallIds {
  let minted = 0
  // Calls that have no result yet, oldest first.
  const open: { readonly id: string; readonly name: string }[] = []

  function mint(): string {
    const id = `call_${prefix}${minted++}`
    return taken.has(id) ? mint() : id
  }

  function close(at: number): string | undefined {
    return at < 0 ? undefined : open.splice(at, 1)[0]?.id
  }

  return {
    called(id, name) {
      const own = textOf(id) ?? mint()
      open.push({ id: own, name })
      return own
    },
    answered(id, name) {
      const own = textOf(id)
      const known = own === undefined ? undefined : close(open.findIndex((call) => call.id === own))
      // A client may name its results although the calls had no ids (Gemini CLI does).
      return known ?? close(open.findIndex((call) => call.name === name)) ?? own ?? mint()
    },
  }
}

/**
 * What makes the ids that are minted for one answer its own, as they meet those of other answers in one conversation:
 * the answer's id, else something that depends on what it says.
 */
export function mintedPrefix(responseId: unknown, content: string): string {
  const own = textOf(responseId)
    ?.replaceAll(/[^a-zA-Z0-9_-]/g, '')
    .slice(-maxPrefix)
  if (own !== undefined && own !== '') return `${own}_`
  // Nothing of the text is legal, so only its fingerprint is left.
  return `${legalName(content, { illegal: /[^]/g, maxLength: 16 }).replaceAll(/^_+/g, '')}_`
}

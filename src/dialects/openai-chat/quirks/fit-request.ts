// A request for a provider that takes less than the wire allows. Owns the top level; messages are fitted beside.
//
// What comes out are top-level edits, as they serve both ways to a provider: spliced into the client's own bytes where it
// speaks the same wire, and made to the body that the encoder built.
import type { Loss } from '../../../ir/loss.ts'
import type { Traits } from '../../../ir/traits.ts'
import { parseJson } from '../../../wire/json-parse.ts'
import type { Edit } from '../../../wire/json-splice.ts'
import { listOf } from '../../kit/present.ts'
import type { Members } from '../extras.ts'
import { mapSame } from './change.ts'
import { fitMessage } from './fit-message.ts'

export interface FittedRequest {
  readonly edits: readonly Edit[]
  readonly losses: readonly Loss[]
}

// The provider counts in any case, and the gateway reads it wherever it stands: nothing is lost with the wish for it.
const silent: ReadonlySet<string> = new Set(['stream_options'])

/**
 * What has to change in a request body so that a provider with these traits takes it, and what is lost by that. Paths are
 * those of the body. No edits for a body that fits.
 */
export function fitRequest(body: Members, traits: Traits): FittedRequest {
  const edits: Edit[] = []
  const losses: Loss[] = []
  for (const [key, to] of Object.entries(traits.renamed ?? {})) {
    if (!isSaid(body[key])) continue
    // Under both names, the provider's own stands.
    edits.push(isSaid(body[to]) ? { type: 'remove', key } : { type: 'rename', key, to })
  }
  for (const key of traits.refused ?? []) {
    if (!(key in body)) continue
    edits.push({ type: 'remove', key })
    if (isSaid(body[key]) && !silent.has(key))
      losses.push({ path: key, action: 'dropped', reason: 'the provider refuses this parameter' })
  }
  const messages = listOf(body['messages'])
  const fitted = mapSame(messages, (message, index) =>
    fitMessage(message, { at: `messages[${index}]`, traits, losses, thinks: thinks(body) }),
  )
  if (fitted !== messages) edits.push({ type: 'set', key: 'messages', json: JSON.stringify(fitted) })
  return { edits, losses }
}

/** The body with top-level edits made. */
export function applyEdits(body: Members, edits: readonly Edit[]): Members {
  const members = new Map(Object.entries(body))
  for (const edit of edits) {
    if (edit.type === 'set') members.set(edit.key, parseJson(edit.json))
    if (edit.type === 'rename' && members.has(edit.key)) members.set(edit.to, members.get(edit.key))
    if (edit.type !== 'set') members.delete(edit.key)
  }
  return Object.fromEntries(members)
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** DeepSeek and Moonshot reason unless told otherwise. */
function thinks(body: Members): boolean {
  const { thinking } = body
  return !(typeof thinking === 'object' && thinking !== null && 'type' in thinking && thinking.type === 'disabled')
}

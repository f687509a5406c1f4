// Contents as turns. Owns whose turn a part belongs to: a tool's answer is the user's wherever it stood, and all answers
// to calls of one turn are one turn.
import type { ContentPart } from '../../ir/content.ts'
import type { Turn } from '../../ir/request.ts'
import { createCallIds } from './call-ids.ts'
import { decodeParts, type PartContext } from './decode-part.ts'
import { pack, unknownMembers, type Piece } from './extras.ts'
import { camelRecord, repeated } from './names.ts'
import type { Fault } from '../kit/shape.ts'
import type { ContentShape } from './schema.ts'

interface Draft {
  readonly role: 'user' | 'assistant'
  readonly at: string
  readonly parts: ContentPart[]
  readonly pieces: Piece[]
  readonly said: Record<string, unknown>
}

/** The turns of a conversation; wrong shapes are reported to `faults`. */
export function decodeContents(contents: readonly ContentShape[], faults: Fault[]): Turn[] {
  const context: PartContext = { ids: createCallIds('', namedIds(contents)), faults }
  const drafts: Draft[] = []
  contents.forEach((content, index) => {
    const at = `contents[${index}]`
    const parts = decodeParts(content.parts, `${at}.parts`, context)
    const { parts: _parts, ...members } = content
    const said = unknownMembers(members, new Set(['role']))
    const stretches = stretchesOf(parts, content.role === 'model' ? 'assistant' : 'user')
    stretches.forEach(({ role, parts }, stretch) => {
      const piece: Piece = {
        content: index,
        members,
        count: parts.length,
        ...(stretches.length > 1 && { split: true }),
      }
      const last = drafts.at(-1)
      if (last !== undefined && last.role === role && isAnswer(last.parts) && isAnswer(parts)) {
        last.parts.push(...parts)
        last.pieces.push(piece)
        Object.assign(last.said, said)
      } else drafts.push({ role, at, parts, pieces: [piece], said: stretch === 0 ? { ...said } : {} })
    })
  })
  return drafts.map(turnOf)
}

function turnOf({ role, at, parts, pieces, said }: Draft): Turn {
  const [only] = pieces
  // Nearly always one content of its natural role: then there is nothing to remember.
  const natural = role === 'assistant' ? 'model' : 'user'
  const alone = pieces.length === 1 && only?.split !== true
  const plain = alone && only?.members['role'] === natural && Object.keys(said).length === 0
  const extras = pack(said, { pieces })
  return { role, parts, at, ...(!plain && extras !== undefined && { extras }) }
}

/** Parts of one content by whose they are: a server's tools answer in the middle of what the model says. */
function stretchesOf(
  parts: readonly ContentPart[],
  natural: Draft['role'],
): readonly { readonly role: Draft['role']; readonly parts: ContentPart[] }[] {
  const stretches: { role: Draft['role']; parts: ContentPart[] }[] = []
  for (const part of parts) {
    const role = part.type === 'tool-result' ? 'user' : natural
    const last = stretches.at(-1)
    if (last?.role === role) last.parts.push(part)
    else stretches.push({ role, parts: [part] })
  }
  return stretches.length > 0 ? stretches : [{ role: natural, parts: [] }]
}

function isAnswer(parts: readonly ContentPart[]): boolean {
  return parts.length > 0 && parts.every((part) => part.type === 'tool-result')
}

/** The ids that the conversation has already. */
function namedIds(contents: readonly ContentShape[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { parts } of contents)
    for (const part of repeated(parts)) {
      const { functionCall, functionResponse } = camelRecord(part)
      for (const id of [camelRecord(functionCall)['id'], camelRecord(functionResponse)['id']])
        if (typeof id === 'string') ids.add(id)
    }
  return ids
}

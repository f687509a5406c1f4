// Reasoning in its five spellings: `reasoning_content` (DeepSeek, xAI, z.ai), `reasoning` (Groq, Ollama),
// `reasoning_details` (OpenRouter), two of them at once, and Mistral's `thinking` parts. Owns reading one record and
// writing one; where they stand in messages and streams is decided by the callers.
import type { ReasoningPart } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { asideOf, pack, type Members, type ReasoningSpelling } from './extras.ts'
import { listOf, present, textOf } from '../kit/present.ts'

/** Members of a message or a delta that hold reasoning. */
export const reasoningKeys: readonly string[] = ['reasoning_content', 'reasoning', 'reasoning_details']

const plainKeys: readonly string[] = ['reasoning_content', 'reasoning']

/** One stretch of reasoning as a message or a delta has it. */
export interface ReasoningPiece {
  readonly text: string
  readonly signature?: string
  readonly redacted?: string
  readonly spelling: ReasoningSpelling
}

/**
 * Reads the reasoning of a message or a delta, once: `reasoning_details` count where they have text, as only they carry
 * signatures; the plain members repeat it.
 */
export function readReasoning(record: Members): ReasoningPiece[] {
  // Most deltas have none.
  if (reasoningKeys.every((key) => record[key] === undefined)) return []
  const keys = plainKeys.filter((key) => textOf(record[key]) !== undefined)
  const details = listOf(record['reasoning_details']).filter(isObject).map(readDetail)
  const pieces = merged(details).map((piece) =>
    piece.text === '' ? piece : { ...piece, spelling: { ...piece.spelling, keys } },
  )
  const plain = keys.length === 0 ? undefined : textOf(record[keys[0] ?? ''])
  if (plain === undefined || pieces.some((piece) => piece.text !== '')) return pieces
  return [{ text: plain, spelling: { keys } }, ...pieces]
}

/** Whether the reasoning of a message is no longer what its members say: a token was taken out, or put in. */
export function hasChanged(record: Members, parts: readonly ReasoningPart[]): boolean {
  const tokens = (list: readonly Pick<ReasoningPart, 'signature' | 'redacted'>[]): string =>
    JSON.stringify(list.map(({ signature, redacted }) => [signature, redacted]))
  const spelled = parts.filter((part) => asideOf(part.extras).reasoning?.part === undefined)
  return tokens(readReasoning(record)) !== tokens(spelled)
}

/** Reads a `thinking` part of a content array: its text is a list of text parts, or plain text. */
export function readThinking(part: Members): ReasoningPiece {
  const { type: _type, thinking, signature, ...rest } = part
  const pieces = listOf(thinking).map((piece) => (isObject(piece) ? (textOf(piece['text']) ?? '') : ''))
  return {
    text: typeof thinking === 'string' ? thinking : pieces.join(''),
    ...present({ signature: textOf(signature) }),
    spelling: { keys: [], part: rest },
  }
}

/** A piece as a part of a message. */
export function reasoningPart(piece: ReasoningPiece, at?: string): ReasoningPart {
  return {
    type: 'reasoning',
    text: piece.text,
    ...present({
      signature: piece.signature,
      redacted: piece.redacted,
      extras: pack({}, { reasoning: piece.spelling }),
      at,
    }),
  }
}

/** The member of a message that a piece was read from. */
export function reasoningMember({ spelling }: ReasoningPiece): string {
  const inDetails = spelling.detail !== undefined || spelling.entry !== undefined
  return inDetails ? 'reasoning_details' : (spelling.keys[0] ?? 'content')
}

/** Whether two pieces of a stream belong to one part: the same kind of entry under the same index. */
export function continues(open: ReasoningSpelling, next: ReasoningPiece): boolean {
  const { detail, entry, part } = next.spelling
  if (entry !== undefined || next.redacted !== undefined || open.entry !== undefined) return false
  if ((part === undefined) !== (open.part === undefined)) return false
  if (detail === undefined || open.detail === undefined) return detail === open.detail
  return detail['type'] === open.detail['type'] && detail['index'] === open.detail['index']
}

/** The spelling for a client whose provider has another wire: plain text, and entries that can be sent back. */
export function foreignSpelling(index: number, redacted: boolean): ReasoningSpelling {
  return {
    keys: redacted ? [] : ['reasoning_content'],
    detail: { type: redacted ? 'reasoning.encrypted' : 'reasoning.text', index },
  }
}

/** The members of a delta (or message) that say a piece in a spelling. */
export function writeReasoning(
  spelling: ReasoningSpelling,
  piece: { readonly text?: string; readonly signature?: string; readonly redacted?: string },
): Members {
  const members: Record<string, unknown> = {}
  if (textOf(piece.text) !== undefined) for (const key of spelling.keys) members[key] = piece.text
  if (spelling.entry !== undefined) members['reasoning_details'] = [spelling.entry]
  else if (spelling.detail !== undefined) members['reasoning_details'] = [writeDetail(spelling.detail, piece)]
  if (spelling.part !== undefined)
    members['content'] = [
      { type: 'thinking', thinking: [{ type: 'text', text: piece.text ?? '' }], ...spelling.part, ...signed(piece) },
    ]
  return members
}

/** The reasoning of a whole message: entries one after the other, plain text joined. */
export function writeReasoningParts(parts: readonly ReasoningPart[]): Members {
  const plain = new Map<string, string[]>()
  const details: unknown[] = []
  for (const [index, part] of parts.entries()) {
    const spelling = asideOf(part.extras).reasoning ?? foreignSpelling(index, part.redacted !== undefined)
    const { content: _content, reasoning_details: entries, ...rest } = writeReasoning(spelling, part)
    details.push(...listOf(entries))
    for (const [key, text] of Object.entries(rest)) plain.set(key, [...(plain.get(key) ?? []), String(text)])
  }
  const joined = [...plain].map(([key, texts]): [string, unknown] => [key, texts.join('')])
  return { ...Object.fromEntries(joined), ...(details.length > 0 && { reasoning_details: details }) }
}

function writeDetail(detail: Members, piece: Parameters<typeof writeReasoning>[1]): Members {
  if (piece.redacted !== undefined) return { ...detail, data: piece.redacted }
  const key = detail['type'] === 'reasoning.summary' ? 'summary' : 'text'
  return { ...detail, [key]: piece.text ?? '', ...signed(piece) }
}

function signed(piece: { readonly signature?: string }): Members {
  return piece.signature === undefined ? {} : { signature: piece.signature }
}

/**
 * An entry of `reasoning_details`. Signatures and encrypted data are canonical only where they may be Anthropic's: what
 * another vendor encrypted would be refused there.
 * @see https://openrouter.ai/docs/use-cases/reasoning-tokens
 */
function readDetail(entry: Members): ReasoningPiece {
  const { text, summary, data, signature, ...detail } = entry
  if (isPortable(entry['format'])) {
    if (entry['type'] === 'reasoning.encrypted' && typeof data === 'string')
      return { text: '', redacted: data, spelling: { keys: [], detail } }
    if (entry['type'] === 'reasoning.text')
      return {
        text: textOf(text) ?? '',
        ...present({ signature: textOf(signature) }),
        spelling: { keys: [], detail },
      }
  }
  const said = textOf(text) ?? textOf(summary)
  if (said === undefined || !isPlaceholder(signature)) return { text: said ?? '', spelling: { keys: [], entry } }
  return { text: said, spelling: { keys: [], detail } }
}

function isPortable(format: unknown): boolean {
  return isPlaceholder(format) || format === 'unknown' || String(format).startsWith('anthropic')
}

// Clients that collected a stream send every fragment back as an entry of its own.
function merged(pieces: readonly ReasoningPiece[]): ReasoningPiece[] {
  const result: ReasoningPiece[] = []
  for (const piece of pieces) {
    const last = result.at(-1)
    // A signature closes its block: text behind it belongs to the next.
    const closed = last?.redacted !== undefined || (last?.signature !== undefined && piece.text !== '')
    if (last === undefined || closed || !continues(last.spelling, piece)) {
      result.push(piece)
      continue
    }
    const signature = piece.signature ?? last.signature
    result[result.length - 1] = { ...last, text: last.text + piece.text, ...present({ signature }) }
  }
  return result
}

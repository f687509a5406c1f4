// One canonical part as a part of this wire. Judges nothing: what a foreign source may not send is decided in
// encode-contents.ts.
import type { ContentPart, ToolCallPart, ToolResultPart } from '../../ir/content.ts'
import { assertNever } from '../../ir/assert-never.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { present } from '../kit/present.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'
import { encodeMedium } from './media.ts'
import { encodeResult } from './tool-result.ts'

export interface PartOptions {
  /** The part was read from this wire: what it had beside its canonical members goes back. */
  readonly own: boolean
  /** The name of the tool that a result is of; its own where it has one. */
  readonly nameOf?: (callId: string) => string
}

/** Encodes a part with everything it holds. */
export function encodePart(part: ContentPart, options: PartOptions): Members {
  const { own } = options
  const { ...extras } = own ? ownMembers(part.extras) : {}
  const content = contentOf(part, options)
  for (const [key, member] of Object.entries(content)) {
    const inner = extras[key]
    if (!isObject(inner) || !isObject(member)) continue
    content[key] = { ...member, ...inner }
    delete extras[key]
  }
  return { ...content, ...extras, ...present({ thoughtSignature: part.signature }) }
}

function contentOf(part: ContentPart, options: PartOptions): Record<string, unknown> {
  const { own } = options
  switch (part.type) {
    case 'text':
      return own && part.text === '' && asideOf(part.extras).bare === true ? {} : { text: part.text }
    case 'refusal':
      return { text: part.text }
    case 'reasoning':
      return { text: part.text, thought: true }
    case 'image':
    case 'audio':
    case 'file':
      return { ...encodeMedium(part, own) }
    case 'tool-call':
      return { functionCall: encodeCall(part, own) }
    case 'tool-result':
      return { functionResponse: encodeAnswer(part, options) }
    case 'opaque':
      return isObject(part.value) ? { ...part.value } : {}
    default:
      return assertNever(part)
  }
}

function encodeCall(part: ToolCallPart, own: boolean): Members {
  const args = part.input.trim() === '' ? undefined : decodeArgs(part.input)
  return { ...wireId(part, part.id, own), name: part.name, ...present({ args }) }
}

/** The arguments of a call as the object that this wire wants; undefined where the text is not a JSON object. */
export function decodeArgs(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

function encodeAnswer(part: ToolResultPart, { own, nameOf }: PartOptions): Members {
  const text = part.parts.flatMap((inner) => (inner.type === 'text' ? [inner.text] : [])).join('\n')
  const known = own ? asideOf(part.extras).result : undefined
  const media = part.parts.filter((inner) => inner.type !== 'text')
  const answered = { text, ...(part.isError === true && { isError: true as const }) }
  const response = known !== undefined && known.text === text ? known.response : encodeResult(answered)
  return {
    ...wireId(part, part.callId, own),
    name: known?.name ?? nameOf?.(part.callId) ?? '',
    ...present({ response }),
    ...(media.length > 0 && { parts: media.map((inner) => encodePart(inner, { own })) }),
  }
}

/** An id goes back as it stood on this wire: one that was minted here stays here. */
function wireId(part: ToolCallPart | ToolResultPart, id: string, own: boolean): Members {
  const known = own ? asideOf(part.extras).id : undefined
  return present({ id: known === undefined ? id : known.value })
}

// One part of a foreign request as a block: what of it this wire can say, what it costs, and what makes it impossible.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
import type {
  ContentPart,
  FilePart,
  MediaSource,
  PartBase,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
} from '../../ir/content.ts'
import type { Turn } from '../../ir/request.ts'
import { decodeToolInput, encodeBlock, encodeResult, type WireBlock } from './encode-content.ts'
import { isTextType, standardBase64 } from '../kit/base64.ts'
import { fileNamePath } from '../kit/client-paths.ts'
import type { Ledger } from './ledger.ts'
import { createDocumentNames, documentFormat, isS3, videoFormat } from './media.ts'

export interface Place {
  readonly role: Turn['role']
  readonly at: string
}

/** A block with the cache point behind it, if there is one. */
export type Group = readonly WireBlock[]

export interface PartEncoder {
  /** What becomes of a part: mostly one block; nothing where it was lost or refused. */
  encode(part: ContentPart, place: Place): readonly Group[]
}

type Part<T extends ContentPart['type']> = Extract<ContentPart, { type: T }>

/** An encoder for the parts of one request: documents of one conversation need names of their own. */
export function createPartEncoder(ledger: Ledger): PartEncoder {
  const names = createDocumentNames()

  /** Images out of a tool's result that have to stand beside it. */
  let hoisted: WireBlock[] = []

  function encode(part: ContentPart, place: Place): readonly Group[] {
    hoisted = []
    const block = blockOf(part, place)
    if (block === undefined) {
      ledger.dropCache(part.cache, place.at)
      return []
    }
    const beside = hoisted.map((image) => [image])
    if (part.type !== 'reasoning') return [[block, ...ledger.cachePoint(cacheOf(part), place.at, 'content')], ...beside]
    // Refused there.
    ledger.dropCache(part.cache, place.at)
    return [[block]]
  }

  function blockOf(part: ContentPart, place: Place): WireBlock | undefined {
    ledger.dropExtras(part.extras, place.at)
    if (part.signature && part.type !== 'reasoning')
      ledger.drop(`${place.at}.${ledger.paths.signature}`, 'only reasoning is signed here')
    if (place.role === 'system' && part.type !== 'text' && part.type !== 'refusal')
      return refuse(place, `instructions cannot hold ${part.type}`)
    switch (part.type) {
      case 'text':
        return encodeText(part, place)
      case 'refusal':
        ledger.approximate(place.at, 'a refusal goes as plain text')
        return encodeText({ type: 'text', text: part.text }, place)
      case 'reasoning':
        return encodeReasoning(part, place)
      case 'tool-call':
        return encodeCall(part, place)
      case 'tool-result':
        return encodeToolResult(part, place)
      case 'image':
      case 'audio':
      case 'file':
      case 'opaque':
        return encodeMedium(part, place)
    }
  }

  function refuse({ at }: Place, message: string): undefined {
    ledger.refuse(at, message)
    return undefined
  }

  function encodeText({ text, citations }: Part<'text'>, { at }: Place): WireBlock | undefined {
    if (citations !== undefined && citations.length > 0)
      ledger.drop(`${at}.${ledger.paths.citations}`, 'citations of another wire')
    if (text.trim() !== '') return { text }
    // An empty text says nothing; white space may, but is refused by the API.
    if (text !== '') ledger.drop(at, 'a text of white space alone is not accepted')
    return undefined
  }

  function encodeReasoning(part: ReasoningPart, place: Place): WireBlock | undefined {
    if (place.role !== 'assistant') return refuse(place, 'reasoning outside an assistant message')
    if (part.redacted !== undefined || part.signature) return encodeBlock(part)
    ledger.drop(place.at, 'reasoning without a signature is not accepted')
    return undefined
  }

  function encodeCall(part: ToolCallPart, place: Place): WireBlock | undefined {
    if (place.role !== 'assistant') return refuse(place, 'a tool call outside an assistant message')
    if (part.kind === 'custom') return refuse(place, 'a call of a free-text tool')
    if (decodeToolInput(part.input) === undefined) return refuse(place, 'tool arguments that are not a JSON object')
    return encodeBlock({ ...part, id: ledger.callId(part.id), name: ledger.toolName(part.name) })
  }

  function encodeToolResult(part: ToolResultPart, place: Place): WireBlock | undefined {
    if (place.role !== 'user') return refuse(place, 'a tool result outside a user message')
    const content = part.parts.flatMap((inner, index) => encodeInner(inner, `${place.at}.content[${index}]`))
    return encodeResult(
      ledger.callId(part.callId),
      content.length > 0 ? content : [empty(place)],
      statusOf(part, place),
    )
  }

  /** A part inside a result, where cache points cannot stand: the last one goes behind the result. */
  function encodeInner(part: ContentPart, path: string): WireBlock[] {
    const place: Place = { role: 'user', at: part.at ?? path }
    if (part.type === 'tool-result' || part.type === 'tool-call' || part.type === 'audio') {
      refuse(place, `a tool result that holds ${part.type}`)
      return []
    }
    const block = blockOf(part, place)
    if (block === undefined) return []
    if (part.type !== 'image' || takesRichResults()) return [block]
    ledger.approximate(place.at, 'the model takes no image inside a tool result: it follows beside it')
    hoisted.push(block)
    return []
  }

  function cacheOf(part: ContentPart): PartBase['cache'] {
    if (part.type !== 'tool-result') return part.cache
    const hints = part.parts.filter((inner) => inner.cache !== undefined)
    const last = part.cache ?? hints.at(-1)?.cache
    for (const hint of part.cache === undefined ? hints.slice(0, -1) : hints)
      ledger.dropCache(hint.cache, hint.at ?? '')
    return last
  }

  /** Claude and Nova take what others refuse in a tool's result: images, and a status. */
  function takesRichResults(): boolean {
    return ledger.family === 'anthropic' || ledger.family === 'nova' || ledger.family === 'unknown'
  }

  /** An empty list is not what a tool said, but blank text is refused. */
  function empty({ at }: Place): WireBlock {
    ledger.approximate(at, 'a tool that said nothing: an empty record stands for it')
    return { json: {} }
  }

  function statusOf({ isError }: ToolResultPart, { at }: Place): boolean | undefined {
    if (takesRichResults()) return isError
    if (isError === true) ledger.approximate(`${at}.${ledger.paths.isError}`, 'only the text says that the tool failed')
    return undefined
  }

  function encodeMedium(part: Part<'image' | 'audio' | 'file' | 'opaque'>, place: Place): WireBlock | undefined {
    const kind = part.type === 'opaque' ? part.kind : part.type
    if (place.role === 'assistant') {
      ledger.drop(place.at, `assistant content of type ${kind}`)
      return undefined
    }
    switch (part.type) {
      case 'opaque':
        return refuse(place, `content of type ${kind}`)
      case 'file':
        return encodeDocument(part, place)
      case 'audio':
        return encodeBlock({ ...part, data: standardBase64(part.data) }) ?? refuse(place, `audio as ${part.format}`)
      case 'image': {
        if (part.detail !== undefined && part.detail !== 'auto')
          ledger.drop(`${place.at}.${ledger.paths.detail}`, 'no resolution hint')
        const image = encodeBlock({ ...part, source: standard(part.source) })
        return image ?? refuse(place, 'an image of a form that the provider does not take')
      }
    }
  }

  function standard(source: MediaSource): MediaSource {
    return source.kind === 'base64' ? { ...source, data: standardBase64(source.data) } : source
  }

  function encodeDocument(part: FilePart, place: Place): WireBlock | undefined {
    const source = sourceOf(part, place)
    if (source === undefined) return refuse(place, 'a document of a form that the provider does not take')
    if (source.kind === 'base64' && videoFormat(source.mediaType) !== undefined) return encodeBlock({ ...part, source })
    const { name, changed } = names.next(part.name)
    if (changed)
      ledger.approximate(
        `${place.at}.${fileNamePath(part, ledger.paths)}`,
        'a document name of letters, digits, spaces and brackets',
      )
    const format = source.kind === 'text' || source.kind === 'parts' ? { format: 'txt' } : {}
    return encodeBlock({ ...part, source, name }, format)
  }

  /** A source as this wire takes it; texts of other types than its own go as plain text. */
  function sourceOf({ source }: FilePart, { at }: Place): FilePart['source'] | undefined {
    switch (source.kind) {
      case 'base64': {
        if (documentFormat(source.mediaType) ?? videoFormat(source.mediaType)) return standard(source)
        if (!isTextType(source.mediaType)) return undefined
        ledger.approximate(at, `a document of type ${source.mediaType} goes as plain text`)
        return standard({ ...source, mediaType: 'text/plain' })
      }
      case 'text':
        return source.text.trim() === '' ? undefined : source
      case 'parts':
        return source.parts.every((piece) => piece.type === 'text') ? source : undefined
      case 'url':
        return isS3(source.url) ? source : undefined
      case 'file':
        return isS3(source.id) ? source : undefined
    }
  }

  return { encode }
}

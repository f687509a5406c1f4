// Canonical parts as content blocks, one to one. Judges nothing: what a foreign source may not send here is decided in
// encode-turns.ts.
import { assertNever } from '../../ir/assert-never.ts'
import type { CacheHint, Citation, ContentPart, FilePart, ReasoningPart, TextPart } from '../../ir/content.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { encodeBase64Text } from '../kit/base64.ts'
import { overlay, ownMembers, saidOf, silentOf, type Members } from './extras.ts'
import {
  audioFormat,
  documentFormat,
  documentFormatOfLink,
  encodeSource,
  imageFormat,
  imageFormatOfLink,
  videoFormat,
} from './media.ts'

/** A block as it goes onto the wire. */
export type WireBlock = Record<string, unknown>

/** The blocks of parts that came from this wire: each with what it had besides, and its cache point behind it. */
export function encodeOwnContent(parts: readonly ContentPart[]): WireBlock[] {
  return parts.flatMap((part) => {
    const block = encodeOwnPart(part)
    return [...(block === undefined ? [] : [block]), ...(part.cache === undefined ? [] : [encodeCache(part.cache)])]
  })
}

function encodeOwnPart(part: ContentPart): WireBlock | undefined {
  const { extras } = part
  const block =
    part.type === 'tool-result'
      ? encodeResult(part.callId, encodeOwnContent(part.parts), part.isError)
      : encodeBlock(part, silentOf(extras))
  if (block === undefined || extras === undefined) return block
  return overlay(block, saidOf(extras))
}

/** A hint as a cache point. */
export function encodeCache(cache: CacheHint): WireBlock {
  return { cachePoint: { type: 'default', ...present({ ttl: cache.ttl }), ...ownMembers(cache.extras) } }
}

/** A tool's result around blocks that were encoded before. */
export function encodeResult(callId: string, content: readonly WireBlock[], isError: boolean | undefined): WireBlock {
  const status = isError === undefined ? {} : { status: isError ? 'error' : 'success' }
  return { toolResult: { toolUseId: callId, content, ...status } }
}

/**
 * The block of a part without its extras and its cache point; undefined where this wire has none for it.
 * @param silent how the part was spelled where it came from this wire
 */
export function encodeBlock(part: ContentPart, silent: Members = {}): WireBlock | undefined {
  switch (part.type) {
    case 'text':
      return encodeText(part, silent)
    case 'refusal':
      return { text: part.text }
    case 'reasoning':
      return encodeReasoning(part, silent)
    case 'image': {
      const source = encodeSource(part.source)
      const format = textOf(silent['format']) ?? formatOf(part.source, imageFormat, imageFormatOfLink)
      return source === undefined || format === undefined ? undefined : { image: { format, source } }
    }
    case 'audio': {
      const format = audioFormat(part.format) ?? (silent['audio'] === true ? part.format : undefined)
      return format === undefined ? undefined : { audio: { format, source: { bytes: part.data } } }
    }
    case 'file':
      return encodeFile(part, silent)
    case 'tool-call': {
      const type = textOf(silent['type'])
      const input = decodeToolInput(part.input) ?? {}
      return { toolUse: { toolUseId: part.id, name: part.name, input, ...present({ type }) } }
    }
    case 'tool-result':
      return encodeResult(part.callId, encodeOwnContent(part.parts), part.isError)
    case 'opaque':
      return isObject(part.value) ? part.value : undefined
    default:
      return assertNever(part)
  }
}

function encodeText(part: TextPart, silent: Members): WireBlock {
  if (silent['json'] === true) {
    const json = parseJson(part.text)
    return json === undefined ? { text: part.text } : { json }
  }
  const { citations } = part
  const spelled = silent['citationsContent']
  if (!isObject(spelled) && (citations === undefined || citations.length === 0)) return { text: part.text }
  return {
    citationsContent: {
      ...(isObject(spelled) && textIn(spelled['content']) === part.text
        ? spelled
        : { content: part.text === '' ? [] : [{ text: part.text }] }),
      ...present({ citations: citations?.map((citation) => citation.value) }),
    },
  }
}

function textIn(pieces: unknown): string {
  return listOf(pieces)
    .map((piece) => (isObject(piece) ? (textOf(piece['text']) ?? '') : ''))
    .join('')
}

/** A citation that another wire made, where it points to a link; undefined where it does not. */
export function encodeCitation({ url, title, citedText }: Citation): WireBlock | undefined {
  if (url === undefined) return undefined
  return {
    ...present({ title, sourceContent: citedText === undefined ? undefined : [{ text: citedText }] }),
    location: { web: { url } },
  }
}

function encodeReasoning({ text, signature, redacted }: ReasoningPart, silent: Members): WireBlock {
  if (redacted === undefined) return { reasoningContent: { reasoningText: { text, ...present({ signature }) } } }
  // A blob is base64, and what Anthropic gives is base64 already: one layer more on this wire.
  return { reasoningContent: { redactedContent: silent['blob'] === true ? redacted : encodeBase64Text(redacted) } }
}

/** The arguments of a call as the object that this wire wants; undefined where the text is not a JSON object. */
export function decodeToolInput(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

function encodeFile(part: FilePart, silent: Members): WireBlock | undefined {
  const { source } = part
  if (source.kind !== 'text' && source.kind !== 'parts') {
    const medium = encodeSource(source)
    if (medium === undefined) return undefined
    const video = textOf(silent['video']) ?? (source.kind === 'base64' ? videoFormat(source.mediaType) : undefined)
    if (video !== undefined) return { video: { format: video, source: medium } }
    return encodeDocument(
      part,
      textOf(silent['format']) ?? formatOf(source, documentFormat, documentFormatOfLink),
      medium,
    )
  }
  if (source.kind === 'text') return encodeDocument(part, textOf(silent['format']), { text: source.text })
  const content = source.parts.map((piece) => ({ text: piece.type === 'text' ? piece.text : '' }))
  return encodeDocument(part, textOf(silent['format']), { content })
}

function encodeDocument(part: FilePart, format: string | undefined, source: Members): WireBlock {
  return {
    document: {
      name: part.name ?? 'Document',
      source,
      ...present({
        format,
        context: part.context,
        citations: part.cite === undefined ? undefined : { enabled: part.cite },
      }),
    },
  }
}

function formatOf(
  source: { readonly kind: string; readonly mediaType?: string; readonly url?: string; readonly id?: string },
  ofType: (mediaType: string) => string | undefined,
  ofLink: (url: string) => string | undefined,
): string | undefined {
  if (source.mediaType !== undefined) return ofType(source.mediaType)
  return ofLink(source.url ?? source.id ?? '')
}

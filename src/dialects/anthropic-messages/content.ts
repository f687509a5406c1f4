// Content blocks and canonical parts, both ways and one to one. Judges nothing: what a foreign source may not send here
// is decided in encode-turns.ts.
import type {
  CacheHint,
  Citation,
  ContentPart,
  FilePart,
  MediaSource,
  OpaquePart,
  PartBase,
  ToolResultPart,
} from '../../ir/content.ts'
import { assertNever } from '../../ir/assert-never.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { callExtras, extrasOf, ownMembers } from './extras.ts'
import { present } from '../kit/present.ts'
import type { Fault } from '../kit/shape.ts'
import { isKnownBlock, readBlock, type Block } from './schema.ts'

/** A block as it goes onto the wire. */
export type WireBlock = Record<string, unknown>

/** Decodes message content, a string or blocks; wrong shapes are reported to `faults` and left out. */
export function decodeContent(content: string | readonly unknown[], at: string, faults: Fault[]): ContentPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content, at }]
  return content
    .map((block, index) => decodeBlock(block, `${at}[${index}]`, faults))
    .filter((part) => part !== undefined)
}

/** Decodes one block. Blocks of types without a canonical counterpart travel whole. */
export function decodeBlock(block: unknown, at: string, faults: Fault[]): ContentPart | undefined {
  if (!isObject(block) || typeof block['type'] !== 'string') {
    faults.push({ at, message: 'a content block has to be an object with a type' })
    return undefined
  }
  if (!isKnownBlock(block)) return { type: 'opaque', kind: block['type'], value: block, at }
  const reading = readBlock(block)
  if (reading.ok) return decodeKnown(reading.value, at, faults)
  faults.push({ at: at + reading.fault.at, message: reading.fault.message })
  return undefined
}

function decodeKnown(block: Block, at: string, faults: Fault[]): ContentPart {
  switch (block.type) {
    case 'text':
      return {
        type: 'text',
        text: block.text,
        ...present({ citations: block.citations?.map(decodeCitation) }),
        ...base(block, at, ['text', 'citations']),
      }
    case 'image':
      return { type: 'image', source: decodeMedia(block.source), ...base(block, at, ['source']) }
    case 'document':
      return decodeDocument(block, at, faults)
    case 'tool_use':
      return {
        type: 'tool-call',
        id: block.id,
        name: block.name,
        input: block.input === undefined || block.input === null ? '' : JSON.stringify(block.input),
        ...base(block, at, ['id', 'name', 'input'], callExtras),
      }
    case 'tool_result':
      return {
        type: 'tool-result',
        callId: block.tool_use_id,
        parts: decodeContent(block.content ?? [], `${at}.content`, faults),
        ...present({ isError: block.is_error ?? undefined }),
        ...base(block, at, ['tool_use_id', 'content', 'is_error']),
      }
    case 'thinking':
      return {
        type: 'reasoning',
        text: block.thinking,
        ...present({ signature: block.signature ?? undefined }),
        ...base(block, at, ['thinking', 'signature']),
      }
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', redacted: block.data, ...base(block, at, ['data']) }
    default:
      return assertNever(block)
  }
}

function decodeDocument(block: Extract<Block, { type: 'document' }>, at: string, faults: Fault[]): FilePart {
  const { source } = block
  // A citations record that does not say whether it is on means nothing but itself.
  const cite = block.citations?.enabled ?? undefined
  return {
    type: 'file',
    source:
      source.type === 'text'
        ? { kind: 'text', mediaType: source.media_type, text: source.data }
        : source.type === 'content'
          ? { kind: 'parts', parts: decodeContent(source.content, `${at}.source.content`, faults) }
          : decodeMedia(source),
    ...present({ name: block.title ?? undefined, context: block.context ?? undefined, cite }),
    ...base(block, at, ['source', 'title', 'context', ...(cite === undefined ? [] : ['citations'])]),
  }
}

type WireMedia = Extract<Block, { type: 'image' }>['source']

function decodeMedia(source: WireMedia): MediaSource {
  switch (source.type) {
    case 'base64':
      return { kind: 'base64', mediaType: source.media_type, data: source.data }
    case 'url':
      return { kind: 'url', url: source.url }
    case 'file':
      return { kind: 'file', id: source.file_id }
    default:
      return assertNever(source)
  }
}

/** A citation of this wire; only one that points to the web has a canonical link. */
export function decodeCitation(value: Readonly<Record<string, unknown>>): Citation {
  const { url, title, cited_text: citedText } = value
  if (value['type'] !== 'web_search_result_location') return { value }
  return {
    ...(typeof url === 'string' && { url }),
    ...(typeof title === 'string' && { title }),
    ...(typeof citedText === 'string' && { citedText }),
    value,
  }
}

function base(block: Block, at: string, known: readonly string[], rest = extrasOf): PartBase {
  const cache = 'cache_control' in block ? decodeCache(block['cache_control'], at) : undefined
  return { at, ...present({ cache, extras: rest(block, ['type', 'cache_control', ...known]) }) }
}

/** `cache_control` of what stands at `at`, as a hint; undefined where it is absent or null. */
export function decodeCache(value: unknown, at: string): CacheHint | undefined {
  if (!isObject(value)) return undefined
  const ttl = typeof value['ttl'] === 'string' ? value['ttl'] : undefined
  const extras = extrasOf(value, value['type'] === 'ephemeral' ? ['type', 'ttl'] : ['ttl'])
  return { at: `${at}.cache_control`, ...present({ ttl, extras }) }
}

/** A hint as `cache_control`. */
export function encodeCache(cache: CacheHint): WireBlock {
  return { type: 'ephemeral', ...present({ ttl: cache.ttl }), ...ownMembers(cache.extras) }
}

/** The block of a part, with everything the part holds. Audio has no block: a caller that lets it through is wrong. */
export function encodeBlock(part: ContentPart): WireBlock {
  switch (part.type) {
    case 'text':
      return block('text', part, {
        text: part.text,
        ...present({ citations: part.citations?.map((citation) => citation.value) }),
      })
    case 'refusal':
      return block('text', part, { text: part.text })
    case 'reasoning':
      return part.redacted === undefined
        ? block('thinking', part, { thinking: part.text, ...present({ signature: part.signature }) })
        : block('redacted_thinking', part, { data: part.redacted })
    case 'image':
      return block('image', part, { source: encodeMedia(part.source) })
    case 'file':
      return encodeDocument(part)
    case 'tool-call':
      return block('tool_use', part, { id: part.id, name: part.name, input: decodeToolInput(part.input) ?? {} })
    case 'tool-result':
      return encodeToolResult(part)
    case 'opaque':
      return encodeOpaque(part)
    case 'audio':
      throw new Error('audio has no content block on this wire')
    default:
      return assertNever(part)
  }
}

/** The arguments of a call as the object that this wire wants; undefined where the text is not a JSON object. */
export function decodeToolInput(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

function block(type: string, part: PartBase, members: WireBlock): WireBlock {
  return {
    type,
    ...ownMembers(part.extras),
    ...members,
    ...(part.cache !== undefined && { cache_control: encodeCache(part.cache) }),
  }
}

function encodeToolResult(part: ToolResultPart): WireBlock {
  return block('tool_result', part, {
    tool_use_id: part.callId,
    ...(part.parts.length > 0 && { content: part.parts.map(encodeBlock) }),
    ...present({ is_error: part.isError }),
  })
}

function encodeDocument(part: FilePart): WireBlock {
  const { source } = part
  return block('document', part, {
    source:
      source.kind === 'text'
        ? { type: 'text', media_type: source.mediaType, data: source.text }
        : source.kind === 'parts'
          ? { type: 'content', content: source.parts.map(encodeBlock) }
          : encodeMedia(source),
    ...present({
      title: part.name,
      context: part.context,
      citations: part.cite === undefined ? undefined : { enabled: part.cite },
    }),
  })
}

function encodeMedia(source: MediaSource): WireBlock {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data }
    case 'url':
      return { type: 'url', url: source.url }
    case 'file':
      return { type: 'file', file_id: source.id }
    default:
      return assertNever(source)
  }
}

function encodeOpaque(part: OpaquePart): WireBlock {
  return isObject(part.value) ? part.value : { type: part.kind }
}

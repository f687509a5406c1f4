// Content blocks as canonical parts, one to one. Judges nothing.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
import type { CacheHint, Citation, ContentPart } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { decodeBase64Text } from '../kit/base64.ts'
import { base, decodeOpaque, type Place, type Source } from './block-source.ts'
import { leftOver, objectOf, pack, type Members } from './extras.ts'
import { decodeAudio, decodeDocument, decodeImage, decodeVideo } from './decode-media.ts'
import type { Fault } from '../kit/shape.ts'
import { kindOf, readBlock, type Kind, type Shape } from './schema.ts'

/** The type, and as an opaque part the kind, of a tool that runs at the provider. */
export const serverTool = 'server_tool_use'

/** Whether a block is a call that the client has to answer. */
export function isClientCall(block: unknown): boolean {
  const { toolUse } = objectOf(block)
  return isObject(toolUse) && toolUse['type'] !== serverTool
}

/** Decodes a list of blocks. A cache point becomes a hint on the part before it; wrong shapes go to `faults`. */
export function decodeContent(blocks: readonly unknown[], place: Place, faults: Fault[]): ContentPart[] {
  const parts: ContentPart[] = []
  for (const [index, block] of blocks.entries()) {
    const at = `${place.at}[${index}]`
    const before = parts.at(-1)
    if (!isObject(block)) faults.push({ at, message: 'a content block has to be an object' })
    else if (isObject(block['cachePoint']) && before !== undefined && before.cache === undefined)
      parts[parts.length - 1] = { ...before, cache: decodeCache(block['cachePoint'], at) }
    else {
      const part = decodeBlock({ ...place, at, block, faults })
      if (part !== undefined) parts.push(part)
    }
  }
  return parts
}

/** The cache point of a block that stands at `at`, as a hint. */
export function decodeCache(point: Members, at: string): CacheHint {
  const known = point['type'] === 'default' ? ['type', 'ttl'] : ['ttl']
  return { at: `${at}.cachePoint`, ...present({ ttl: textOf(point['ttl']), extras: pack(leftOver(point, known)) }) }
}

function decodeBlock(source: Source): ContentPart | undefined {
  const kind = kindOf(source.block)
  switch (kind) {
    case undefined:
      return decodeOpaque(source)
    case 'text':
      return read(kind, source, (text) => ({ type: 'text', text, ...base(source, kind) }))
    case 'image':
      return read(kind, source, (shape) => decodeImage(shape, source))
    case 'document':
      return read(kind, source, (shape) => decodeDocument(shape, source))
    case 'video':
      return read(kind, source, (shape) => decodeVideo(shape, source))
    case 'audio':
      return read(kind, source, (shape) => decodeAudio(shape, source))
    case 'toolUse':
      return read(kind, source, (shape) => decodeToolUse(shape, source))
    case 'toolResult':
      return read(kind, source, (shape) => decodeToolResult(shape, source))
    case 'reasoningContent':
      return read(kind, source, (shape) => decodeReasoning(shape, source))
    case 'citationsContent':
      return read(kind, source, (shape) => decodeCited(shape, source))
    case 'json':
      return { type: 'text', text: JSON.stringify(source.block['json']), ...base(source, kind, {}, { json: true }) }
  }
}

function read<K extends Kind>(
  kind: K,
  { block, at, faults }: Source,
  decode: (shape: Shape<K>) => ContentPart,
): ContentPart | undefined {
  const reading = readBlock(kind, block[kind])
  if (reading.ok) return decode(reading.value)
  faults.push({ at: `${at}.${kind}${reading.fault.at}`, message: reading.fault.message })
  return undefined
}

function decodeToolUse(shape: Shape<'toolUse'>, source: Source): ContentPart {
  // Ran at the provider: no client has anything to do with it.
  if (shape['type'] === serverTool) return decodeOpaque(source, serverTool)
  const plain = shape['type'] === 'tool_use'
  const known = ['toolUseId', 'name', 'input', ...(plain ? ['type'] : [])]
  return {
    type: 'tool-call',
    id: shape.toolUseId,
    name: shape.name,
    input: shape.input === undefined || shape.input === null ? '' : JSON.stringify(shape.input),
    ...base(source, 'toolUse', leftOver(shape, known), plain ? { type: 'tool_use' } : {}),
  }
}

function decodeToolResult(shape: Shape<'toolResult'>, source: Source): ContentPart {
  // In an answer it is the result of a server tool.
  if (source.role === 'assistant') return decodeOpaque(source)
  const { status } = shape
  const plain = status === 'success' || status === 'error' || status === null
  return {
    type: 'tool-result',
    callId: shape.toolUseId,
    parts: decodeContent(shape.content, { role: source.role, at: `${source.at}.toolResult.content` }, source.faults),
    ...(plain && status !== null && { isError: status === 'error' }),
    ...base(source, 'toolResult', leftOver(shape, ['toolUseId', 'content', ...(plain ? ['status'] : [])])),
  }
}

function decodeReasoning(shape: Shape<'reasoningContent'>, source: Source): ContentPart {
  const { reasoningText, redactedContent } = shape
  if (typeof redactedContent === 'string') {
    const data = decodeBase64Text(redactedContent)
    return {
      type: 'reasoning',
      text: '',
      redacted: data ?? redactedContent,
      ...base(
        source,
        'reasoningContent',
        leftOver(shape, ['redactedContent']),
        data === undefined ? { blob: true } : {},
      ),
    }
  }
  if (!reasoningText) return decodeOpaque(source)
  const inner = leftOver(reasoningText, ['text', 'signature'])
  return {
    type: 'reasoning',
    text: reasoningText.text ?? '',
    ...present({ signature: reasoningText.signature ?? undefined }),
    ...base(source, 'reasoningContent', {
      ...leftOver(shape, ['reasoningText']),
      ...(inner !== undefined && { reasoningText: inner }),
    }),
  }
}

function decodeCited(shape: Shape<'citationsContent'>, source: Source): ContentPart {
  const pieces = (shape.content ?? []).map((piece) => piece.text ?? '')
  const { citations } = shape
  return {
    type: 'text',
    text: pieces.join(''),
    ...(citations && citations.length > 0 && { citations: citations.map(decodeCitation) }),
    ...base(source, 'citationsContent', leftOver(shape, ['content', 'citations']), {
      citationsContent: present({
        content: shape.content ?? undefined,
        citations: citations?.length === 0 ? [] : undefined,
      }),
    }),
  }
}

/** A citation of this wire; only one that points to the web has a link. */
export function decodeCitation(value: Members): Citation {
  const { url } = objectOf(objectOf(value['location'])['web'])
  const cited = listOf(value['sourceContent'])
    .map((piece) => textOf(objectOf(piece)['text']) ?? '')
    .join('')
  return { ...present({ url: textOf(url), title: textOf(value['title']), citedText: textOf(cited) }), value }
}

// Content parts of an item into canonical parts. Owns what a part says; items are read elsewhere.
import type { CacheHint, ContentPart, FilePart, ImagePart, PartBase } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { sourceOf } from '../kit/data-url.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { decodeAnnotations } from './annotations.ts'
import { pack, packOwn, unknownMembers, without, type Aside, type ItemNote, type Members } from './extras.ts'

const textTypes: ReadonlySet<string> = new Set(['input_text', 'output_text', 'text', 'summary_text', 'reasoning_text'])
const common = ['type', 'prompt_cache_breakpoint']

/** The parts of an item's content; `item` goes with each of them. A part that only this wire knows travels whole. */
export function decodeContent(content: unknown, item: ItemNote, at?: string): ContentPart[] {
  if (typeof content === 'string')
    return [{ type: 'text', text: content, ...present({ at, extras: pack({}, { item }) }) }]
  return listOf(content).flatMap((part, index) =>
    isObject(part) ? [decodePart(part, item, at === undefined ? undefined : `${at}[${index}]`)] : [],
  )
}

/** One content part. */
export function decodePart(part: Members, item: ItemNote, at?: string): ContentPart {
  const type = textOf(part['type']) ?? 'unknown'
  return (
    knownPart(type, part, { item, at }) ?? {
      type: 'opaque',
      kind: type,
      value: packOwn(part, { item, part }),
      ...present({ at }),
    }
  )
}

interface Place {
  readonly item: ItemNote
  readonly at: string | undefined
}

function knownPart(type: string, part: Members, place: Place): ContentPart | undefined {
  if (textTypes.has(type)) return decodeText(part, place)
  switch (type) {
    case 'refusal':
      return typeof part['refusal'] === 'string'
        ? { type: 'refusal', text: part['refusal'], ...baseOf(part, ['refusal'], place) }
        : undefined
    case 'input_image':
      return decodeImage(part, place)
    case 'input_file':
      return decodeFile(part, place)
    case 'input_audio': {
      const audio = isObject(part['input_audio']) ? part['input_audio'] : {}
      const { data, format } = audio
      return typeof data === 'string' && typeof format === 'string'
        ? { type: 'audio', data, format, ...baseOf(part, ['input_audio'], place) }
        : undefined
    }
    default:
      return undefined
  }
}

function decodeText(part: Members, place: Place): ContentPart | undefined {
  if (typeof part['text'] !== 'string') return undefined
  const citations = decodeAnnotations(part['annotations'])
  return {
    type: 'text',
    text: part['text'],
    ...(citations.length > 0 && { citations }),
    ...baseOf(part, ['text', 'annotations'], place),
  }
}

function decodeImage(part: Members, place: Place): ImagePart | undefined {
  const url = textOf(part['image_url'])
  const id = textOf(part['file_id'])
  if (url === undefined && id === undefined) return undefined
  return {
    type: 'image',
    source: url === undefined ? { kind: 'file', id: id ?? '' } : sourceOf(url),
    ...present({ detail: textOf(part['detail']) }),
    ...baseOf(part, ['image_url', ...(url === undefined ? ['file_id'] : []), 'detail'], place),
  }
}

/** A file by id, behind a link, or inline: as a data URL, or (as the reference has it) as base64 of a file with a name. */
function decodeFile(part: Members, place: Place): FilePart | undefined {
  const data = textOf(part['file_data'])
  const url = textOf(part['file_url'])
  const id = textOf(part['file_id'])
  const name = textOf(part['filename'])
  const base = (key: string, unseen: Aside = {}): PartBase => baseOf(part, [key, 'filename'], place, unseen)
  if (data !== undefined) {
    const bare = !data.startsWith('data:')
    const source = bare ? bareSource(data, name) : inlineOf(data)
    const unseen: Aside = bare ? { bare } : {}
    return source && { type: 'file', source, ...present({ name }), ...base('file_data', unseen) }
  }
  if (url !== undefined)
    return { type: 'file', source: { kind: 'url', url }, ...present({ name }), ...base('file_url') }
  return id === undefined
    ? undefined
    : { type: 'file', source: { kind: 'file', id }, ...present({ name }), ...base('file_id') }
}

function inlineOf(data: string): FilePart['source'] | undefined {
  const source = sourceOf(data)
  return source.kind === 'base64' ? source : undefined
}

function bareSource(data: string, name: string | undefined): FilePart['source'] | undefined {
  return name?.toLowerCase().endsWith('.pdf') === true
    ? { kind: 'base64', mediaType: 'application/pdf', data }
    : undefined
}

/** What every part carries. `said` are the members that the canonical part says itself. */
function baseOf(part: Members, said: readonly string[], { item, at }: Place, unseen: Aside = {}): PartBase {
  const unknown = unknownMembers(part, new Set([...common, ...said])).said
  // An empty list of annotations means nothing, and has to be there on this wire.
  const kept = without(part, part['annotations'] === undefined ? said : said.filter((key) => key !== 'annotations'))
  return present({ at, cache: decodeCache(part, at), extras: pack(unknown, { item, part: kept, ...unseen }) })
}

/**
 * The cache breakpoint of a part.
 * @see https://platform.openai.com/docs/guides/prompt-caching
 */
function decodeCache(part: Members, at: string | undefined): CacheHint | undefined {
  if (!isObject(part['prompt_cache_breakpoint'])) return undefined
  return present({ at: at === undefined ? undefined : `${at}.prompt_cache_breakpoint` })
}

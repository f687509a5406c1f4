// Media of content parts: data URLs and links. Knows no message.
import type { AudioPart, FilePart, ImagePart, PartBase } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { Members } from './extras.ts'
import { sourceOf, urlOf } from '../kit/data-url.ts'
import { present, textOf } from '../kit/present.ts'

type Base = Pick<PartBase, 'at' | 'cache' | 'extras'>

/** An `image_url` part; the link may stand in it directly (Mistral). Undefined where there is none. */
export function decodeImage(payload: unknown, base: Base): ImagePart | undefined {
  const url = textOf(isObject(payload) ? payload['url'] : payload)
  if (url === undefined) return undefined
  const detail = isObject(payload) ? textOf(payload['detail']) : undefined
  return { type: 'image', source: sourceOf(url), ...present({ detail }), ...base }
}

/** An `input_audio` part; undefined where it holds no sound. */
export function decodeAudio(payload: unknown, base: Base): AudioPart | undefined {
  if (!isObject(payload) || typeof payload['data'] !== 'string' || typeof payload['format'] !== 'string')
    return undefined
  return { type: 'audio', data: payload['data'], format: payload['format'], ...base }
}

/** A `file` part: an upload by id, a data URL, or (OpenRouter) a link. Undefined for anything else. */
export function decodeFile(payload: unknown, base: Base): FilePart | undefined {
  if (!isObject(payload)) return undefined
  const name = present({ name: textOf(payload['filename']) })
  const id = textOf(payload['file_id'])
  if (id !== undefined) return { type: 'file', source: { kind: 'file', id }, ...name, ...base }
  const source = sourceOf(textOf(payload['file_data']) ?? '')
  const readable = source.kind === 'base64' || (source.kind === 'url' && /^https?:/i.test(source.url))
  return readable ? { type: 'file', source, ...name, ...base } : undefined
}

/** The members of the payload that have no canonical name, by type of part. */
export const payloadMembers: Readonly<Record<string, ReadonlySet<string>>> = {
  image_url: new Set(['url', 'detail']),
  input_audio: new Set(['data', 'format']),
  file: new Set(['filename', 'file_id', 'file_data']),
}

/** The payload of a file part; undefined where this wire cannot carry its source. */
export function encodeFile(part: FilePart): Members | undefined {
  if (part.source.kind === 'file') return present({ file_id: part.source.id, filename: part.name })
  if (part.source.kind === 'base64' || part.source.kind === 'url')
    return present({ filename: part.name, file_data: urlOf(part.source) })
  return undefined
}

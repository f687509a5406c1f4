// Formats of media on this wire and the media types they stand for, and the names that documents may have.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
import type { MediaSource } from '../../ir/content.ts'
import { bareType } from '../kit/base64.ts'
import type { Members } from './extras.ts'

const imageFormats = ['png', 'jpeg', 'gif', 'webp']
const videoFormats = ['mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp']
const audioFormats = [
  'mp3',
  'opus',
  'wav',
  'aac',
  'flac',
  'mp4',
  'ogg',
  'mkv',
  'mka',
  'x-aac',
  'm4a',
  'mpeg',
  'mpga',
  'pcm',
  'webm',
]

const documentTypes: ReadonlyMap<string, string> = new Map([
  ['pdf', 'application/pdf'],
  ['csv', 'text/csv'],
  ['doc', 'application/msword'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xls', 'application/vnd.ms-excel'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['html', 'text/html'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
])

const videoTypes: ReadonlyMap<string, string> = new Map([
  ['mov', 'video/quicktime'],
  ['mkv', 'video/x-matroska'],
  ['flv', 'video/x-flv'],
  ['wmv', 'video/x-ms-wmv'],
  ['three_gp', 'video/3gpp'],
])

/** The media type that a document's format stands for; an unknown format is kept as a vendor's own type. */
export function typeOfDocument(format: string | undefined): string {
  return (
    documentTypes.get(format ?? '') ?? (format === undefined ? 'application/octet-stream' : `application/x-${format}`)
  )
}

/** The format of a document; undefined where this wire has none for the type. */
export function documentFormat(mediaType: string): string | undefined {
  return keyOf(documentTypes, bareType(mediaType))
}

export function typeOfImage(format: string): string {
  return `image/${format}`
}

/** The format of an image; undefined where this wire has none for the type. */
export function imageFormat(mediaType: string): string | undefined {
  const name = bareType(mediaType).replace(/^image\//, '')
  return known(imageFormats, name === 'jpg' ? 'jpeg' : name)
}

export function typeOfVideo(format: string): string {
  return videoTypes.get(format) ?? `video/${format}`
}

/** The format of a video; undefined where the type is none, or has no name on this wire. */
export function videoFormat(mediaType: string): string | undefined {
  const type = bareType(mediaType)
  if (!type.startsWith('video/')) return undefined
  return keyOf(videoTypes, type) ?? known(videoFormats, type.slice('video/'.length))
}

/** The format of an audio part; OpenAI says `pcm16` for what is `pcm` here. */
export function audioFormat(format: string): string | undefined {
  const name = format.toLowerCase().replace(/^audio\//, '')
  return known(audioFormats, name === 'pcm16' ? 'pcm' : name)
}

/** What the name of a link ends in, where that is a format among `formats`. */
function formatOfLink(
  url: string,
  format: (mediaType: string) => string | undefined,
  prefix: string,
): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(url)?.[1]?.toLowerCase()
  return extension === undefined ? undefined : format(`${prefix}${extension}`)
}

/** The format of an image in S3, by its name. */
export function imageFormatOfLink(url: string): string | undefined {
  return formatOfLink(url, imageFormat, 'image/')
}

/** The format of a document in S3, by its name. */
export function documentFormatOfLink(url: string): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(url)?.[1]?.toLowerCase()
  return extension !== undefined && documentTypes.has(extension) ? extension : undefined
}

/** A medium as a source of this wire; undefined where the provider could not find it. */
export function encodeSource(source: MediaSource): Members | undefined {
  if (source.kind === 'base64') return { bytes: source.data }
  const uri = source.kind === 'url' ? source.url : source.id
  return isS3(uri) ? { s3Location: { uri } } : undefined
}

/** Whether the link is one that the service itself can follow. */
export function isS3(url: string): boolean {
  return url.startsWith('s3://')
}

const maxNameLength = 200

/** Names of documents, made legal and kept apart: the API refuses two of the same name in one conversation. */
export interface DocumentNames {
  /** The name for a document; `changed` where it says less than the client's. */
  next(name: string | undefined): { readonly name: string; readonly changed: boolean }
}

export function createDocumentNames(): DocumentNames {
  const taken = new Set<string>()
  return {
    next(given) {
      const plain = (given ?? '').replace(/\.[A-Za-z0-9]{1,5}$/, '')
      const legal = plain
        .replaceAll(/[^A-Za-z0-9\-()[\]]+/g, ' ')
        .trim()
        .slice(0, maxNameLength - 5)
        .trimEnd()
      const base = legal === '' ? 'Document' : legal
      let name = base
      for (let count = 2; taken.has(name); count++) name = `${base} ${count}`
      taken.add(name)
      return { name, changed: given !== undefined && name !== given }
    },
  }
}

function known(formats: readonly string[], name: string): string | undefined {
  return formats.includes(name) ? name : undefined
}

function keyOf(types: ReadonlyMap<string, string>, type: string): string | undefined {
  for (const [key, value] of types) if (value === type) return key
  return undefined
}

// Media of this wire: bytes inline, or a URI. Owns which canonical part a media type becomes, and back.
// https://ai.google.dev/gemini-api/docs/file-input-methods
import type { AudioPart, ContentPart, FilePart, ImagePart, MediaSource, PartBase } from '../../ir/content.ts'
import { decodeBase64Text, encodeBase64Text } from '../kit/base64.ts'
import { present } from '../kit/present.ts'
import { asideOf, type Members } from './extras.ts'

/** A medium as the wire has it; the type may be missing from a link. */
export interface WireMedia {
  readonly mimeType?: string | null | undefined
  readonly displayName?: string | null | undefined
}

/** What is known of a part besides its medium; `named`: its name is told. */
export type PartFrame = (mimeType: string, named?: true) => PartBase

/** `inlineData` as the part that its type calls for. */
export function decodeInline(blob: WireMedia & { readonly data: string }, frame: PartFrame): ContentPart {
  const mimeType = blob.mimeType ?? ''
  const { data } = blob
  const source: MediaSource = { kind: 'base64', mediaType: mimeType, data }
  if (mimeType.startsWith('image/')) return { type: 'image', source, ...frame(mimeType) }
  if (mimeType.startsWith('audio/')) return { type: 'audio', format: formatOf(mimeType), data, ...frame(mimeType) }
  // Other wires take a text as a text, and few of them one in base64.
  const text = mimeType.startsWith('text/') ? textOf(data) : undefined
  const content: FilePart['source'] = text === undefined ? source : { kind: 'text', mediaType: mimeType, text }
  return {
    type: 'file',
    source: content,
    ...present({ name: blob.displayName ?? undefined }),
    ...frame(mimeType, true),
  }
}

/** `fileData` as an image or a file; only what anybody can fetch has a link that another provider may be given. */
export function decodeLink(file: WireMedia & { readonly fileUri: string }, frame: PartFrame): ContentPart {
  const { fileUri } = file
  const mimeType = file.mimeType ?? ''
  const source: MediaSource = isPublic(fileUri) ? { kind: 'url', url: fileUri } : { kind: 'file', id: fileUri }
  const type = mimeType === '' ? (typeOfLink(fileUri) ?? '') : mimeType
  if (type.startsWith('image/')) return { type: 'image', source, ...frame(mimeType) }
  return { type: 'file', source, ...present({ name: file.displayName ?? undefined }), ...frame(mimeType, true) }
}

// Files that were uploaded to Google, and videos that only Google turns into frames.
const googleOnly = /^https?:\/\/(?:generativelanguage\.googleapis\.com|(?:[\w-]+\.)*youtube\.com|youtu\.be)\//i

function isPublic(uri: string): boolean {
  return /^https?:\/\//i.test(uri) && !googleOnly.test(uri)
}

function formatOf(mimeType: string): string {
  const subtype = (mimeType.slice('audio/'.length).split(';', 1)[0] ?? '').toLowerCase().replace(/^x-/, '')
  return subtype === 'mpeg' ? 'mp3' : subtype === 'wave' ? 'wav' : subtype
}

/** The content member of a medium; undefined for a source that this wire cannot carry. */
export function encodeMedium(part: ImagePart | AudioPart | FilePart, own: boolean): Members | undefined {
  const mimeType = own ? asideOf(part.extras).mimeType : undefined
  if (part.type === 'audio') return { inlineData: { mimeType: mimeType ?? `audio/${part.format}`, data: part.data } }
  const displayName = own && part.type === 'file' ? part.name : undefined
  const { source } = part
  switch (source.kind) {
    case 'base64':
      return { inlineData: { mimeType: mimeType ?? source.mediaType, data: source.data, ...present({ displayName }) } }
    case 'url':
    case 'file': {
      const uri = source.kind === 'url' ? source.url : source.id
      const type = mimeType === undefined ? typeOfLink(uri) : mimeType === '' ? undefined : mimeType
      return { fileData: { ...present({ mimeType: type }), fileUri: uri, ...present({ displayName }) } }
    }
    case 'text':
      return {
        inlineData: { mimeType: source.mediaType, data: encodeBase64Text(source.text), ...present({ displayName }) },
      }
    case 'parts':
      return undefined
  }
}

// The types that the API documents, by the ending of a link.
const types: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['bmp', 'image/bmp'],
  ['heic', 'image/heic'],
  ['heif', 'image/heif'],
  ['pdf', 'application/pdf'],
  ['json', 'application/json'],
  ['txt', 'text/plain'],
  ['html', 'text/html'],
  ['css', 'text/css'],
  ['csv', 'text/csv'],
  ['xml', 'text/xml'],
  ['mp4', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['webm', 'video/webm'],
])

function typeOfLink(uri: string): string | undefined {
  const path = uri.split(/[?#]/, 1)[0] ?? ''
  return types.get(/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '')
}

/** The text that base64 stands for; undefined where it is none, or would not come back letter by letter. */
function textOf(data: string): string | undefined {
  const text = decodeBase64Text(data)
  return text !== undefined && encodeBase64Text(text) === data ? text : undefined
}

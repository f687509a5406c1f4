// Images, documents, video and audio of this wire as canonical parts. Judges nothing.
import type { ContentPart, FilePart, MediaSource } from '../../ir/content.ts'
import { present, textOf } from '../kit/present.ts'
import { base, decodeOpaque, type Source } from './block-source.ts'
import { leftOver, objectOf, type Members } from './extras.ts'
import {
  audioFormat,
  documentFormat,
  imageFormat,
  typeOfDocument,
  typeOfImage,
  typeOfVideo,
  videoFormat,
} from './media.ts'
import type { Shape } from './schema.ts'

/** An image; one without a source that could be read travels whole. */
export function decodeImage(shape: Shape<'image'>, source: Source): ContentPart {
  const mediaType = typeOfImage(shape.format)
  const medium = decodeSource(shape.source, mediaType)
  if (medium === undefined) return decodeOpaque(source)
  const kept = medium.kind === 'base64' && imageFormat(mediaType) === shape.format
  return {
    type: 'image',
    source: medium,
    ...base(source, 'image', restOf(shape, ['format', 'source']), kept ? {} : { format: shape.format }),
  }
}

/** A video, which is a file by its media type on other wires. */
export function decodeVideo(shape: Shape<'video'>, source: Source): ContentPart {
  const mediaType = typeOfVideo(shape.format)
  const medium = decodeSource(shape.source, mediaType)
  if (medium === undefined) return decodeOpaque(source)
  const kept = medium.kind === 'base64' && videoFormat(mediaType) === shape.format
  return {
    type: 'file',
    source: medium,
    ...base(source, 'video', restOf(shape, ['format', 'source']), kept ? {} : { video: shape.format }),
  }
}

/** Audio; in S3 it has no canonical counterpart and travels whole. */
export function decodeAudio(shape: Shape<'audio'>, source: Source): ContentPart {
  const { bytes } = shape.source
  if (typeof bytes !== 'string') return decodeOpaque(source)
  const kept = audioFormat(shape.format) === shape.format
  return {
    type: 'audio',
    format: shape.format,
    data: bytes,
    ...base(source, 'audio', restOf(shape, ['format', 'source']), kept ? {} : { audio: true }),
  }
}

/** A document: bytes, an object in S3, a text, or a text in pieces. */
export function decodeDocument(shape: Shape<'document'>, source: Source): ContentPart {
  const medium = documentSource(shape, source)
  if (medium === undefined) return decodeOpaque(source)
  const format = shape.format ?? undefined
  const kept = medium.kind === 'base64' && documentFormat(medium.mediaType) === format
  // A record that does not say whether citations are on means nothing but itself.
  const cite = shape.citations?.enabled ?? undefined
  const known = ['name', 'format', 'source', 'context', ...(cite === undefined ? [] : ['citations'])]
  const citations = leftOver(shape.citations, ['enabled'])
  return {
    type: 'file',
    source: medium,
    name: shape.name,
    ...present({ context: shape.context ?? undefined, cite }),
    ...base(
      source,
      'document',
      { ...restOf(shape, known), ...(cite !== undefined && citations !== undefined && { citations }) },
      kept || format === undefined ? {} : { format },
    ),
  }
}

function documentSource({ format, source }: Shape<'document'>, { at }: Source): FilePart['source'] | undefined {
  if (typeof source.text === 'string')
    return { kind: 'text', mediaType: typeOfDocument(format ?? 'txt'), text: source.text }
  if (source.content) {
    const parts = source.content.map((piece, index): ContentPart => ({
      type: 'text',
      text: piece.text ?? '',
      at: `${at}.document.source.content[${index}]`,
    }))
    return { kind: 'parts', parts }
  }
  return decodeSource(source, typeOfDocument(format ?? undefined))
}

/** Where a medium lies: bytes, or an object in S3, which is a file at the provider. */
function decodeSource(source: Members, mediaType: string): MediaSource | undefined {
  const { bytes, s3Location } = source
  if (typeof bytes === 'string') return { kind: 'base64', mediaType, data: bytes }
  const uri = textOf(objectOf(s3Location)['uri'])
  return uri === undefined ? undefined : { kind: 'file', id: uri }
}

/** The members without a canonical name, also those inside the source. */
function restOf(shape: Members, known: readonly string[]): Members {
  const source = objectOf(shape['source'])
  const s3Location = leftOver(source['s3Location'], ['uri'])
  const inner = { ...leftOver(source, ['bytes', 's3Location', 'text', 'content']), ...(s3Location && { s3Location }) }
  return { ...leftOver(shape, known), ...(Object.keys(inner).length > 0 && { source: inner }) }
}

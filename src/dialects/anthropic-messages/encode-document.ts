// The document of a foreign request: what this wire can be shown of it, and what it costs.
// https://platform.claude.com/docs/en/build-with-claude/pdf-support
import type { ContentPart, FilePart } from '../../ir/content.ts'
import { bareType, decodeBase64Text, isTextType, standardBase64 } from '../kit/base64.ts'
import type { Ledger } from '../kit/ledger.ts'

type Source = FilePart['source']

/** A PDF, a link to one, pieces, or plain text, which other types of text become; refused where it is none of these. */
export function documentSource(source: Source, at: string, ledger: Ledger): Source | undefined {
  switch (source.kind) {
    case 'url':
      return source
    case 'text':
      return plainText(source.text, source.mediaType, at, ledger)
    case 'base64':
      return bytesSource(source, at, ledger)
    case 'parts': {
      const pieces = source.parts.map(pieceOf)
      if (!pieces.includes(undefined)) return { kind: 'parts', parts: pieces.filter((piece) => piece !== undefined) }
      return refused(at, 'a document in parts that are neither texts nor images', ledger)
    }
    case 'file':
      return refused(at, 'a file that is stored at another provider', ledger)
  }
}

function bytesSource(source: Source & { kind: 'base64' }, at: string, ledger: Ledger): Source | undefined {
  const type = bareType(source.mediaType)
  if (type === 'application/pdf') return { ...source, mediaType: type }
  const text = isTextType(type) ? decodeBase64Text(standardBase64(source.data)) : undefined
  if (text !== undefined) return plainText(text, type, at, ledger)
  return refused(at, `a document of type ${source.mediaType}`, ledger)
}

function plainText(text: string, mediaType: string, at: string, ledger: Ledger): Source {
  const type = bareType(mediaType)
  if (type !== 'text/plain') ledger.approximate(at, `a document of type ${type} goes as plain text`)
  return { kind: 'text', mediaType: 'text/plain', text }
}

/** A piece of a document without what only its own wire knows; undefined for what cannot be one. */
function pieceOf(part: ContentPart): ContentPart | undefined {
  if (part.type === 'text') return { type: 'text', text: part.text }
  return part.type === 'image' && part.source.kind !== 'file' ? { type: 'image', source: part.source } : undefined
}

function refused(at: string, message: string, ledger: Ledger): undefined {
  ledger.refuse(at, message)
  return undefined
}

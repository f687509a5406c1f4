// Foreign parts as content of this wire. Owns what a part becomes; which item it goes to is decided elsewhere.
import type { ContentPart, FilePart } from '../../ir/content.ts'
import { fileNamePath } from '../kit/client-paths.ts'
import { urlOf } from '../kit/data-url.ts'
import type { Ledger } from '../kit/ledger.ts'
import { present } from '../kit/present.ts'
import { asideOfPart, type Members } from './extras.ts'
import { fileMembers, restorePart } from './restore-items.ts'

/** Inline data has to have a name here. */
const defaultFileName = 'document.pdf'
const details: ReadonlySet<string> = new Set(['low', 'high', 'auto', 'original'])

/** The parts of a user's or system's message, or of a tool's answer; text alone where there is nothing else. */
export function encodeContent(parts: readonly ContentPart[], at: string, ledger: Ledger): string | Members[] {
  const told = ledger.own ? parts : parts.filter((part) => part.type !== 'text' || part.text !== '')
  for (const part of parts) if (!told.includes(part)) ledger.dropCache(part.cache, part.at ?? at)
  const encoded = told.flatMap((part, index) => encodePart(part, part.at ?? `${at}[${index}]`, ledger))
  const [only] = encoded
  if (only === undefined) return ''
  const isPlain = encoded.length === 1 && only['type'] === 'input_text' && Object.keys(only).length === 2
  return isPlain ? String(only['text']) : encoded
}

function encodePart(part: ContentPart, at: string, ledger: Ledger): Members[] {
  if (ledger.own && asideOfPart(part).item !== undefined) return listed(restorePart(part))
  ledger.dropExtras(part.extras, at)
  ledger.dropCache(part.cache, at)
  dropSignature(part, at, ledger)
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0)
        ledger.drop(`${at}.${ledger.paths.citations}`, 'a request has no place for citations')
      return [{ type: 'input_text', text: part.text }]
    case 'refusal':
      ledger.approximate(at, 'a refusal goes as plain text')
      return [{ type: 'input_text', text: part.text }]
    case 'image': {
      const url = urlOf(part.source)
      if (url === undefined) return refused(ledger, at, 'an image that is stored at another provider')
      return [{ type: 'input_image', image_url: url, detail: detailOf(part.detail, at, ledger) }]
    }
    case 'file':
      return encodeFile(part, at, ledger)
    case 'audio':
      return refused(ledger, at, 'audio has no place in a request of this wire')
    case 'opaque':
      return refused(ledger, at, `${part.kind} has no counterpart at the provider`)
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      return refused(ledger, at, `a ${part.type} cannot stand here`)
  }
}

/** A signature of anything but reasoning has no place here. */
export function dropSignature(part: ContentPart, at: string, ledger: Ledger): void {
  if (!ledger.own && part.type !== 'reasoning' && part.signature !== undefined)
    ledger.drop(`${at}.${ledger.paths.signature}`, 'the wire has signatures on reasoning alone')
}

/** The wire wants one of its own words. */
function detailOf(detail: string | undefined, at: string, ledger: Ledger): string {
  if (detail === undefined || details.has(detail)) return detail ?? 'auto'
  ledger.drop(`${at}.${ledger.paths.detail}`, 'a resolution hint that the wire has no word for')
  return 'auto'
}

function encodeFile(part: FilePart, at: string, ledger: Ledger): Members[] {
  const before: Members[] = []
  if (part.context !== undefined) {
    ledger.approximate(`${at}.${ledger.paths.context}`, 'sent as text before the document')
    before.push({ type: 'input_text', text: part.context })
  }
  if (part.cite === true) ledger.drop(`${at}.${ledger.paths.cite}`, 'the provider is not asked to cite')
  return [...before, ...encodeSource(part, at, ledger)]
}

function encodeSource(part: FilePart, at: string, ledger: Ledger): Members[] {
  const { source, name } = part
  switch (source.kind) {
    case 'base64':
      return [{ type: 'input_file', ...fileMembers(source), filename: name ?? defaultFileName }]
    case 'url':
      return [{ type: 'input_file', ...fileMembers(source), ...present({ filename: name }) }]
    case 'file':
      return refused(ledger, at, 'a document that is stored at another provider')
    case 'text':
      ledger.approximate(at, 'a text document is sent as text')
      dropName(part, at, ledger)
      return [{ type: 'input_text', text: source.text }]
    case 'parts':
      ledger.approximate(at, 'a document in parts is sent as its parts')
      dropName(part, at, ledger)
      return source.parts.flatMap((inner, index) =>
        encodePart(inner, inner.at ?? `${at}.source.content[${index}]`, ledger),
      )
  }
}

function dropName(part: FilePart, at: string, ledger: Ledger): void {
  if (part.name !== undefined) ledger.drop(`${at}.${fileNamePath(part, ledger.paths)}`, 'a text has no title')
}

function refused(ledger: Ledger, at: string, message: string): [] {
  ledger.refuse(at, message)
  return []
}

function listed(part: Members | undefined): Members[] {
  return part === undefined ? [] : [part]
}

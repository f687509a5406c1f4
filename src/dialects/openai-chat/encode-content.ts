// Canonical parts into content of this wire. Owns parts; which message they go to is decided elsewhere.
import type { CacheHint, ContentPart, FilePart } from '../../ir/content.ts'
import type { Ledger } from '../kit/ledger.ts'
import { asideOf, ownMembers, saidMembers, type Members } from './extras.ts'
import { fileNamePath } from '../kit/client-paths.ts'
import { urlOf } from '../kit/data-url.ts'
import { encodeFile } from './media.ts'
import { present } from '../kit/present.ts'
import { writeReasoning } from './reasoning.ts'
import { isObject } from '../../wire/json-parse.ts'

/** Content as a member of a message, with what of it stands beside: a cache breakpoint on the message. */
export interface EncodedContent {
  readonly content: string | readonly Members[] | undefined
  readonly beside: Members
}

/** Encodes the parts of one message; plain text alone is a string, which every provider takes. */
export function encodeContent(parts: readonly ContentPart[], at: string, ledger: Ledger): EncodedContent {
  const told = ledger.own ? parts : withoutEmptyText(parts)
  const encoded = told.flatMap((part, index) => encodePart(part, part.at ?? `${at}[${index}]`, ledger))
  const [only] = encoded
  const plain = encoded.length === 1 && only !== undefined && isPlainText(only)
  const last = parts.at(-1)
  const beside = ledger.own && asideOf(last?.cache?.extras).onMessage === true ? encodeCache(last?.cache) : {}
  if (encoded.length === 0) return { content: undefined, beside }
  return { content: plain ? String(only['text']) : encoded, beside }
}

function withoutEmptyText(parts: readonly ContentPart[]): readonly ContentPart[] {
  const told = parts.filter((part) => part.type !== 'text' || part.text !== '')
  return told.length > 0 ? told : parts.slice(0, 1)
}

function isPlainText(part: Members): boolean {
  return part['type'] === 'text' && Object.keys(part).length === 2
}

/** Encodes one part; nothing where it was lost or refused, two where a document's context stands before it. */
export function encodePart(part: ContentPart, at: string, ledger: Ledger): Members[] {
  ledger.dropExtras(part.extras, at)
  ledger.dropCache(part.cache, at)
  if (!ledger.own && part.signature && part.type !== 'reasoning')
    ledger.drop(`${at}.${ledger.paths.signature}`, 'the wire has signatures on reasoning and calls alone')
  const rest = ledger.own ? restOf(part) : {}
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0)
        ledger.drop(`${at}.${ledger.paths.citations}`, 'a request has no place for citations')
      return [{ type: 'text', text: part.text, ...rest }]
    case 'refusal':
      return [{ type: 'refusal', refusal: part.text, ...rest }]
    case 'image': {
      const url = urlOf(part.source)
      if (url === undefined) return refused(ledger, at, 'an image at another provider cannot be reached')
      return [withPayload('image_url', { url, ...present({ detail: part.detail }) }, rest)]
    }
    case 'audio':
      return [withPayload('input_audio', { data: part.data, format: part.format }, rest)]
    case 'file':
      return encodeDocument(part, at, ledger, rest)
    case 'reasoning':
      return encodeThinking(part, at, ledger)
    case 'opaque':
      if (ledger.own) return [part.value as Members]
      return refused(ledger, at, `${part.kind} has no counterpart at the provider`)
    case 'tool-call':
    case 'tool-result':
      return refused(ledger, at, `a ${part.type} cannot stand here`)
  }
}

function encodeThinking(part: ContentPart & { type: 'reasoning' }, at: string, ledger: Ledger): Members[] {
  const spelling = asideOf(part.extras).reasoning
  if (!ledger.own) ledger.drop(at, 'the wire has no field for reasoning in a request')
  if (!ledger.own || spelling?.part === undefined) return []
  const { content } = writeReasoning(spelling, part)
  return Array.isArray(content) ? (content as Members[]) : []
}

function encodeDocument(part: FilePart, at: string, ledger: Ledger, rest: Members): Members[] {
  if (ledger.own) return [withPayload('file', encodeFile(part) ?? {}, rest)]
  const before: Members[] = []
  if (part.context !== undefined) {
    ledger.approximate(`${at}.${ledger.paths.context}`, 'sent as text before the document')
    before.push({ type: 'text', text: part.context })
  }
  if (part.cite === true) ledger.drop(`${at}.${ledger.paths.cite}`, 'the provider is not asked to cite')
  return [...before, ...encodeForeignSource(part, at, ledger)]
}

function encodeForeignSource(part: FilePart, at: string, ledger: Ledger): Members[] {
  switch (part.source.kind) {
    case 'base64':
      return [{ type: 'file', file: encodeFile({ ...part, name: part.name ?? 'document.pdf' }) }]
    case 'text':
      ledger.approximate(at, 'a text document is sent as text')
      dropName(part, at, ledger)
      return [{ type: 'text', text: part.source.text }]
    case 'parts':
      ledger.approximate(at, 'a document in parts is sent as its parts')
      dropName(part, at, ledger)
      return part.source.parts.flatMap((inner, index) =>
        encodePart(inner, inner.at ?? `${at}.source.content[${index}]`, ledger),
      )
    case 'url':
      return refused(ledger, at, 'a document behind a link cannot be sent')
    case 'file':
      return refused(ledger, at, 'a document at another provider cannot be reached')
  }
}

function dropName(part: FilePart, at: string, ledger: Ledger): void {
  if (part.name !== undefined) ledger.drop(`${at}.${fileNamePath(part, ledger.paths)}`, 'a text has no title')
}

function refused(ledger: Ledger, at: string, message: string): [] {
  ledger.refuse(at, message)
  return []
}

/** What stands beside type and payload: a cache breakpoint, and members that only this wire knows. */
function restOf(part: ContentPart): Members {
  const cache = asideOf(part.cache?.extras).onMessage === true ? {} : encodeCache(part.cache)
  const { members } = asideOf(part.extras).message ?? { members: {} as Members }
  // What the message said is on its first part for loss reports, and goes back onto the message.
  const own = Object.entries(ownMembers(part.extras)).filter(([key]) => !(key in members))
  return { ...cache, ...Object.fromEntries(own) }
}

function encodeCache(cache: CacheHint | undefined): Members {
  if (cache === undefined) return {}
  const { breakpoint } = asideOf(cache.extras)
  if (breakpoint !== undefined) return { prompt_cache_breakpoint: breakpoint }
  return { cache_control: { type: 'ephemeral', ...present({ ttl: cache.ttl }), ...saidMembers(cache.extras) } }
}

/** Members of the payload that have no canonical name are kept below its key. */
function withPayload(key: string, payload: Members, rest: Members): Members {
  const { [key]: inner, ...others } = rest
  const value = isObject(inner) ? { ...payload, ...inner } : (inner ?? payload)
  return { type: key, [key]: value, ...others }
}

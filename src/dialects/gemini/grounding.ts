// Where an answer's text comes from: grounding and citation records as citations, and citations as grounding.
// Positions count bytes of UTF-8 on this wire and UTF-16 units in the canonical answer.
// https://ai.google.dev/api/generate-content#GroundingMetadata
import type { Citation } from '../../ir/content.ts'
import { countOf, present, textOf } from '../kit/present.ts'
import type { Members } from './extras.ts'
import { camelRecord, repeated } from './names.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Citations with the part of the content that they belong to; Google leaves the index out where it is 0. */
export interface PlacedCitation {
  readonly partIndex: number
  /** The member of the candidate that it stands in. */
  readonly in: string
  citation(text: string): Citation
}

/** Every citation of a candidate that names a source. */
export function decodeCitations(candidate: Members): PlacedCitation[] {
  const grounding = camelRecord(candidate['groundingMetadata'])
  const chunks = repeated(grounding['groundingChunks']).map(sourceOf)
  const supported = repeated(grounding['groundingSupports']).flatMap((value) => {
    const support = camelRecord(value)
    const segment = camelRecord(support['segment'])
    return repeated(support['groundingChunkIndices']).flatMap((index) => {
      const source = typeof index === 'number' ? chunks[index] : undefined
      return source === undefined ? [] : [placed(segment, source, { value, in: 'groundingMetadata' })]
    })
  })
  const cited = repeated(
    camelRecord(candidate['citationMetadata'])['citationSources'] ??
      camelRecord(candidate['citationMetadata'])['citations'],
  ).flatMap((value) => {
    const record = camelRecord(value)
    const source = present({ url: textOf(record['uri']), title: textOf(record['title']) })
    return source.url === undefined ? [] : [placed(record, source, { value, in: 'citationMetadata' })]
  })
  return [...supported, ...cited]
}

type Source = Pick<Citation, 'url' | 'title'>

function sourceOf(chunk: unknown): Source | undefined {
  const { web, retrievedContext, maps } = camelRecord(chunk)
  const record = camelRecord(web ?? retrievedContext ?? maps)
  const url = textOf(record['uri'])
  const title = textOf(record['title'])
  return url === undefined && title === undefined ? undefined : present({ url, title })
}

function placed(
  segment: Members,
  source: Source,
  { value, in: member }: { readonly value: unknown; readonly in: string },
): PlacedCitation {
  const end = countOf(segment['endIndex'])
  const start = countOf(segment['startIndex']) ?? (end === undefined ? undefined : 0)
  return {
    partIndex: countOf(segment['partIndex']) ?? 0,
    in: member,
    citation(text) {
      const range = start === undefined || end === undefined ? {} : rangeIn(text, start, end)
      return { ...source, ...present({ citedText: textOf(segment['text']) }), ...range, value }
    },
  }
}

function rangeIn(text: string, start: number, end: number): Pick<Citation, 'start' | 'end'> {
  const bytes = encoder.encode(text)
  if (start > end || end > bytes.length) return {}
  const before = decoder.decode(bytes.subarray(0, start)).length
  return { start: before, end: before + decoder.decode(bytes.subarray(start, end)).length }
}

/** A part with citations of another wire; `partIndex` is its place in the content that is sent. */
export interface CitedText {
  readonly partIndex: number
  readonly text: string
  readonly citations: readonly Citation[]
}

/** Foreign citations as `groundingMetadata`, and those that have no link and therefore no place in it. */
export function encodeGrounding(texts: readonly CitedText[]): {
  readonly metadata?: Members
  readonly lost: readonly Citation[]
} {
  const urls: string[] = []
  const groundingChunks: Members[] = []
  const lost: Citation[] = []
  const groundingSupports = texts.flatMap(({ partIndex, text, citations }) =>
    citations.flatMap((citation) => {
      const { url, title } = citation
      if (url === undefined) {
        lost.push(citation)
        return []
      }
      if (!urls.includes(url)) {
        urls.push(url)
        groundingChunks.push({ web: { uri: url, ...present({ title }) } })
      }
      const segment = { ...present({ partIndex: partIndex || undefined }), ...segmentOf(text, citation) }
      return [{ segment, groundingChunkIndices: [urls.indexOf(url)] }]
    }),
  )
  return { ...(urls.length > 0 && { metadata: { groundingChunks, groundingSupports } }), lost }
}

function segmentOf(text: string, { start, end, citedText }: Citation): Members {
  if (start === undefined || end === undefined || end > text.length || start > end) return present({ text: citedText })
  const startIndex = encoder.encode(text.slice(0, start)).length
  const covered = text.slice(start, end)
  const endIndex = startIndex + encoder.encode(covered).length
  return { ...present({ startIndex: startIndex || undefined }), endIndex, text: covered }
}

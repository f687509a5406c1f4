// Annotations of a message as citations of its text, both ways.
import type { Citation } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import type { Members } from './extras.ts'
import { countOf, present, textOf } from '../kit/present.ts'

/**
 * An annotation as a citation. One that is no `url_citation` (OpenRouter's files) keeps its record only.
 * @param base where the text part begins in the message's content
 */
export function decodeAnnotation(annotation: unknown, base = 0): Citation {
  const cited = isObject(annotation) && annotation['type'] === 'url_citation' ? annotation['url_citation'] : undefined
  if (!isObject(cited)) return { value: annotation }
  const start = countOf(cited['start_index'])
  const end = countOf(cited['end_index'])
  // OpenRouter says 0 to 0 where it does not know.
  const placed = start !== undefined && end !== undefined && end > start && start >= base
  return {
    ...present({ url: textOf(cited['url']), title: textOf(cited['title']), citedText: textOf(cited['content']) }),
    ...(placed && { start: start - base, end: end - base }),
    value: annotation,
  }
}

/** All annotations of a message, which stand at `at`; placeholders left out. */
export function decodeAnnotations(annotations: unknown, at: string): Citation[] {
  if (!Array.isArray(annotations) || isPlaceholder(annotations)) return []
  return (annotations as unknown[]).map((annotation, index) => ({
    ...decodeAnnotation(annotation),
    at: `${at}[${index}]`,
  }))
}

/** Where a cited text stands in the content of its message. */
export interface TextRange {
  readonly start: number
  readonly length: number
}

/**
 * The annotation for a citation of another wire; undefined where it has no link to show.
 * @see https://platform.openai.com/docs/api-reference/chat/object#chat/object-choices-message-annotations
 */
export function encodeCitation(citation: Citation, range: TextRange): Members | undefined {
  if (citation.url === undefined) return undefined
  return {
    type: 'url_citation',
    url_citation: {
      url: citation.url,
      title: citation.title ?? '',
      start_index: range.start + (citation.start ?? 0),
      end_index: range.start + (citation.end ?? range.length),
    },
  }
}

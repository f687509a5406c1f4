// Annotations of an output text as citations, both ways.
import type { Citation } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import type { Members } from './extras.ts'

/** An annotation as a citation: a link with its place in the text, or a file by its name. */
export function decodeAnnotation(annotation: unknown): Citation {
  if (!isObject(annotation)) return { value: annotation }
  const start = countOf(annotation['start_index'])
  const end = countOf(annotation['end_index'])
  const placed = start !== undefined && end !== undefined && end > start
  return {
    ...present({
      url: textOf(annotation['url']),
      title: textOf(annotation['title']) ?? textOf(annotation['filename']),
    }),
    ...(placed && { start, end }),
    value: annotation,
  }
}

/** All annotations of a text. */
export function decodeAnnotations(annotations: unknown): Citation[] {
  return listOf(annotations).map(decodeAnnotation)
}

/**
 * The annotation for a citation of another wire; undefined where it has no link to show.
 * @param length of the text that it stands in, for a citation that says no place
 * @see https://platform.openai.com/docs/api-reference/responses/object#responses/object-output
 */
export function encodeCitation(citation: Citation, length: number): Members | undefined {
  if (citation.url === undefined) return undefined
  return {
    type: 'url_citation',
    url: citation.url,
    title: citation.title ?? '',
    start_index: citation.start ?? 0,
    end_index: citation.end ?? length,
  }
}

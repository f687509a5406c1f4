// Media as links: data URLs and plain ones.
import type { MediaSource } from '../../ir/content.ts'

/**
 * Reads a link or data URL. Only a base64 one is split, and only so that `urlOf` gives the same text back.
 * @see https://www.rfc-editor.org/rfc/rfc2397
 */
export function sourceOf(url: string): MediaSource {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1
  const head = comma < 0 ? '' : url.slice('data:'.length, comma)
  if (!head.endsWith(';base64') || head.length === ';base64'.length) return { kind: 'url', url }
  return { kind: 'base64', mediaType: head.slice(0, -';base64'.length), data: url.slice(comma + 1) }
}

/** A medium as a URL; undefined for one that only its provider can find. */
export function urlOf(source: MediaSource): string | undefined {
  switch (source.kind) {
    case 'base64':
      return `data:${source.mediaType};base64,${source.data}`
    case 'url':
      return source.url
    case 'file':
      return undefined
  }
}

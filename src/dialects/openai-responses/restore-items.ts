// Parts that came from this wire, back into the items they stood in. Owns the way back; foreign parts go other ways.
import type { ContentPart, FilePart, ReasoningPart, ToolResultPart } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { urlOf } from '../kit/data-url.ts'
import { listOf, present } from '../kit/present.ts'
import { reasoningTexts, summarySeparator } from './decode-item.ts'
import { asideOf, asideOfPart, without, type ItemNote, type Members } from './extras.ts'

/** Whether a part knows the item that it stood in, or is one. */
export function isRestorable(part: ContentPart): boolean {
  return part.type === 'opaque' || asideOfPart(part).item !== undefined
}

/** The items of parts that all are restorable, in order. */
export function restoreItems(parts: readonly ContentPart[]): Members[] {
  const items: Members[] = []
  let group: ContentPart[] = []
  let key: number | undefined
  const flush = (): void => {
    const [first] = group
    if (first !== undefined) items.push(restoreItem(first, group))
    group = []
  }
  for (const part of parts) {
    const next = asideOfPart(part).item?.key
    if (next === undefined || next !== key) flush()
    group.push(part)
    key = next
  }
  flush()
  return items
}

function restoreItem(first: ContentPart, group: readonly ContentPart[]): Members {
  const { item, input } = asideOfPart(first)
  if (item === undefined) return first.type === 'opaque' && isObject(first.value) ? first.value : {}
  switch (first.type) {
    case 'tool-call': {
      const key = first.kind === 'custom' ? 'input' : 'arguments'
      return { call_id: first.id, ...item.members, name: first.name, [key]: input?.value ?? first.input }
    }
    case 'tool-result':
      return restoreResult(first, item)
    case 'reasoning':
      return restoreReasoning(first, item)
    default:
      return item.hollow === true ? item.members : { ...item.members, content: restoreContent(group, item) }
  }
}

function restoreResult(result: ToolResultPart, item: ItemNote): Members {
  const odd = asideOf(result.extras).input
  return {
    ...item.members,
    ...(result.callId !== '' && { call_id: result.callId }),
    output: odd === undefined ? restoreContent(result.parts, item) : odd.value,
  }
}

/** A reasoning item; its text goes back into the entries it came from, unless it has been changed. */
export function restoreReasoning(part: Pick<ReasoningPart, 'text' | 'signature'>, { members }: ItemNote): Members {
  const signed = present({ encrypted_content: part.signature })
  if (reasoningTexts(members).join(summarySeparator) === part.text) return { ...members, ...signed }
  const raw = listOf(members['summary']).length === 0 && listOf(members['content']).length > 0
  const entries = [{ type: raw ? 'reasoning_text' : 'summary_text', text: part.text }]
  const texts = raw ? { summary: [], content: entries } : { ...without(members, ['content']), summary: entries }
  return { ...members, ...texts, ...signed }
}

function restoreContent(parts: readonly ContentPart[], item: ItemNote): unknown {
  const [only] = parts
  if (item.plain === true && parts.length === 1 && only?.type === 'text') return only.text
  return parts.flatMap((part) => restorePart(part) ?? [])
}

/** A content part with everything that stood in it. */
export function restorePart(part: ContentPart): Members | undefined {
  const { part: kept = {}, bare = false } = asideOfPart(part)
  switch (part.type) {
    case 'text': {
      const annotations = part.citations?.map((citation) => citation.value)
      return { type: 'input_text', ...kept, text: part.text, ...(annotations !== undefined && { annotations }) }
    }
    case 'refusal':
      return { type: 'refusal', ...kept, refusal: part.text }
    case 'image': {
      const url = urlOf(part.source)
      const place = part.source.kind === 'file' ? { file_id: part.source.id } : present({ image_url: url })
      return { type: 'input_image', ...kept, ...place, ...present({ detail: part.detail }) }
    }
    case 'audio':
      return { type: 'input_audio', ...kept, input_audio: { data: part.data, format: part.format } }
    case 'file':
      return { type: 'input_file', ...kept, ...fileMembers(part.source, bare), ...present({ filename: part.name }) }
    case 'opaque':
      return isObject(part.value) ? part.value : undefined
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      return undefined
  }
}

/**
 * Where a file is, in this wire's members; nothing for a source that this wire does not have.
 * @param bare inline data goes without the head of a data URL
 */
export function fileMembers(source: FilePart['source'], bare = false): Members {
  switch (source.kind) {
    case 'file':
      return { file_id: source.id }
    case 'url':
      return { file_url: source.url }
    case 'base64':
      return { file_data: bare ? source.data : urlOf(source) }
    case 'text':
    case 'parts':
      return {}
  }
}

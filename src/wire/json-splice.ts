// Top-level edits of a JSON object by range: what is not edited keeps its bytes, its number spelling and its order.
import type { JsonDocument, Member } from './json-scan.ts'

/** One edit of a top-level member. `json` is JSON text. `set` adds the member at the end where it is absent. */
export type Edit =
  | { readonly type: 'set'; readonly key: string; readonly json: string }
  | { readonly type: 'remove'; readonly key: string }
  | { readonly type: 'rename'; readonly key: string; readonly to: string }

interface Cut {
  readonly start: number
  readonly end: number
  readonly text: string
}

const encoder = new TextEncoder()

/**
 * Applies edits to a document and returns the new body; with no edit that changes anything, the very same bytes.
 * At most one edit per key. Edits of absent members other than `set` do nothing.
 */
export function spliceJson(document: JsonDocument, edits: readonly Edit[]): Uint8Array {
  const present = new Map(document.members.map((member) => [member.key, member]))
  const effective = edits.filter((edit) => changes(document, present.get(edit.key), edit))
  if (effective.length === 0) return document.bytes
  if (effective.some((edit) => edit.type === 'remove')) return encoder.encode(rebuild(document, effective))
  const cuts = effective.flatMap((edit) => cutOf(present.get(edit.key), edit) ?? [])
  const added = effective.filter((edit) => !present.has(edit.key)).map(memberText)
  if (added.length > 0) cuts.push(addition(document, added))
  cuts.sort((left, right) => left.start - right.start)
  // Text offsets are byte offsets where all is ASCII, and then nothing has to be encoded again.
  return document.text.length === document.bytes.length
    ? spliceBytes(document.bytes, cuts)
    : encoder.encode(spliceText(document.text, cuts))
}

function changes(document: JsonDocument, member: Member | undefined, edit: Edit): boolean {
  if (member === undefined) return edit.type === 'set'
  return edit.type !== 'set' || document.text.slice(member.valueStart, member.valueEnd) !== edit.json
}

function cutOf(member: Member | undefined, edit: Edit): Cut | undefined {
  if (member === undefined || edit.type === 'remove') return undefined
  return edit.type === 'set'
    ? { start: member.valueStart, end: member.valueEnd, text: edit.json }
    : { start: member.keyStart, end: member.keyEnd, text: JSON.stringify(edit.to) }
}

// New members go behind the last one, in the order they were asked for.
function addition(document: JsonDocument, added: readonly string[]): Cut {
  const last = document.members.at(-1)
  const at = last?.valueEnd ?? document.text.indexOf('{') + 1
  return { start: at, end: at, text: (last === undefined ? '' : ',') + added.join(',') }
}

function memberText(edit: Edit): string {
  return edit.type === 'set' ? `${JSON.stringify(edit.key)}:${edit.json}` : ''
}

// Removal: every kept member keeps its text and the separator that stood before it.
function rebuild(document: JsonDocument, edits: readonly Edit[]): string {
  const { text, members } = document
  const kept: string[] = []
  let separators = ''
  members.forEach((member, index) => {
    const edit = edits.find((candidate) => candidate.key === member.key)
    if (edit?.type === 'remove') return
    const previous = members[index - 1]
    if (kept.length > 0 && previous !== undefined) separators = text.slice(previous.valueEnd, member.keyStart)
    const key = edit?.type === 'rename' ? JSON.stringify(edit.to) : text.slice(member.keyStart, member.keyEnd)
    const value = edit?.type === 'set' ? edit.json : text.slice(member.valueStart, member.valueEnd)
    kept.push((kept.length > 0 ? separators : '') + key + text.slice(member.keyEnd, member.valueStart) + value)
  })
  const known = new Set(members.map((member) => member.key))
  const added = edits.filter((edit) => edit.type === 'set' && !known.has(edit.key)).map(memberText)
  const comma = kept.length > 0 && added.length > 0 ? ',' : ''
  const start = members[0]?.keyStart ?? text.indexOf('{') + 1
  const end = members.at(-1)?.valueEnd ?? text.lastIndexOf('}')
  return text.slice(0, start) + kept.join('') + comma + added.join(',') + text.slice(end)
}

function spliceBytes(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array {
  const inserts = cuts.map((cut) => ({ start: cut.start, end: cut.end, bytes: encoder.encode(cut.text) }))
  const size = inserts.reduce((sum, insert) => sum - (insert.end - insert.start) + insert.bytes.length, bytes.length)
  const out = new Uint8Array(size)
  let read = 0
  let write = 0
  for (const insert of inserts) {
    out.set(bytes.subarray(read, insert.start), write)
    write += insert.start - read
    out.set(insert.bytes, write)
    write += insert.bytes.length
    read = insert.end
  }
  out.set(bytes.subarray(read), write)
  return out
}

function spliceText(text: string, cuts: readonly Cut[]): string {
  let out = ''
  let read = 0
  for (const cut of cuts) {
    out += text.slice(read, cut.start) + cut.text
    read = cut.end
  }
  return out + text.slice(read)
}

// Members put into the text of an object or a list, and taken out again, without touching what stands around them.
import type { Node } from 'jsonc-parser'
import { depthAt, formatted, lineLength, type Style } from './edit-format.ts'

/** A piece of text in the place of another one. */
export interface Splice {
  readonly offset: number
  readonly length: number
  readonly text: string
}

/** A value to put into a container. */
export interface Member {
  /** Undefined in a list. */
  readonly key: string | undefined
  readonly value: unknown
}

/** Applies splices that do not overlap. Of two at one place the later one in the list comes first in the text. */
export function spliced(text: string, splices: readonly Splice[]): string {
  return splices
    .toSorted((left, right) => right.offset - left.offset)
    .reduce(
      (before, { offset, length, text: put }) => before.slice(0, offset) + put + before.slice(offset + length),
      text,
    )
}

/** Whether a container stands on one line, and may have to be spread over several to take more. */
export function isOneLine(text: string, { offset, length }: Node): boolean {
  return !/[\r\n]/.test(text.slice(offset, offset + length))
}

/** New members behind the last one, and behind the comment on its line. */
export function insertion(text: string, parent: Node, members: readonly Member[], style: Style): Splice[] {
  const last = parent.children?.at(-1)
  const close = parent.offset + parent.length - 1
  const inside = text.slice(parent.offset + 1, close)
  const isInline = !/[\r\n]/.test(inside) && (last !== undefined || members.length === 1 || inside.trim() !== '')
  const outer = depthAt(text, parent.offset, style)
  const lineStart = style.eol + style.unit.repeat(outer + 1)
  const written = members.map(({ key, value }) => {
    const name = key === undefined ? '' : `${JSON.stringify(key)}: `
    return name + formatted(value, outer + 1, style)
  })
  if (last === undefined) return intoEmpty({ text, parent, written, outer, style })
  const end = last.offset + last.length
  const comma = commaAfter(text, end, close)
  const isShort =
    written.every((entry) => !entry.includes('\n')) && inside.length + written.join(', ').length < lineLength
  // What stands between its members would be lost on the way to lines of their own.
  if (isInline && (isShort || /\/[/*]/.test(inside))) {
    const at = comma ?? end
    const lead = comma === undefined ? ', ' : ' '
    return [{ offset: at, length: 0, text: `${lead}${written.join(', ')}${comma === undefined ? '' : ','}` }]
  }
  if (isInline) return spreadOut({ text, parent, written, outer, style })
  const at = endOfLine(text, comma ?? end, close)
  const entries = written.map(
    (entry, index) => `${lineStart}${entry}${index < written.length - 1 || comma !== undefined ? ',' : ''}`,
  )
  const tail = { offset: at, length: 0, text: entries.join('') }
  return comma === undefined ? [tail, { offset: end, length: 0, text: ',' }] : [tail]
}

interface Writing {
  readonly text: string
  readonly parent: Node
  readonly written: readonly string[]
  readonly outer: number
  readonly style: Style
}

function intoEmpty({ text, parent, written, outer, style }: Writing): Splice[] {
  const close = parent.offset + parent.length - 1
  // A comment in an otherwise empty object stays in front.
  const kept = text.slice(parent.offset + 1, close).trimEnd()
  const isShort =
    kept === '' &&
    written.join(', ').length < lineLength &&
    !written.some((entry) => entry.includes('\n')) &&
    parent.parent !== undefined
  const pad = parent.type === 'object' ? ' ' : ''
  const inner = isShort
    ? `${pad}${written.join(', ')}${pad}`
    : `${kept}${written.map((entry) => `${style.eol}${style.unit.repeat(outer + 1)}${entry}`).join(',')}${style.eol}${style.unit.repeat(outer)}`
  return [{ offset: parent.offset + 1, length: close - parent.offset - 1, text: inner }]
}

/** An object on one line that gets too long: one member a line from here on. */
function spreadOut({ text, parent, written, outer, style }: Writing): Splice[] {
  const start = style.eol + style.unit.repeat(outer + 1)
  const before = (parent.children ?? []).map((child) => text.slice(child.offset, child.offset + child.length))
  const open = text[parent.offset] ?? '{'
  const shut = text[parent.offset + parent.length - 1] ?? '}'
  const entries = [...before, ...written].map((entry) => `${start}${entry}`).join(',')
  const inner = `${open}${entries}${style.eol}${style.unit.repeat(outer)}${shut}`
  return [{ offset: parent.offset, length: parent.length, text: inner }]
}

/** Takes a member out, with its comma and what else stands behind it on its line; comments on other lines stay. */
export function removal(text: string, value: Node): readonly Splice[] {
  const node = value.parent?.type === 'property' ? value.parent : value
  const siblings = node.parent?.children ?? []
  const close = (node.parent?.offset ?? 0) + (node.parent?.length ?? text.length) - 1
  const end = node.offset + node.length
  const comma = commaAfter(text, end, close)
  const before = siblings[siblings.indexOf(node) - 1]
  const isLast = siblings.at(-1) === node
  const lineStart = text.lastIndexOf('\n', node.offset - 1) + 1
  const startsLine = lineStart > 0 && text.slice(lineStart, node.offset).trim() === ''
  const lineEnd = endOfLine(text, comma ?? end, close)
  const endsLine = /^[^\S\r\n]*(?:\r?\n)/.exec(text.slice(lineEnd, close + 1))?.[0]
  // The last one takes the comma before it along, unless it had one of its own.
  const dangling = isLast && comma === undefined && before !== undefined ? before.offset + before.length : undefined
  const commaBefore = dangling === undefined ? undefined : commaAfter(text, dangling, node.offset)
  if (startsLine && endsLine !== undefined) {
    const line = { offset: lineStart, length: lineEnd + endsLine.length - lineStart, text: '' }
    return commaBefore === undefined ? [line] : [line, { offset: commaBefore - 1, length: 1, text: '' }]
  }
  if (commaBefore !== undefined) return [{ offset: commaBefore - 1, length: end - commaBefore + 1, text: '' }]
  const gap = comma === undefined || isLast ? '' : (/^[^\S\r\n]*/.exec(text.slice(comma, close))?.[0] ?? '')
  return [{ offset: node.offset, length: (comma ?? end) - node.offset + gap.length, text: '' }]
}

/** The offset behind the comma that follows, comments in between allowed; undefined where none does. */
function commaAfter(text: string, from: number, close: number): number | undefined {
  // To the end of its line: a comma within a comment is none.
  const gap = /^(?:\s|\/\/[^\r\n]*[\r\n]|\/\*[\s\S]*?\*\/)*,/.exec(text.slice(from, close))
  return gap === null ? undefined : from + gap[0].length
}

/** Behind what else is on the line: a comment there belongs to what stands before it. */
function endOfLine(text: string, from: number, close: number): number {
  const rest =
    /^[^\S\r\n]*(?:\/\*(?:(?!\*\/)[^\r\n])*\*\/[^\S\r\n]*)*(?:\/\/[^\r\n]*)?/.exec(text.slice(from, close))?.[0] ?? ''
  return rest.trim() === '' ? from : from + rest.trimEnd().length
}

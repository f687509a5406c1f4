// How new text in a configuration is written: in the habits of what is there already.

/** How the writer indents and ends lines. */
export interface Style {
  readonly unit: string
  readonly eol: string
}

/** Longer lines are broken where that can be done. */
export const lineLength = 100

/** The habits of a text. */
export function styleOf(text: string): Style {
  const indent = /(?:^|[\r\n])([ \t]+)["'}\]/]/.exec(text)?.[1]
  const unit = indent === undefined ? '  ' : indent.startsWith('\t') ? '\t' : indent.slice(0, 8)
  return { unit, eol: text.includes('\r\n') ? '\r\n' : '\n' }
}

/** How deep the line is indented that a place stands on. */
export function depthAt(text: string, offset: number, { unit }: Style): number {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1
  const indent = /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? ''
  return Math.floor(indent.length / unit.length)
}

/** JSON on one line where it is short, else a member a line. */
export function formatted(value: unknown, depth: number, style: Style): string {
  const line = onOneLine(value)
  if (line.length + depth * style.unit.length <= lineLength || typeof value !== 'object' || value === null) return line
  const start = style.eol + style.unit.repeat(depth + 1)
  const end = style.eol + style.unit.repeat(depth)
  if (Array.isArray(value)) return `[${value.map((item) => start + formatted(item, depth + 1, style)).join(',')}${end}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${start}${JSON.stringify(key)}: ${formatted(member, depth + 1, style)}`)
  return `{${members.join(',')}${end}}`
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${JSON.stringify(key)}: ${onOneLine(member)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

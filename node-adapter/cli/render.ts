// JSON values for people: lists as aligned tables, objects as aligned names and values, one below the other.
import { isObject } from '../../src/wire/json-parse.ts'
import { fitWidths, longestWord, wrap } from './fit.ts'
import { clean, type Painter, type Style } from './terminal.ts'

const gap = '  '
const absent = '-'

/** A value as lines; `columns` picks and orders the columns of a list of objects. */
export function renderValue(value: unknown, painter: Painter, columns?: readonly string[]): readonly string[] {
  if (Array.isArray(value)) return renderList(value, painter, columns)
  if (isObject(value)) return renderObject(value, painter)
  return [scalarText(value)]
}

function renderList(items: readonly unknown[], painter: Painter, columns?: readonly string[]): readonly string[] {
  if (items.length === 0) return ['none']
  const rows = items.filter(isObject)
  if (rows.length < items.length) return items.map(cellText)
  return renderTable(rows, columns ?? columnsOf(rows), painter)
}

// A column that is empty in every row says nothing.
function columnsOf(rows: readonly Record<string, unknown>[]): readonly string[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)))
  return [...names].filter((name) => rows.some((row) => !isEmpty(row[name])))
}

/** Aligned columns under their names; numbers to the right. */
export function renderTable(
  rows: readonly Record<string, unknown>[],
  columns: readonly string[],
  painter: Painter,
): readonly string[] {
  const layout = columns.map((name) => ({
    name,
    width: Math.max(textWidth(name), ...rows.map((row) => textWidth(cellText(row[name])))),
    isNumeric: rows.every((row) => isEmpty(row[name]) || typeof row[name] === 'number'),
  }))
  const fitted = fit(layout, rows, painter)
  const header = fitted.map(({ name, width, isNumeric }) => ({
    lines: wrap(name, width).map((line) => painter.paint('bold', pad(line, width, isNumeric))),
    width,
  }))
  const lines = rows.map((row) =>
    fitted.map(({ name, width, isNumeric }) => ({
      lines: wrap(cellText(row[name]), width).map((line) => paintCell(row[name], pad(line, width, isNumeric), painter)),
      width,
    })),
  )
  return [header, ...lines].flatMap(stacked)
}

interface Column {
  readonly name: string
  readonly width: number
  readonly isNumeric: boolean
}

/** The columns as wide as the terminal lets them be. */
function fit(
  layout: readonly Column[],
  rows: readonly Record<string, unknown>[],
  { width: limit }: Painter,
): readonly Column[] {
  if (limit === undefined) return layout
  const measured = layout.map(({ name, width, isNumeric }) => ({
    width,
    isFixed: isNumeric,
    word: Math.max(longestWord(name), ...rows.map((row) => longestWord(cellText(row[name])))),
  }))
  const widths = fitWidths(measured, limit, gap.length)
  return layout.map((column, at) => ({ ...column, width: widths[at] ?? column.width }))
}

/** Cells of several lines side by side. */
function stacked(cells: readonly { readonly lines: readonly string[]; readonly width: number }[]): readonly string[] {
  const height = Math.max(0, ...cells.map(({ lines }) => lines.length))
  return Array.from({ length: height }, (_, at) =>
    cells
      .map(({ lines, width }) => lines[at] ?? ' '.repeat(width))
      .join(gap)
      .trimEnd(),
  )
}

function renderObject(object: Record<string, unknown>, painter: Painter): readonly string[] {
  const entries = Object.entries(object)
  if (entries.length === 0) return ['none']
  const width = Math.max(0, ...entries.filter(([, value]) => isInline(value)).map(([name]) => textWidth(clean(name))))
  return entries.flatMap(([name, value]) => {
    const label = painter.paint('bold', clean(name))
    if (isInline(value)) {
      const filled = painter.paint('bold', pad(clean(name), width, false))
      return [`${filled}${gap}${paintCell(value, cellText(value), painter)}`.trimEnd()]
    }
    return [label, ...renderValue(value, indented(painter)).map((line) => `${gap}${line}`)]
  })
}

function indented(painter: Painter): Painter {
  return painter.width === undefined ? painter : { ...painter, width: painter.width - gap.length }
}

/** Whether a value stands beside its name; lists of objects or of sentences, and objects, stand below it. */
function isInline(value: unknown): boolean {
  if (isEmpty(value)) return true
  if (!Array.isArray(value)) return !isObject(value)
  return !value.some((item) => isObject(item) || (value.length > 1 && cellText(item).includes(', ')))
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

/** Anything in one cell. */
function cellText(value: unknown): string {
  if (isEmpty(value)) return absent
  if (Array.isArray(value)) return value.map(cellText).join(', ')
  if (!isObject(value)) return scalarText(value)
  const members = Object.entries(value).filter(([, member]) => !isEmpty(member))
  return members.map(([name, member]) => `${clean(name)}=${cellText(member)}`).join(' ')
}

function scalarText(value: unknown): string {
  if (value === null || value === undefined) return absent
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return clean(String(value as string | number))
}

const styles: Readonly<Record<string, Style>> = {
  succeeded: 'green',
  failed: 'red',
  truncated: 'red',
  rejected: 'yellow',
  cancelled: 'yellow',
}

function paintCell(value: unknown, text: string, painter: Painter): string {
  if (text.trim() === absent) return painter.paint('dim', text)
  const style = typeof value === 'string' && Object.hasOwn(styles, value) ? styles[value] : undefined
  return style === undefined ? text : painter.paint(style, text)
}

function pad(text: string, width: number, toTheRight: boolean): string {
  const filling = ' '.repeat(Math.max(0, width - textWidth(text)))
  return toTheRight ? filling + text : text + filling
}

// By code point: good for everything but wide and combined characters, which names here hardly have.
function textWidth(text: string): number {
  return [...text].length
}

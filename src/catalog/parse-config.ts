// JSONC text to a plain value. Owns what the file format itself forbids; knows no key of the configuration.
import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser'
import { isExact } from './decimal.ts'
import { newReport, problemAt, type Path, type Problem, type Report } from './problem.ts'

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const maxDepth = 64
const maxCharacters = 8 * 1024 * 1024
const maxSyntaxErrors = 10
// They would change objects instead of being members of them.
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
// SyntaxKind.EOF: an ambient const enum, which single-file compilation cannot read.
const endOfFile = 17

/**
 * Parses a configuration file: JSON with comments and trailing commas.
 * Problems are syntax errors with line and column, duplicate or forbidden keys, numbers that cannot be held exactly.
 */
export function parseConfig(text: string): Parsed {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  if (source.length > maxCharacters) return failed(problemAt([], `larger than ${maxCharacters} characters`))
  // Before the parser, because that one recurses.
  const deep = tooDeepAt(source)
  if (deep !== undefined) return failed(problemAt([], `${position(source, deep)}: nested deeper than ${maxDepth}`))
  const errors: ParseError[] = []
  const tree = parseTree(source, errors, { allowTrailingComma: true })
  if (errors.length > 0 || tree === undefined) return { ok: false, problems: syntaxProblems(source, errors) }
  const report = newReport()
  const value = valueOf({ source, report }, tree, [])
  return report.problems.length > 0 ? { ok: false, problems: report.problems } : { ok: true, value }
}

function failed(problem: Problem): Parsed {
  return { ok: false, problems: [problem] }
}

function tooDeepAt(source: string): number | undefined {
  const scanner = createScanner(source, true)
  let depth = 0
  while (Number(scanner.scan()) !== endOfFile) {
    const offset = scanner.getTokenOffset()
    const first = source[offset]
    if (first === '{' || first === '[') depth++
    else if (first === '}' || first === ']') depth--
    if (depth > maxDepth) return offset
  }
  return undefined
}

function syntaxProblems(source: string, errors: readonly ParseError[]): Problem[] {
  if (errors.length === 0) return [problemAt([], 'empty')]
  const said = errors.slice(0, maxSyntaxErrors).map((error) => {
    // `CommaExpected` reads as `comma expected`.
    const words = printParseErrorCode(error.error).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`)
    return `${position(source, error.offset)}: ${words.toLowerCase()}`
  })
  // Each level that is open where a file ends misses its own brace there.
  return [...new Set(said)].map((message) => problemAt([], message))
}

function position(source: string, offset: number): string {
  const before = source.slice(0, offset).split(/\r\n|\r|\n/)
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
}

interface Reading {
  readonly source: string
  readonly report: Report
}

function valueOf(reading: Reading, node: Node, path: Path): unknown {
  if (node.type === 'object') return objectOf(reading, node, path)
  if (node.type === 'array') return (node.children ?? []).map((child, at) => valueOf(reading, child, [...path, at]))
  if (node.type === 'number') return numberOf(reading, node, path)
  return node.value as unknown
}

function objectOf(reading: Reading, node: Node, path: Path): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? []
    const key = String(keyNode?.value)
    const here = [...path, key]
    if (forbiddenKeys.has(key)) reading.report.problem(here, 'not accepted as a key')
    else if (Object.hasOwn(object, key)) reading.report.problem(here, 'duplicate key')
    else if (valueNode !== undefined) object[key] = valueOf(reading, valueNode, here)
  }
  return object
}

function numberOf(reading: Reading, node: Node, path: Path): number {
  const value = Number(node.value)
  const written = reading.source.slice(node.offset, node.offset + node.length)
  if (!isExact(written, value)) reading.report.problem(path, 'more digits than a number can hold exactly')
  return value
}

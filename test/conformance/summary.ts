// The end of a run in two tables: dialect by layer, and dialect by what the recordings exercise. Runs as a global setup
// of vitest, as the layers run in processes of their own and leave their counts in a folder.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countsFolder, type Count } from './layer-counts.ts'

let folder: string | undefined

/** Opens the folder that the layers of this run write to. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-conformance-'))
  process.env[countsFolder] = folder
}

/** Prints what is in it. Nothing where no layer ran. */
export function teardown(): void {
  if (folder === undefined) return
  const layers = readdirSync(folder)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder ?? '', file), 'utf8')) as LayerCounts)
  rmSync(folder, { recursive: true })
  if (layers.length === 0) return
  console.info(table('layer', layers.map(byLayer)))
  console.info(table('what the recordings hold', byFeature(layers.flatMap((layer) => layer.counts))))
  console.info('passed/known failures/skipped; a count of 0 at the end is left out')
}

interface LayerCounts {
  readonly name: string
  readonly counts: readonly Count[]
}

interface Row {
  readonly name: string
  readonly counts: readonly Count[]
}

function byLayer({ name, counts }: LayerCounts): Row {
  return { name, counts }
}

/** What the index of the recordings tags, as families; the first that matches counts. */
const families: readonly (readonly [string, RegExp])[] = [
  ['captured on several wires', /^parallel:/],
  ['error answers', /^error|^midstream-error/],
  ['asks: tools', /^req-(?:tools|tool-|no-parallel|strict)/],
  ['asks: images, audio, documents', /^req-(?:image|audio|document)/],
  ['asks: reasoning', /^req-(?:reasoning|redacted)/],
  ['asks: structured output', /^req-structured/],
  ['asks: caching', /^req-cache/],
  ["asks: a provider's own tools", /^req-(?:server-tool|mcp)/],
  ['asks: several answers', /^req-n$|^multi-choice/],
  ['asks: instructions, turns', /^req-(?:system|multiturn)/],
  ['asks: anything else', /^req-/],
  ['tool calls', /tool-call|^tool-|^parallel-tools|^text\+tool|^legacy-function|^stop:tool/],
  [
    "a provider's own tools",
    /^server-tool|^usage-server|^code-exec|^container|^url-context|^item:|_result$|^block:(?:server|mcp)/,
  ],
  ['citations, grounding', /citation|^grounding|^annotations/],
  ['reasoning', /thinking|^reasoning|redacted/],
  ['refusals, filters', /refus|safety|SAFETY|filter|guardrail|^content-no-parts|^stop-details/],
  ['usage, caching', /^usage|^prompt-cache|^delta-usage|tokens$|^traffic/],
  ['framing', /^sse|^ping|^obfuscation|^done|chunk|^ev:|^role/],
  ['text', /^text|^empty-text|^stop:/],
]

function byFeature(counts: readonly Count[]): Row[] {
  return families
    .map(([name], index): Row => {
      const isIts = (tag: string): boolean => families.findIndex(([, pattern]) => pattern.test(tag)) === index
      return { name, counts: counts.filter((count) => (count.exercises ?? []).some(isIts)) }
    })
    .filter((row) => row.counts.length > 0)
}

function table(title: string, rows: readonly Row[]): string {
  const dialects = [...new Set(rows.flatMap(({ counts }) => counts.map((count) => count.dialect)))].sort()
  const cells = rows.map(({ name, counts }) => [
    name,
    ...dialects.map((dialect) => cell(counts.filter((count) => count.dialect === dialect))),
  ])
  const lines = [[title, ...dialects], ...cells]
  const widths = [title, ...dialects].map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cell(counts: readonly Count[]): string {
  const of = (verdict: Count['verdict']): number => counts.filter((count) => count.verdict === verdict).length
  const numbers = [of('passed'), of('known'), of('skipped')]
  while (numbers.length > 1 && numbers.at(-1) === 0) numbers.pop()
  const failed = of('failed') === 0 ? '' : ` ${of('failed')} FAILED`
  return counts.length === 0 ? '' : numbers.join('/') + failed
}

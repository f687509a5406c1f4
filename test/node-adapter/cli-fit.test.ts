// Tables on narrow terminals: as wide as the terminal, and nothing left out.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { fitWidths, wrap } from '../../node-adapter/cli/fit.ts'
import { renderTable, renderValue } from '../../node-adapter/cli/render.ts'
import { root, runtimes } from './cli-harness.ts'

const plain = { paint: (_style: string, text: string) => text }
const rows = [
  { id: 'req_0123456789', message: 'the provider cannot be reached at the moment', ms: 12_345 },
  { id: 'req_9876543210', message: 'ok', ms: 1 },
]

describe('a table', () => {
  it('is as wide as its texts where nobody looks', () => {
    expect(renderTable(rows, ['id', 'message', 'ms'], plain)).toEqual([
      'id              message                                          ms',
      'req_0123456789  the provider cannot be reached at the moment  12345',
      'req_9876543210  ok                                                1',
    ])
  })

  it('breaks texts between words first, and keeps numbers and ids in one piece', () => {
    expect(renderTable(rows, ['id', 'message', 'ms'], { ...plain, width: 40 })).toEqual([
      'id              message               ms',
      'req_0123456789  the provider       12345',
      '                cannot be reached',
      '                at the moment',
      'req_9876543210  ok                     1',
    ])
  })

  it.each([20, 30, 45, 60, 200])('says the same at %d columns', (width) => {
    const lines = renderTable(rows, ['message'], { ...plain, width })
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
    expect(lines.join(' ')).toBe(`message ${rows[0]?.message} ok`)
  })
})

describe('a column', () => {
  it('becomes no narrower than it has to be, and the widest gives first', () => {
    const columns = [
      { width: 10, word: 10, isFixed: false },
      { width: 60, word: 12, isFixed: false },
      { width: 9, word: 9, isFixed: true },
    ]
    expect(fitWidths(columns, 200, 2)).toEqual([10, 60, 9])
    expect(fitWidths(columns, 50, 2)).toEqual([10, 27, 9])
    expect(fitWidths(columns, 10, 2)).toEqual([8, 8, 9])
  })
})

describe('a text', () => {
  it.each<[string, number, readonly string[]]>([
    ['short', 10, ['short']],
    ['one two three', 7, ['one two', 'three']],
    ['  --flag TEXT of a kind', 12, ['  --flag', '  TEXT of a', '  kind']],
    ['https://api.example.com/v1/models', 12, ['https://api.', 'example.com/', 'v1/models']],
    ['abcdefghijkl', 5, ['abcde', 'fghij', 'kl']],
    ['äöü€𝒳𝒴𝒵', 4, ['äöü€', '𝒳𝒴𝒵']],
    ['', 4, ['']],
  ])('%j in %d columns', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines)
  })
})

// `script` gives the command a terminal of its own.
describe.runIf(spawnSync('script', ['--version']).status === 0)('on a real terminal', () => {
  it.each([
    ['provider presets', 80],
    ['provider presets', 120],
    ['help provider add', 70],
  ])('%s fits %d columns', (words, columns) => {
    const command = `stty cols ${columns}; ${runtimes.node.join(' ')} ${words}`
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: root,
      env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', TERM: 'xterm', NO_COLOR: '1' },
      encoding: 'utf8',
    })
    // Sentences and examples are for the terminal to break; tables are ours.
    const table = stdout.split('\r\n').filter((line) => /\S {2,}\S/.test(line))
    expect(table.length).toBeGreaterThan(5)
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(columns)
  })
})

describe('a list of sentences', () => {
  it('stands below its name, one to a line, where a comma would not tell them apart', () => {
    const problems = ['routes.a: no provider "x", did you mean "b"?', 'routes.c: required']
    const lines = renderValue({ at: 'now', problems, names: ['one', 'two'] }, plain)
    expect(lines).toEqual(['at     now', 'problems', ...problems.map((line) => `  ${line}`), 'names  one, two'])
  })
})

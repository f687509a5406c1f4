// Every row of the fault catalogue that concerns providers has a test that is named by it, and so have the cases of routing.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { requireShared, sharedPath } from '../support/shared.ts'
import { streamRows } from './stream-rows.ts'
import { upstreamRows } from './upstream-rows.ts'

const tests = fileURLToPath(new URL('..', import.meta.url))

/** A name in the call of a test or of a suite, on the line of the call or alone on the next one; or the id of a row. */
const nameOnLine =
  /^\s*(?:id: |\[|(?:await )?(?:describe|it|test|check|rateLimit)\b[^'"`]*|\.\.\.rateLimit\()?['"`]([^'"`]*)/

/**
 * The ids in the names of tests and in the rows that become tests, by id: what stands in a comment or in another text of a
 * test does not count.
 */
function namedIds(): ReadonlySet<string> {
  const found = new Set<string>()
  for (const file of readdirSync(tests, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('coverage.test.ts')) continue
    for (const line of readFileSync(join(tests, file), 'utf8').split('\n')) {
      const [, name = ''] = nameOnLine.exec(line) ?? []
      for (const [id] of name.matchAll(/\b(?:F-\d{2}|T\d{2})\b/g)) found.add(id)
    }
  }
  return found
}

function idsIn(file: string, pattern: RegExp): string[] {
  return [...readFileSync(sharedPath('spec', file), 'utf8').matchAll(pattern)].map(([, id = '']) => id)
}

const concernsProviders = (id: string): boolean => {
  const number = Number(id.slice(2))
  return number <= 57 || (number >= 73 && number <= 84)
}

describe('the fault catalogue', () => {
  if (!requireShared('coverage of the fault catalogue')) {
    it.skip('needs the shared folder')
    return
  }
  const named = namedIds()

  it('has a test for each row that concerns providers', () => {
    const rows = idsIn('trust.md', /^\| (F-\d{2}) \|/gm).filter(concernsProviders)
    expect(rows).toHaveLength(69)
    expect(rows.filter((id) => !named.has(id))).toEqual([])
  })

  it('has a test for each field bug of routing', () => {
    const cases = idsIn('field-bugs.md', /^- \*\*(T3[5-9]|T40)\*\*/gm)
    expect(cases).toHaveLength(6)
    expect(cases.filter((id) => !named.has(id))).toEqual([])
  })
})

it.each(['bun', 'deno', 'workerd'] as const)('forty rows of the fault catalogue run on %s too', (runtime) => {
  const shown = [...upstreamRows, ...streamRows].filter(
    ({ everywhere, skip }) => everywhere === true && skip?.[runtime] === undefined,
  )
  expect(new Set(shown.map(({ id }) => id)).size).toBeGreaterThanOrEqual(40)
})

import { expect, test } from 'vitest'
import type { TraceRow } from '../../src/ports/index.ts'
import { appendStatements, listTraces } from '../../src/store/sql/queries.ts'
import { traceRow } from './contract.ts'

// https://developers.cloudflare.com/d1/platform/limits/
const maxD1Bytes = 2_000_000
const maxD1Parameters = 100

function bytes(value: unknown): number {
  return new TextEncoder().encode(String(value)).length
}

test.each(['bind', 'json'] as const)('appending 200 of the largest rows (%s) stays within the limits of D1', (bulk) => {
  const long = '漢'.repeat(70_000)
  const rows = Array.from({ length: 200 }, (_, index): TraceRow =>
    traceRow(`r${index}`, { path: long, inboundModel: '\u0001'.repeat(70_000), detail: long.slice(0, 65_000) }),
  )
  const statements = appendStatements(rows, bulk)
  for (const { sql, params } of statements) {
    expect(bytes(sql)).toBeLessThan(100_000)
    expect(params.length).toBeLessThanOrEqual(maxD1Parameters)
    for (const param of params) expect(bytes(param)).toBeLessThan(maxD1Bytes)
  }
  const ids = statements.flatMap(({ params }) =>
    bulk === 'bind' ? [params[0]] : (JSON.parse(String(params[0])) as unknown[][]).map((values) => values[0]),
  )
  expect(ids).toEqual(rows.map((row) => row.requestId))
})

test('ordinary rows go to D1 in one statement, and no rows in none', () => {
  const rows = Array.from({ length: 50 }, (_, index) => traceRow(`r${index}`))
  expect(appendStatements(rows, 'json').length).toBe(1)
  expect(appendStatements([], 'json')).toEqual([])
  expect(appendStatements([], 'bind')).toEqual([])
})

test('no value of a query is ever part of the SQL text', () => {
  const hostile = "x' OR 1=1 --"
  const { sql, params } = listTraces({ limit: 7, before: 12_345, route: hostile, provider: hostile, outcome: hostile })
  expect(sql).not.toMatch(/OR 1=1|12345|\b7\b/)
  expect(params).toEqual([7, 12_345, hostile, hostile, hostile])
})

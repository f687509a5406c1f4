// SqlExecutor over a D1 binding. D1 has no BEGIN: its batch is the transaction.
import type { SqlExecutor, SqlRow, SqlStatement, SqlValue } from '../../store/sql/executor.ts'

/** The part of D1Database that is used, so that this file compiles with and without Cloudflare's types. */
export interface D1Binding {
  prepare(sql: string): D1Statement
  batch(statements: D1Statement[]): Promise<readonly D1Answer[]>
}

interface D1Statement {
  bind(...values: unknown[]): D1Statement
  all(): Promise<D1Answer>
  run(): Promise<D1Answer>
}

interface D1Answer {
  readonly results: readonly unknown[]
  readonly meta: { readonly changes: number }
}

/** A D1 database as a SqlExecutor. Statements are prepared on D1's side, so there is no cache here. */
export function d1Executor(binding: D1Binding): SqlExecutor {
  function bound(sql: string, params: readonly SqlValue[]): D1Statement {
    const statement = binding.prepare(sql)
    return params.length === 0 ? statement : statement.bind(...params)
  }

  return {
    bulk: 'json',
    all: async (sql, params) => (await bound(sql, params).all()).results as readonly SqlRow[],
    run: async (sql, params) => ({ changes: (await bound(sql, params).run()).meta.changes }),
    batch: async (statements: readonly SqlStatement[]) => {
      if (statements.length === 0) return []
      const answers = await binding.batch(statements.map(({ sql, params }) => bound(sql, params)))
      return answers.map(({ meta }) => ({ changes: meta.changes }))
    },
    query: async (statements) => {
      if (statements.length === 0) return []
      const answers = await binding.batch(statements.map(({ sql, params }) => bound(sql, params)))
      return answers.map(({ results }) => results as readonly SqlRow[])
    },
  }
}

// The three methods that every SQL backend offers: the whole difference between D1 and a local file is behind them.

/** What may be bound or read. No booleans and no undefined: the runtimes disagree about both. Integers stay below 2^53. */
export type SqlValue = string | number | null | Uint8Array

export type SqlRow = Readonly<Record<string, unknown>>

export interface SqlStatement {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

export interface SqlChange {
  /** Rows that the statement inserted, updated or deleted. */
  readonly changes: number
}

/** Every promise rejects with the backend's own error; SQL text is always a constant, values are always bound. */
export interface SqlExecutor {
  /**
   * The better way to write many rows: `bind`, a statement each with bound values (in process; four times faster than
   * taking JSON apart), or `json`, all in one bound JSON text (D1, where each statement is a metered query of at most
   * 100 parameters).
   */
  readonly bulk: 'bind' | 'json'
  /** Runs one statement and returns its rows (SELECT, or a write with RETURNING). */
  all(sql: string, params: readonly SqlValue[]): Promise<readonly SqlRow[]>
  /** Runs one statement for its effect. */
  run(sql: string, params: readonly SqlValue[]): Promise<SqlChange>
  /** Runs the statements in order in one transaction: all of them or none. */
  batch(statements: readonly SqlStatement[]): Promise<readonly SqlChange[]>
  /** The same, with the rows of each statement: one round trip, and nobody else's step in between. */
  query(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]>
}

// D1 of Miniflare, called from outside workerd. Every statement is an object over there which Miniflare frees once nobody
// here refers to its stand-in, even while a call with it is on its way: the call then fails, on a busy machine.
// Workers never see this.
import type { Miniflare } from 'miniflare'
import { d1Executor, type D1Binding } from '../../src/adapters/workers/d1.ts'
import type { SqlExecutor } from '../../src/store/sql/executor.ts'

type Statement = ReturnType<D1Binding['prepare']>

/** A database that `miniflare` binds under this name. */
export async function d1Of(miniflare: Miniflare, name: string): Promise<SqlExecutor> {
  return d1Executor(held(await miniflare.getD1Database(name)))
}

/** The binding, with its statements referred to for as long as the binding is. */
function held(binding: D1Binding): D1Binding {
  const natives = new Map<Statement, Statement>()
  const kept = (native: Statement): Statement => {
    const statement: Statement = {
      bind: (...values) => kept(native.bind(...values)),
      all: () => native.all(),
      run: () => native.run(),
    }
    natives.set(statement, native)
    return statement
  }
  return {
    prepare: (sql) => kept(binding.prepare(sql)),
    batch: (statements) => binding.batch(statements.map((statement) => natives.get(statement) ?? statement)),
  }
}

// Where gateways of the contract agree in workerd: the object as it is deployed, and isolates that agree through D1. Time is
// what the test says it is, for all of them.
import { DurableObject } from 'cloudflare:workers'
import { d1Executor } from '../../src/adapters/workers/d1.ts'
import { isolateClock } from '../../src/adapters/workers/clock.ts'
import type { AdmitMessage, ProbeMessage, RenewMessage, ReportMessage } from '../../src/coordination/messages.ts'
import type { LockSelector } from '../../src/coordination/lock-selector.ts'
import { createSqlServer } from '../../src/coordination/sql-server.ts'
import { createAgreementStore } from '../../src/store/sql/agreement.ts'
import { parseJson } from '../../src/wire/json-parse.ts'

export { Coordinator } from '../../src/adapters/workers/coordinator.ts'

let time = 1_790_000_000_000
Date.now = () => time

/** What a Worker without the object does in one isolate. Its name is the database's binding, a slash, and what tells it apart. */
export class D1Isolate extends DurableObject<Record<string, D1Database>> {
  readonly #server = createSqlServer({
    store: createAgreementStore(d1Executor(this.#database())),
    parse: parseJson,
    clock: isolateClock,
    random: { next: () => Math.random(), id: () => crypto.randomUUID() },
  })

  #database(): D1Database {
    const database = this.env[(this.ctx.id.name ?? '').split('/')[0] ?? '']
    if (database === undefined) throw new Error('no such database')
    return database
  }

  admit(message: AdmitMessage) {
    return this.#server.admit(message)
  }
  report(message: ReportMessage) {
    return this.#server.report(message)
  }
  renew(message: RenewMessage) {
    return this.#server.renew(message)
  }
  claimProbe(message: ProbeMessage) {
    return this.#server.claimProbe(message)
  }
  view() {
    return this.#server.view()
  }
  resetLocks(selector: LockSelector) {
    return this.#server.resetLocks(selector)
  }
  resetBreaker(route: string, target: string, model?: string | null) {
    return this.#server.resetBreaker(route, target, model)
  }
}

export default {
  /** Lets so many milliseconds pass as the path says. */
  fetch(request: Request): Response {
    time += Number(new URL(request.url).pathname.slice(1))
    return new Response(null, { status: 204 })
  },
}

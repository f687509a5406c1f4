// How an isolate coordinates with the others: through what is bound, by what the configuration asks for.
import type { Snapshot } from '../../catalog/snapshot.ts'
import type { Coordinator } from '../../coordination/coordinator.ts'
import { chooseBackend } from '../../coordination/guarantees.ts'
import { createMemoryCoordinator } from '../../coordination/memory.ts'
import { createRemoteCoordinator } from '../../coordination/remote.ts'
import { createSqlServer } from '../../coordination/sql-server.ts'
import type { Ports } from '../../ports/index.ts'
import { createAgreementStore } from '../../store/sql/agreement.ts'
import { parseJson } from '../../wire/json-parse.ts'
import { d1Executor } from './d1.ts'
import { allObjects, objectFor, type CoordinatorBinding } from './durable-coordinator.ts'

export interface CoordinationBindings {
  readonly DB?: D1Database | undefined
  readonly COORDINATOR?: CoordinatorBinding | undefined
}

/** The coordinator of an isolate, or what is wrong with what the configuration asks for, in a sentence for operators. */
export function chooseCoordinator(
  { COORDINATOR, DB }: CoordinationBindings,
  { coordination, storage }: Pick<Snapshot, 'coordination' | 'storage'>,
  ports: Pick<Ports, 'clock' | 'random' | 'defer' | 'log'>,
): Coordinator | { readonly problem: string } {
  const place = { runtime: 'workerd', hasObject: COORDINATOR !== undefined, hasStore: DB !== undefined } as const
  const guarantee = chooseBackend(coordination, storage, place)
  if ('problem' in guarantee) return guarantee
  const { backend, scope, text } = guarantee
  ports.log.info('coordination', { backend, scope, guarantee: text })
  if (backend === 'durable_object' && COORDINATOR !== undefined)
    return createRemoteCoordinator({
      ...ports,
      guarantee,
      serverFor: (ask) => objectFor(COORDINATOR, ask),
      operators: () => allObjects(COORDINATOR),
    })
  if (backend === 'd1' && DB !== undefined) {
    const store = createAgreementStore(d1Executor(DB))
    const server = createSqlServer({ store, parse: parseJson, clock: ports.clock, random: ports.random })
    return createRemoteCoordinator({
      ...ports,
      guarantee,
      serverFor: () => ({ server }),
      operators: () => server,
    })
  }
  return createMemoryCoordinator(ports.clock, ports.random, guarantee)
}

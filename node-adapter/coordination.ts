// How a gateway of this machine coordinates: on its own, or with others on the same database file.
import type { CoordinationSettings, StorageSettings } from '../src/catalog/snapshot.ts'
import type { Coordinator, Guarantee } from '../src/coordination/coordinator.ts'
import { chooseBackend } from '../src/coordination/guarantees.ts'
import { createMemoryCoordinator } from '../src/coordination/memory.ts'
import { createRemoteCoordinator } from '../src/coordination/remote.ts'
import { createSqlServer } from '../src/coordination/sql-server.ts'
import type { AgreementStore, Ports } from '../src/ports/index.ts'
import { parseJson } from '../src/wire/json-parse.ts'

type Settings = Pick<CoordinationSettings, 'backend' | 'objects' | 'slice'>

/** What is wrong with what a configuration asks for here, for operators; undefined where nothing is. */
export function coordinationProblem(settings: Settings, storage: StorageSettings): string | undefined {
  const chosen = choose(settings, storage)
  return 'problem' in chosen ? chosen.problem : undefined
}

/** The coordinator of this process. Throws where the configuration asks for what is not to be had here. */
export function createCoordinator(
  settings: Settings,
  storage: StorageSettings,
  agreement: AgreementStore | undefined,
  ports: Pick<Ports, 'clock' | 'random' | 'defer' | 'log'>,
): Coordinator {
  const guarantee = choose(settings, storage)
  if ('problem' in guarantee) throw new Error(guarantee.problem)
  const { backend, scope, text } = guarantee
  ports.log.info('coordination', { backend, scope, guarantee: text })
  if (backend === 'memory' || agreement === undefined)
    return createMemoryCoordinator(ports.clock, ports.random, guarantee)
  const server = createSqlServer({ store: agreement, parse: parseJson, clock: ports.clock, random: ports.random })
  return createRemoteCoordinator({ ...ports, guarantee, serverFor: () => ({ server }), operators: () => server })
}

function choose(settings: Settings, storage: StorageSettings): Guarantee | { readonly problem: string } {
  return chooseBackend(settings, storage, { runtime: 'node', hasObject: false, hasStore: storage.kind === 'sqlite' })
}

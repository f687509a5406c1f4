// One operation from a checked input to its envelope, wherever it runs. The command line and MCP both come through here.
import type { Envelope, Operation } from '../../src/operations/operation.ts'
import { callGateway } from './gateway-client.ts'
import { choosePlace, type PlaceFlags } from './place.ts'

export interface VerbRun {
  readonly operation: Operation
  readonly input: unknown
  readonly place: PlaceFlags
  /** Told where the verb runs, before it does. */
  readonly onPlace?: (label: string) => void
}

/** Runs the operation at its place. Throws `CommandFailure` where it could not be run at all. */
export async function runVerb({ operation, input, place, onPlace }: VerbRun): Promise<Envelope> {
  if (operation.scope === 'nowhere' && place.url === undefined)
    return (await import('./in-process.ts')).runNowhere(operation, input)
  const chosen = await choosePlace(operation.scope, place)
  onPlace?.(chosen.label)
  if (chosen.kind === 'gateway') return callGateway(chosen.address, operation, input)
  return (await import('./in-process.ts')).runInProcess(operation, input, chosen.source)
}

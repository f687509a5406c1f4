// What the operations get to work with, the same inside a running gateway and on a command line.
import type { Limits, Snapshot } from '../catalog/snapshot.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import { withAliases } from '../engine/defaults.ts'
import { failed, type Outcome } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { OperationContext, RuntimeStatus } from '../operations/operation.ts'
import type { Ports } from '../ports/index.ts'
import { readJson } from '../wire/json-scan.ts'

export interface OperationSurface {
  readonly ports: Pick<Ports, 'clock' | 'secrets' | 'stores'>
  /** Absent where no gateway is running. */
  readonly status: (() => RuntimeStatus) | undefined
}

const encoder = new TextEncoder()

/** The context of one run, bound to one snapshot. */
export function operationContext({ ports, status }: OperationSurface, snapshot: Snapshot): OperationContext {
  return {
    snapshot,
    stores: ports.stores,
    clock: ports.clock,
    factsOf: (dialect, body) => factsOf(dialect, body, snapshot.server.limits),
    status,
    hasSecret: (name) => (ports.secrets.get(name) ?? '') !== '',
  }
}

// The steps of serving, in its order: scan, aliases, facts.
function factsOf(id: string, body: unknown, limits: Limits): Outcome<RequestFacts> {
  const known: Readonly<Record<string, Dialect>> = dialects
  const dialect = Object.hasOwn(known, id) ? known[id] : undefined
  if (dialect === undefined) return failed('invalid_value', { message: 'no such dialect', param: 'dialect' })
  const reading = readJson(encoder.encode(JSON.stringify(body)), {
    maxDepth: limits.maxJsonDepth,
    maxKeysPerObject: limits.maxKeysPerObject,
  })
  if (!reading.ok) return failed(reading.fault, { param: 'body' })
  const request = { path: dialect.paths[0] ?? '/', headers: new Headers(), body: reading.document }
  return dialect.facts(withAliases(request, dialect, limits))
}

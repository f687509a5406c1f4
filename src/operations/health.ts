// `health`: whether everything is as it should be, and what the gateway relies on.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { timeOf } from './credentials-view.ts'
import { defineOperation, type LockView, type RuntimeStatus } from './operation.ts'
import { coordinationOf } from './provider-lookup.ts'
import { targetsHealth, type TargetHealth } from './target-health.ts'

export const health = defineOperation({
  verb: 'health',
  tier: 'read',
  summary: 'Show whether the gateway is well: store, coordination, configuration, and what is left out after failures.',
  examples: ['health', 'health --json'],
  scope: 'gateway',
  positional: [],
  needsStores: true,
  isBad: (data) => (data as { readonly status?: unknown } | null)?.status === 'failing',
  input: z.strictObject({}),
  output: z.strictObject({
    status: z
      .enum(['ok', 'degraded', 'failing'])
      .describe(
        'Degraded: something is left out or refused; failing: a route has no target left, or the store is away',
      ),
    version: z.string(),
    runtime: z.string(),
    store: z.strictObject({ kind: z.string(), ok: z.boolean() }),
    coordination: z.strictObject({
      backend: z.string(),
      scope: z.string().describe('Who shares locks, breakers, probes and concurrency limits'),
      guarantee: z.string(),
      slots: z.record(z.string(), z.int()).describe('Concurrency slots in use, by name'),
    }),
    config: z.strictObject({
      revision: z.string(),
      loaded_at: z.iso.datetime().nullable(),
      config_rejected: z.boolean().describe('A newer configuration was refused, and this one stays in use'),
      rejected: z
        .strictObject({ at: z.iso.datetime(), problems: z.array(z.string()) })
        .nullable()
        .describe('The last configuration that was refused; the one before it is still in use'),
      needs_restart: z.array(z.string()),
    }),
    targets: z.strictObject({ all: z.int(), usable: z.int() }),
    routes_failing: z.array(z.string()).describe('Routes without a target that may be used now'),
    breakers: z.strictObject({ open: z.int(), half_open: z.int() }),
    locks: z.strictObject({ accounts: z.int(), models: z.int(), targets: z.int() }),
    dropped: z
      .strictObject({ traces: z.int(), accesses: z.int() })
      .describe('Rows that the store did not take in time'),
    egress: z.strictObject({
      dns_pinning: z.enum(['supported', 'unsupported']),
      proxies: z.enum(['supported', 'unsupported']),
    }),
  }),
  run: async (context) => {
    const runtime = context.status?.()
    if (runtime === undefined) throw new GatewayError('not_configured', { message: 'no gateway is running here' })
    const control = coordinationOf(context)
    const [sight, storeOk] = await Promise.all([control.look(), answers(context.stores.ledger.check())])
    const targets = targetsHealth(context, sight)
    const failing = failingRoutes(targets)
    const isRejected = (runtime.config?.rejected ?? null) !== null
    const isWhole = targets.every(({ trouble }) => trouble === null)
    const isCalm = isWhole && sight.locks.length === 0 && !isRejected
    const { backend, scope, text } = control.guarantee
    return {
      status: !storeOk || failing.length > 0 ? ('failing' as const) : isCalm ? ('ok' as const) : ('degraded' as const),
      version: runtime.version,
      runtime: runtime.runtime,
      store: { kind: runtime.storeKind ?? context.snapshot.storage.kind, ok: storeOk },
      coordination: { backend, scope, guarantee: text, slots: Object.fromEntries(sight.slots) },
      config: configOf(runtime, context.snapshot.revision),
      targets: { all: targets.length, usable: targets.filter(({ trouble }) => trouble === null).length },
      routes_failing: failing,
      breakers: { open: phases(targets, 'open'), half_open: phases(targets, 'half_open') },
      locks: {
        accounts: on(sight.locks, 'account'),
        models: on(sight.locks, 'model'),
        targets: on(sight.locks, 'target'),
      },
      dropped: { traces: runtime.traces.dropped, accesses: runtime.accesses?.dropped ?? 0 },
      egress: { dns_pinning: support(runtime.egress?.dnsPinning), proxies: support(runtime.egress?.proxies) },
    }
  },
})

function configOf({ config }: RuntimeStatus, revision: string) {
  const rejected = config?.rejected ?? null
  return {
    revision,
    loaded_at: timeOf(config?.loadedAt),
    config_rejected: rejected !== null,
    rejected: rejected === null ? null : { at: new Date(rejected.at).toISOString(), problems: [...rejected.problems] },
    needs_restart: [...(config?.needsRestart ?? [])],
  }
}

function failingRoutes(targets: readonly TargetHealth[]): string[] {
  const routes = new Set(targets.flatMap(({ route }) => (route === null ? [] : [route])))
  for (const { route, trouble } of targets) if (route !== null && trouble === null) routes.delete(route)
  return [...routes]
}

function phases(targets: readonly TargetHealth[], phase: TargetHealth['phase']): number {
  return targets.filter((target) => target.phase === phase).length
}

function on(locks: readonly LockView[], place: LockView['on']): number {
  return locks.filter((lock) => lock.on === place).length
}

function support(ability: boolean | undefined): 'supported' | 'unsupported' {
  return ability === true ? 'supported' : 'unsupported'
}

function answers(check: Promise<unknown>): Promise<boolean> {
  return check.then(
    () => true,
    () => false,
  )
}

// `status`: what a running gateway says of itself.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { defineOperation, type ConfigStatus } from './operation.ts'

const supportValues = ['supported', 'unsupported'] as const

function support() {
  return z.enum(supportValues)
}

function supportOf(ability: boolean | undefined): (typeof supportValues)[number] {
  return ability === true ? 'supported' : 'unsupported'
}

export const status = defineOperation({
  verb: 'status',
  tier: 'read',
  summary: 'Show what the running gateway says of itself: version, uptime, requests in flight, store.',
  examples: ['status', 'status --url https://gateway.example.com'],
  scope: 'gateway',
  positional: [],
  needsStores: true,
  input: z.strictObject({}),
  output: z.strictObject({
    version: z.string(),
    runtime: z.string(),
    url: z.string().nullable(),
    pid: z.int().nullable(),
    started_at: z.iso.datetime(),
    uptime_ms: z.number(),
    revision: z.string().describe('Of the configuration in use'),
    config: z
      .strictObject({
        source: z.enum(['file', 'variable', 'store']),
        name: z.string().nullable().describe('The path of the file, or the name of the variable'),
        loaded_at: z.iso.datetime(),
        config_rejected: z.boolean().describe('A newer configuration was refused, and this one stays in use'),
        rejected: z.strictObject({ at: z.iso.datetime(), problems: z.array(z.string()) }).nullable(),
        needs_restart: z.array(z.string()).describe('Settings that were changed and take another start'),
      })
      .nullable(),
    in_flight: z.int(),
    store: z.strictObject({ kind: z.string(), ok: z.boolean() }),
    traces: z.strictObject({ queued: z.int(), dropped: z.int(), failed: z.int() }),
    accesses: z
      .strictObject({ queued: z.int(), dropped: z.int(), failed: z.int() })
      .describe('Rows of the audit of looks at secrets'),
    egress: z.strictObject({
      dns_pinning: support().describe('Connections go to an address that was screened, whatever its name says later'),
      proxies: support().describe('HTTP CONNECT proxies'),
    }),
  }),
  run: async ({ snapshot, stores, clock, status: runtime }) => {
    if (runtime === undefined) throw new GatewayError('not_configured', { message: 'no gateway is running here' })
    const now = runtime()
    return {
      version: now.version,
      runtime: now.runtime,
      url: now.url,
      pid: now.pid,
      started_at: new Date(now.startedAt).toISOString(),
      uptime_ms: Math.max(0, clock.now() - now.startedAt),
      revision: snapshot.revision,
      config: now.config === undefined ? null : configOf(now.config),
      in_flight: now.inFlight,
      store: {
        kind: now.storeKind ?? snapshot.storage.kind,
        ok: await stores.ledger.check().then(
          () => true,
          () => false,
        ),
      },
      traces: { queued: now.traces.queued, dropped: now.traces.dropped, failed: now.traces.failed },
      accesses: {
        queued: now.accesses?.queued ?? 0,
        dropped: now.accesses?.dropped ?? 0,
        failed: now.accesses?.failed ?? 0,
      },
      egress: { dns_pinning: supportOf(now.egress?.dnsPinning), proxies: supportOf(now.egress?.proxies) },
    }
  },
})

function configOf({ source, loadedAt, needsRestart, rejected }: ConfigStatus) {
  return {
    source: source.kind,
    name: source.name,
    loaded_at: new Date(loadedAt).toISOString(),
    config_rejected: rejected !== null,
    rejected: rejected && { at: new Date(rejected.at).toISOString(), problems: [...rejected.problems] },
    needs_restart: [...needsRestart],
  }
}

// `provider status`: breakers, counts, failures and speed of every target, as far as a running gateway knows them.
import { z } from 'zod'
import { timeOf } from './credentials-view.ts'
import { defineOperation } from './operation.ts'
import { coordinationOf } from './provider-lookup.ts'
import { targetsHealth, type TargetHealth } from './target-health.ts'

const lockOutput = z.strictObject({
  on: z.enum(['account', 'model', 'target']),
  account: z.string().nullable(),
  reason: z.string().describe('The code of the failure'),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  failures: z.int().describe('Failures in a row that led here'),
  permanent: z.boolean().describe('It does not pass by itself, so each further failure locks for twice as long'),
})

const targetStatus = z.strictObject({
  route: z.string().nullable().describe('Null: a provider that is named directly'),
  target: z.string(),
  provider: z.string(),
  model: z.string().describe('The id at the provider; "*" stands for all that nobody has asked for yet'),
  state: z.enum(['closed', 'open', 'half_open']).describe('Of its circuit breaker'),
  open_until: z.iso.datetime().nullable(),
  probing: z.boolean().describe('Half open, and a request is finding out at this moment'),
  consecutive_failures: z.int(),
  last_failure: z.strictObject({ code: z.string(), at: z.iso.datetime() }).nullable(),
  requests: z.int().describe('Answers and failures since the gateway started or the last reset'),
  succeeded: z.int(),
  failed: z.int(),
  error_percent: z.number(),
  average_ms: z.int().nullable().describe('Null: none yet'),
  in_flight: z.int(),
  first_content_ms: z.int().nullable().describe('A moving average of streams'),
  total_ms: z.int().nullable().describe('A moving average of answers that came whole'),
  accounts: z.int(),
  accounts_ready: z.int().describe('Those that are not left out'),
  locks: z.array(lockOutput).describe('What keeps requests away besides the breaker'),
})

export type TargetStatus = z.output<typeof targetStatus>

export const providerStatus = defineOperation({
  verb: 'provider status',
  tier: 'read',
  summary: 'Show the circuit breaker, the counts, the locks and the speed of every target.',
  examples: ['provider status', 'provider status fast --json'],
  scope: 'gateway',
  positional: ['route'],
  columns: ['route', 'target', 'model', 'state', 'open_until', 'requests', 'error_percent', 'average_ms', 'in_flight'],
  input: z.strictObject({ route: z.string().min(1).optional().describe('Only the targets of this route') }),
  output: z.array(targetStatus),
  run: async (context, { route }) => {
    const sight = await coordinationOf(context).look()
    return targetsHealth(context, sight, route).map((row) => viewOf(row, sight.wall))
  },
})

function viewOf(row: TargetHealth, wall: (time: number) => number): z.input<typeof targetStatus> {
  const { breaker } = row
  return {
    route: row.route,
    target: row.target.name,
    provider: row.target.provider,
    model: row.model,
    state: row.phase,
    open_until: row.phase === 'open' ? timeOf(wall(breaker.until)) : null,
    probing: row.isProbed,
    consecutive_failures: breaker.consecutive,
    last_failure:
      breaker.lastFailure === null
        ? null
        : { code: breaker.lastFailure.code, at: new Date(wall(breaker.lastFailure.at)).toISOString() },
    requests: breaker.requests,
    succeeded: breaker.requests - breaker.failures,
    failed: breaker.failures,
    error_percent: percentOf(breaker.failures, breaker.requests),
    average_ms: breaker.requests === 0 ? null : Math.round(breaker.totalMs / breaker.requests),
    in_flight: row.inFlight,
    first_content_ms: row.firstContentMs,
    total_ms: row.totalMs,
    accounts: row.accounts.all,
    accounts_ready: row.accounts.ready,
    locks: row.locks.map((lock) => ({
      on: lock.on,
      account: lock.account,
      reason: lock.reason,
      since: new Date(lock.since).toISOString(),
      until: new Date(lock.until).toISOString(),
      failures: lock.failures,
      permanent: lock.isPermanent === true,
    })),
  }
}

/** With two decimals. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100
}

// `accounts list`: which accounts there are, which of them are left out, until when and why. Never a value of a secret.
import { z } from 'zod'
import type { ProviderRecord } from '../catalog/snapshot.ts'
import { credentialPlace } from './credentials-view.ts'
import { defineOperation, type CoordinationSight, type LockView } from './operation.ts'
import { coordinationOf, findProvider } from './provider-lookup.ts'

const lockOutput = z.strictObject({
  model: z.string().nullable().describe('Null: every model of the account'),
  region: z.string().nullable(),
  reason: z.string().describe('The code of the failure'),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  failures: z.int().describe('Failures in a row that led here'),
})

export const accountsList = defineOperation({
  verb: 'accounts list',
  tier: 'read',
  summary: 'List the accounts of the running gateway with what is left out at the moment, until when and why.',
  examples: ['accounts list', 'accounts list openai --json'],
  scope: 'gateway',
  positional: ['provider'],
  columns: ['provider', 'account', 'priority', 'selection', 'state', 'locked_until', 'reason', 'last_used_at'],
  input: z.strictObject({ provider: z.string().min(1).optional().describe('Only the accounts of this provider') }),
  output: z.array(
    z.strictObject({
      provider: z.string(),
      account: z.string().nullable().describe('Null: what holds for the provider whatever account is used'),
      priority: z.int().nullable().describe('Lower is used first'),
      selection: z.string(),
      state: z.enum(['ready', 'partly_locked', 'locked']),
      locked_until: z.iso.datetime().nullable().describe('When the last of its locks ends'),
      reason: z.string().nullable(),
      credential: z.string().nullable().describe('Where the secret comes from'),
      last_used_at: z.iso.datetime().nullable(),
      attempts: z.int(),
      failures: z.int(),
      auth_failures: z.int().describe('Failures where the provider refused the credential'),
      locks: z.array(lockOutput),
    }),
  ),
  run: async (context, { provider }) => {
    const sight = await coordinationOf(context).look()
    const { snapshot } = context
    const shown =
      provider === undefined ? [...snapshot.providers.values()] : [findProvider(context, provider, 'provider')]
    return shown.flatMap((record) => rowsOf(record, sight))
  },
})

function rowsOf(provider: ProviderRecord, sight: CoordinationSight) {
  const locks = sight.locks.filter((lock) => lock.provider === provider.id)
  const ids = provider.accounts.map((account) => account.id)
  const shared = locks.filter((lock) => lock.account === null || !ids.includes(lock.account))
  const rows = provider.accounts.map((account) =>
    rowOf(
      provider,
      account.id,
      locks.filter((lock) => lock.account === account.id),
      sight,
    ),
  )
  return shared.length === 0 ? rows : [...rows, rowOf(provider, null, shared, sight)]
}

function rowOf(provider: ProviderRecord, id: string | null, locks: readonly LockView[], sight: CoordinationSight) {
  const account = provider.accounts.find((candidate) => candidate.id === id)
  const tally = id === null ? undefined : sight.tally(provider.id, id)
  const last = locks.toSorted((left, right) => right.until - left.until)[0]
  const isWhole = locks.some((lock) => lock.on === 'account')
  return {
    provider: provider.id,
    account: id,
    priority: account?.priority ?? null,
    selection: selectionOf(provider),
    state: isWhole ? ('locked' as const) : locks.length > 0 ? ('partly_locked' as const) : ('ready' as const),
    locked_until: last === undefined ? null : instant(last.until),
    reason: last?.reason ?? null,
    credential: account?.credential ? credentialPlace(account.credential.recipe) : null,
    last_used_at: tally === undefined ? null : instant(tally.lastUsedAt),
    attempts: tally?.attempts ?? 0,
    failures: tally?.failures ?? 0,
    auth_failures: tally?.authFailures ?? 0,
    locks: locks.map(({ model, region, reason, since, until, failures }) => ({
      model,
      region,
      reason,
      since: instant(since),
      until: instant(until),
      failures,
    })),
  }
}

function selectionOf({ selection, sticky }: ProviderRecord): string {
  return selection === 'round_robin' && sticky > 1 ? `round_robin of ${sticky}` : selection
}

function instant(ms: number): string {
  return new Date(ms).toISOString()
}

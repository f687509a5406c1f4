// Keys in environment variables and in the file: looked at with every request, at once, so that a changed one is used at
// once. Nothing is awaited on this way.
import type { CredentialRecord, SecretSource } from '../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import { Secret } from '../ir/secret.ts'
import type { AccessAudit } from './access-audit.ts'
import { maxEntries, type AccessReason } from './cache.ts'
import type { HandedOut, Use } from './handed-out.ts'
import type { Lease, LeaseFor } from './keeper.ts'
import { isValue } from './print.ts'
import type { CredentialPorts } from './recipe.ts'
import { inlineText } from './sources/inline.ts'
import type { RotationMemory } from './rotation-memory.ts'
import { rotationDue, type CredentialState } from './state.ts'

export type PlainSource = Extract<SecretSource, { readonly source: 'env' | 'inline' }>

/** The source of a credential that is nothing but a variable or a text of the file. */
export function plainSource({ recipe }: CredentialRecord): PlainSource | undefined {
  if (recipe.type !== 'api_key') return undefined
  const { secret } = recipe
  return secret.source === 'env' || secret.source === 'inline' ? secret : undefined
}

export interface PlainKeys {
  /** The key as it is now. Fails with `missing_credential`. */
  lease(credential: CredentialRecord, source: PlainSource, asked: LeaseFor): Outcome<Lease>
  /** Looks, and leaves a row in the audit. */
  check(credential: CredentialRecord, source: PlainSource): Outcome<Lease>
  /** Looks again at every key that was used before. */
  reread(): void
  states(): CredentialState[]
}

/** What was seen last; `value` is null where there was none. */
interface Seen {
  readonly record: CredentialRecord
  readonly value: Secret | null
  readonly answer: Outcome<Lease> | undefined
  readonly use: Use
  /** Unix milliseconds. */
  changedAt: number
}

interface Deps {
  readonly ports: CredentialPorts
  readonly audit: AccessAudit
  readonly handedOut: HandedOut
  readonly memory: RotationMemory
  /** Hears the id of a credential whose value has become another. */
  readonly onChange: (id: string) => void
}

/** The plain keys of one gateway. */
export function createPlainKeys({ ports, audit, handedOut, memory, onChange }: Deps): PlainKeys {
  const seen = new Map<string, Seen>()

  function look(credential: CredentialRecord, source: PlainSource, reason?: AccessReason): Seen {
    const { id } = credential
    const present = seen.get(id)
    const value = source.source === 'env' ? (ports.secrets.get(source.env) ?? '') : inlineText(source)
    const now = ports.clock.now()
    if (present !== undefined && isValue(present.value, value)) {
      handedOut.touch(present.use, now)
      if (reason !== undefined) note(id, source, reason, present)
      return present.record === credential ? present : keep({ ...present, record: credential })
    }
    const secret = value === '' ? null : new Secret(id, value)
    const made: Seen = {
      record: credential,
      value: secret,
      answer:
        secret === null ? undefined : ok({ material: { kind: 'token', secret }, credential: id, renewable: false }),
      use: handedOut.add(secret === null ? [] : [secret], now),
      changedAt: now,
    }
    if (present !== undefined && secret !== null) onChange(id)
    note(id, source, reason ?? (present === undefined ? 'first' : 'rotation'), made)
    if (secret !== null && credential.rotationMs !== null) ports.defer(recall(made, secret))
    return keep(made)
  }

  async function recall(made: Seen, secret: Secret): Promise<void> {
    made.changedAt = await memory.seenSince(made.record, [secret], made.changedAt)
  }

  function keep(made: Seen): Seen {
    const { id } = made.record
    seen.set(id, made)
    if (seen.size > maxEntries) for (const oldest of [...seen.keys()].slice(0, 1)) seen.delete(oldest)
    return made
  }

  function note(credential: string, { source }: PlainSource, reason: AccessReason, found: Seen): void {
    const outcome = found.value === null ? 'missing_credential' : 'ok'
    audit.write({ at: ports.clock.now(), credential, source, reason, outcome, durationMs: 0 })
  }

  return {
    lease(credential, source, { provider, account }) {
      const { answer } = look(credential, source)
      return answer ?? missing(source, `account ${provider}/${account.id}`)
    },
    check(credential, source) {
      const { answer } = look(credential, source, 'check')
      return answer ?? missing(source, `credential ${credential.id}`)
    },
    reread() {
      for (const { record } of seen.values()) {
        const source = plainSource(record)
        // A key that stands in the file belongs to the record itself.
        if (source?.source === 'env') look(record, source)
      }
    },
    states: () =>
      [...seen.values()].map(({ record, value, use, changedAt }) => ({
        id: record.id,
        cached: value !== null,
        expiresAt: null,
        readAt: use.usedAt,
        changedAt,
        rotationDue: rotationDue(record, changedAt, ports.clock.now()),
        problem: value === null ? 'missing_credential' : null,
      })),
  }
}

function missing(source: PlainSource, whose: string): Outcome<never> {
  const what = source.source === 'env' ? `the environment variable ${source.env}` : 'the key in the file'
  return failed('missing_credential', { message: `${what} of ${whose} is not set` })
}

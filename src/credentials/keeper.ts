// The keys behind the accounts: asked for when a request needs one, kept for as long as they may be, dropped when a
// provider refuses them. Owns when a source is asked; the sources and the tokens made from them have files of their own.
import type { Account, Snapshot } from '../catalog/snapshot.ts'
import type { Material } from '../auth/material.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import { createAccessAudit, type AccessAuditStats } from './access-audit.ts'
import { createCredentialCache, isNearItsEnd, type Entry } from './cache.ts'
import { createHandedOut } from './handed-out.ts'
import { createObtainer } from './obtain.ts'
import { createPlainKeys, plainSource } from './plain-keys.ts'
import { isValue } from './print.ts'
import type { CredentialPorts } from './recipe.ts'
import { createRotationMemory } from './rotation-memory.ts'
import { stateOf, type CredentialState } from './state.ts'

/** What a request may use of an account. */
export interface Lease {
  readonly material: Material
  /** The credential's id; null where the account has none. */
  readonly credential: string | null
  /** The value can be had anew: from a token endpoint or a store, so a refusal is worth one more try. */
  readonly renewable: boolean
}

/** Who asks, so that a failure can be named. */
export interface LeaseFor {
  readonly provider: string
  readonly account: Account
  /** The region where the request goes, for credentials that depend on it. */
  readonly region: string | null
}

export interface CredentialKeeper {
  /**
   * What the account brings; at once where it is known, a promise where its source has to be asked. Fails with
   * `missing_credential`, and with `upstream_unreachable` where a token endpoint or a store cannot be reached.
   */
  lease(asked: LeaseFor, snapshot: Snapshot): Outcome<Lease> | Promise<Outcome<Lease>>
  /** The provider refused this lease: what it was made from is not used again. */
  refused(lease: Lease): void
  /** Every secret that was handed out and may still be in use, to be taken out of texts. */
  live(): readonly Secret[]
  /**
   * Asks the source of a credential now, whatever is kept, and keeps what comes of it; what is kept stays where that
   * fails. Fails as a lease does, and with `not_found` where there is no such credential.
   */
  check(id: string, snapshot: Snapshot): Promise<Outcome<true>>
  /** Forgets the value of a credential: its operator changed it or took it away. The next lease asks its source. */
  drop(id: string): void
  /**
   * The configuration is another one, and variables may be: looks again at those that were read before. What was made of
   * another value is forgotten, and who wanted to hear of changes does.
   */
  reread(): void
  /** What is known of each credential that was asked for, without its value. */
  states(): readonly CredentialState[]
  /** How the rows of the access audit fare. */
  audit(): AccessAuditStats
}

export { refusalPauseMs } from './obtain.ts'

const nothing: Outcome<Lease> = ok({ material: { kind: 'none' }, credential: null, renewable: false })

/** The keeper of one gateway. `onChange` hears the id of each credential whose value is seen to have become another. */
export function createCredentialKeeper(
  ports: CredentialPorts,
  onChange: (id: string) => void = () => {},
): CredentialKeeper {
  const { clock } = ports
  const audit = createAccessAudit(ports)
  const handedOut = createHandedOut()
  const cache = createCredentialCache()
  const memory = createRotationMemory(ports)
  const plain = createPlainKeys({ ports, audit, handedOut, memory, onChange })
  const { obtain, held, ahead, refused } = createObtainer({ ports, audit, handedOut, cache, memory, onChange })

  return {
    lease(asked, snapshot) {
      const { credential } = asked.account
      if (credential === null) return nothing
      const source = plainSource(credential)
      if (source !== undefined) return plain.lease(credential, source, asked)
      const entry = cache.entry(credential, asked.region, snapshot)
      const mono = clock.mono()
      const now = clock.now()
      const answer = held(entry, mono, now)
      if (answer === undefined) return obtain(entry, { asked, snapshot })
      if (isNearItsEnd(entry, mono, now)) ahead(entry, { asked, snapshot })
      return answer
    },
    refused: (lease) => void refused(lease),
    live: () => handedOut.list(clock.now()),
    async check(id, snapshot) {
      const user = userOf(id, snapshot)
      const credential = snapshot.credentials.get(id) ?? user?.account.credential
      if (credential === undefined || credential === null)
        return failed('not_found', { message: `no credential ${id}`, param: 'id' })
      const source = plainSource(credential)
      const region = user?.region ?? null
      const answer =
        source === undefined
          ? await obtain(cache.entry(credential, region, snapshot), { asked: user, snapshot, reason: 'check' })
          : plain.check(credential, source)
      return answer.ok ? ok(true) : answer
    },
    drop(id) {
      for (const entry of cache.entries()) if (entry.record.id === id) forget(entry)
    },
    reread() {
      plain.reread()
      for (const entry of cache.entries()) {
        const read = [...entry.variables]
        if (read.every(([name, known]) => isValue(known, ports.secrets.get(name) ?? ''))) continue
        forget(entry)
        onChange(entry.record.id)
      }
    },
    states: () => [...cache.entries()].map((entry) => stateOf(entry, clock)).concat(plain.states()),
    audit: () => audit.stats(),
  }
}

// A question under way may have been answered already, with the value of before: nobody new waits for it.
function forget(entry: Entry): void {
  Object.assign(entry, { kept: undefined, failure: undefined, overtaken: entry.asked })
  entry.flights.current = undefined
}

/** The first account that uses a credential: a check takes the way that its requests take. */
function userOf(id: string, snapshot: Snapshot): LeaseFor | undefined {
  for (const provider of snapshot.providers.values())
    for (const account of provider.accounts)
      if (account.credential?.id === id) return { provider: provider.id, account, region: provider.region }
  return undefined
}

// The keys behind the accounts: asked for when a request needs one, kept for as long as they may be, dropped when a
// provider refuses them. Owns when a source is asked; the sources and the tokens made from them have files of their own.
import type { Account, Snapshot } from '../catalog/snapshot.ts'
import type { Material } from '../auth/material.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import { Secret } from '../ir/secret.ts'
import type { Ports } from '../ports/index.ts'

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
}

type KeeperPorts = Pick<Ports, 'clock' | 'random' | 'fetch' | 'log' | 'secrets' | 'stores' | 'machine' | 'defer'>

/** The keeper of one gateway. */
export function createCredentialKeeper(ports: KeeperPorts): CredentialKeeper {
  const handedOut = new Map<string, Secret>()
  return {
    lease({ provider, account }) {
      const { credential } = account
      if (credential === null) return ok({ material: { kind: 'none' }, credential: null, renewable: false })
      const { recipe } = credential
      const name = `${provider}/${account.id}`
      if (recipe.type !== 'api_key') return failed('missing_credential', { message: `account ${name}: not available` })
      const { secret: source } = recipe
      if (source.source !== 'env' && source.source !== 'inline')
        return failed('missing_credential', { message: `account ${name}: not available` })
      const value = source.source === 'env' ? ports.secrets.get(source.env) : source.reveal()
      if (value === undefined || value === '')
        return failed('missing_credential', {
          message: `the environment variable ${source.source === 'env' ? source.env : ''} of account ${name} is not set`,
        })
      const secret = new Secret(credential.id, value)
      handedOut.set(credential.id, secret)
      return ok({ material: { kind: 'token', secret }, credential: credential.id, renewable: false })
    },
    refused() {},
    live: () => [...handedOut.values()],
  }
}

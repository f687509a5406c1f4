// The faults of a provider as data: what it does, and what a client, an operator and the provider behind it see of it.
// `run-rows.ts` serves every row on a runtime: with nobody to fall back to, with a healthy provider behind it, and again.
import type { RuntimeName } from '../support/gateway-process.ts'
import type { Answered, Ask, FaultGateway, Trace } from './gateway.ts'
import type { Reaction, Received } from './fault-upstream.ts'

/** Where the failing provider lives. Certificates are of `test/support/certificates.ts`, for 127.0.0.1. */
export type Place =
  | 'http'
  | 'refused'
  | 'reset'
  | 'silent'
  /** Nothing comes back: neither an acknowledgement nor a refusal. */
  | 'dropped'
  /** A name instead of an address. */
  | 'localhost'
  /** Every request is sent on to another server, where it counts for `elsewhere`. */
  | 'redirects-away'
  | TlsPlace
  /** An address of its own, as it stands in `base_url`. */
  | { readonly url: string }

export type TlsPlace = 'tls-expired' | 'tls-wrong-name' | 'tls-self-signed' | 'tls-old-version'

export interface Fault {
  /** Default http. */
  readonly place?: Place
  /** What it does with the first request, the second and so on; the last one stays. */
  readonly does?: readonly Reaction[]
}

/** What comes of it. */
export interface Expectation {
  /** What a client gets where nobody else can be asked. */
  readonly alone: {
    readonly status: number
    /** The error code of the trace and of an error answer; null for a success. */
    readonly code: string | null
    /** Default `succeeded` without a code, else `failed`. */
    readonly outcome?: string
    /** Texts that the answer holds, and ones that it does not. */
    readonly says?: readonly string[]
    readonly never?: readonly string[]
  }
  /** Whether the healthy provider serves where there is one (default yes); else the client gets the same as alone. */
  readonly fallsBack?: boolean
  /** Requests that reach the failing provider for one of a client; default 1. */
  readonly calls?: number
  /** The same after one more request, where the fault leaves nothing behind; default twice as many. */
  readonly callsAgain?: number
  /**
   * What the next request finds, with a breaker that opens at the first failure: an open breaker, a lock of its account,
   * or nothing.
   */
  readonly leaves: 'breaker' | 'nothing' | Lock
}

export interface Lock {
  /** The code of the failure, as `accounts list` tells it. */
  readonly lock: string
  /** Seconds that it holds, both ends included; a second is allowed for the way there. */
  readonly seconds: readonly [least: number, most: number]
  /** The breaker is open as well. */
  readonly breaker?: boolean
}

/** What a row was seen to do. */
export interface Seen {
  readonly gateway: FaultGateway
  readonly alone: Answered
  readonly aloneTrace: Trace
  /** What reached the failing provider of the route that has nobody to fall back to. */
  readonly received: readonly Received[]
  readonly withFallback: Answered
  readonly fallbackTrace: Trace
}

export interface FaultRow {
  /** Of the catalogue: `F-01`; several rows may show one fault. */
  readonly id: string
  readonly title: string
  /** Runs on Bun, Deno and workerd too. */
  readonly everywhere?: boolean
  readonly fault: Fault
  /** Members of the failing provider, of its target, and of the route. */
  readonly provider?: object
  readonly target?: object
  readonly route?: object
  readonly request?: Omit<Ask, 'model' | 'signal'>
  readonly expect: Expectation
  /** What is otherwise on a runtime, and why. */
  readonly differs?: Partial<Record<RuntimeName, { readonly reason: string; readonly expect: Partial<Expectation> }>>
  /** Runtimes that cannot show it, and why. */
  readonly skip?: Partial<Record<RuntimeName, string>>
  /** What else has to be so. */
  readonly also?: (seen: Seen) => void | Promise<void>
}

/** The names of a row: of its routes, of its providers, and of what the servers have for it. */
export interface RowNames {
  readonly alone: string
  readonly withFallback: string
  readonly faulty: string
  readonly faultyAlone: string
  readonly healthy: string
}

/** Names that no other row has. */
export function namesOf({ id }: Pick<FaultRow, 'id'>, index: number): RowNames {
  const name = `${id.toLowerCase()}.${index}`
  return {
    alone: `${name}-alone`,
    withFallback: `${name}-both`,
    faulty: `${name}-faulty`,
    faultyAlone: `${name}-faulty-alone`,
    healthy: `${name}-healthy`,
  }
}

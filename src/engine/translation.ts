// A request's translation by itself: what would be sent, and what became of every member. Sends nothing.
import type { UpstreamCall, WireRequest } from '../dialects/dialect.ts'
import { dialects, type GenerativeId } from '../dialects/index.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import { ledgerOf, type Ledger } from '../ir/ledger.ts'
import type { Traits } from '../ir/traits.ts'

export interface Translation {
  /** Absent where the request was refused; `ledger.refused` says why. */
  readonly call?: UpstreamCall
  readonly ledger: Ledger
}

/**
 * Translates one request. Fails where the client's own wire cannot read it; a refusal of the target's wire is a
 * translation whose ledger says so.
 */
export function translateRequest(
  from: GenerativeId,
  to: GenerativeId,
  wire: WireRequest,
  target: { readonly model: string; readonly traits?: Traits },
): Outcome<Translation> {
  const canonical = dialects[from].decodeRequest(wire)
  if (!canonical.ok) return canonical
  const { bound } = canonical.value
  const encoded =
    bound === undefined || from === to
      ? dialects[to].encodeRequest(canonical.value, target)
      : failed('unsupported_content', { param: bound.param, message: bound.reason })
  const body = wire.body.value
  if (!encoded.ok) return ok({ ledger: ledgerOf(body, [], encoded.error) })
  return ok({ call: encoded.value.call, ledger: ledgerOf(body, encoded.value.losses) })
}

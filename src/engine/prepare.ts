// One attempt's outgoing request: spliced for the same dialect, encoded for another, then signed.
import { signRequest } from '../auth/sign.ts'
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { Dialect, UpstreamCall } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Candidate } from '../policy/decision.ts'
import { secretOf } from './accounts.ts'
import { providerOf, type RequestContext } from './context.ts'
import { joinUrl } from './join-url.ts'

/** What is ready to be sent, and what has to be known to read the answer. */
export interface Prepared {
  readonly provider: ProviderRecord
  readonly egress: Dialect
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
  /** What must never show up in a message: the account's secret. */
  readonly secrets: readonly string[]
}

const noNames: ReadonlyMap<string, string> = new Map()

/** Builds and signs the request to one account of one target. Sends nothing. */
export function prepare(context: RequestContext, candidate: Candidate, account: string | null): Outcome<Prepared> {
  const provider = providerOf(context, candidate.target.provider)
  const egress = dialects[candidate.dialect]
  const encoded = candidate.passthrough
    ? sameDialect(context, candidate)
    : otherDialect(context, candidate, egress, provider)
  if (!encoded.ok) return encoded
  const { call, losses, toolNames } = encoded.value
  if (context.strict && losses.length > 0)
    return failed('fidelity_lost', { message: lossMessage(losses), retry: 'next' })
  const secret = secretOf(provider, account, context.ports.secrets)
  if (!secret.ok) return secret
  const target = {
    url: joinUrl(provider.baseUrl ?? `mock://${provider.id}`, call.path),
    headers: {
      'accept-encoding': 'identity',
      accept: context.facts.stream ? 'text/event-stream' : 'application/json',
      'user-agent': 'signalbox',
      ...context.snapshot.server.headers,
      ...provider.headers,
      ...call.headers,
    },
  }
  const signed = secret.value === null ? target : signRequest(target, provider.authScheme, secret.value)
  return ok({
    provider,
    egress,
    ...signed,
    body: call.body,
    losses,
    toolNames,
    secrets: secret.value === null ? [] : [secret.value],
  })
}

interface Encoded {
  readonly call: UpstreamCall
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
}

function sameDialect(context: RequestContext, candidate: Candidate): Outcome<Encoded> {
  const edits = context.ingress.usageEdits(context.wire, context.facts)
  const call = context.ingress.retarget(context.wire, { model: candidate.model }, edits)
  return ok({ call, losses: [], toolNames: noNames })
}

function otherDialect(
  context: RequestContext,
  candidate: Candidate,
  egress: Dialect,
  provider: ProviderRecord,
): Outcome<Encoded> {
  const canonical = context.canonical()
  if (!canonical.ok) return canonical
  const encoded = egress.encodeRequest(canonical.value, {
    model: candidate.model,
    maxTokensField: provider.maxTokensField,
  })
  // Another target may speak the client's own dialect, so what cannot be carried here may be carried there.
  return encoded.ok ? encoded : { ok: false, error: retryable(encoded.error) }
}

function retryable(error: GatewayError): GatewayError {
  return new GatewayError(error.code, {
    message: error.message,
    status: error.status,
    retry: 'next',
    ...(error.param !== undefined && { param: error.param }),
  })
}

function lossMessage(losses: readonly Loss[]): string {
  const shown = losses.slice(0, 5).map((loss) => `${loss.path} (${loss.action}: ${loss.reason})`)
  const more = losses.length > shown.length ? ` and ${losses.length - shown.length} more` : ''
  return `strict fidelity: the translation would lose ${shown.join(', ')}${more}`
}

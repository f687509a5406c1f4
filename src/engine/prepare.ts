// One attempt's outgoing request: spliced for the same dialect, encoded for another, then signed.
import { signRequest } from '../auth/sign.ts'
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { AnyDialect, CodecTarget, UpstreamCall } from '../dialects/dialect.ts'
import { allDialects, generative } from '../dialects/index.ts'
import { assertNever } from '../ir/assert-never.ts'
import type { Task } from '../ir/dialect-id.ts'
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Candidate } from '../policy/decision.ts'
import { secretOf } from './accounts.ts'
import { providerOf, type RequestContext } from './context.ts'
import { joinUrl } from './join-url.ts'
import { cleanRequest, holdsEnvelope, restoreState, type Origin, type RestoreOptions } from './state/index.ts'

/** What is ready to be sent, and what has to be known to read the answer. */
export interface Prepared {
  readonly provider: ProviderRecord
  readonly egress: AnyDialect
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
  /** Who issues the tokens of the answer. */
  readonly origin: Origin
  /** What must never show up in a message: the account's secret. */
  readonly secrets: readonly string[]
}

const noNames: ReadonlyMap<string, string> = new Map()

export interface PrepareOptions {
  readonly candidate: Candidate
  readonly account: string | null
  /** The target has refused the tokens of this history. */
  readonly withoutState?: boolean
}

/** Builds and signs the request to one account of one target. Sends nothing. */
export async function prepare(context: RequestContext, options: PrepareOptions): Promise<Outcome<Prepared>> {
  const { candidate, account } = options
  const provider = providerOf(context, candidate.target.provider)
  const egress = allDialects[candidate.dialect]
  const origin: Origin = { dialect: candidate.dialect, provider: provider.id, account, model: candidate.model }
  const restoring = { keeper: context.state, target: origin, withoutState: options.withoutState === true }
  const encoded = candidate.passthrough
    ? await sameDialect(context, candidate, provider, restoring)
    : await otherDialect(context, candidate, egress, provider, restoring)
  if (!encoded.ok) return encoded
  const { call, losses, toolNames } = encoded.value
  if (context.strict && losses.length > 0)
    return failed('fidelity_lost', { message: lossMessage(losses), retry: 'next' })
  const weakened = losses.filter((loss) => loss.lossiness !== undefined)
  if (context.snapshot.policy.strictSchemaDownlevel && weakened.length > 0)
    return failed('schema_downlevel_rejected', { message: lossMessage(weakened), retry: 'next' })
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
    origin,
    secrets: secret.value === null ? [] : [secret.value],
  })
}

interface Encoded {
  readonly call: UpstreamCall
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
}

// The client's bytes, unless they hold something of ours: the provider would refuse the request for it.
async function sameDialect(
  context: RequestContext,
  candidate: Candidate,
  provider: ProviderRecord,
  restoring: RestoreOptions,
): Promise<Outcome<Encoded>> {
  const { facts, wire } = context
  const goesAsItIs = restoring.withoutState !== true && !holdsEnvelope(wire.body)
  if (goesAsItIs || facts.task === 'embed') return ok(retargeted(context, wire, candidate, provider))
  const request = context.canonical()
  if (!request.ok) return request
  const clean = await cleanRequest({ dialect: generative(context.ingress), wire, request: request.value, restoring })
  if (!clean.ok) return clean
  const encoded = retargeted(context, clean.value.wire, candidate, provider)
  return ok({ ...encoded, losses: [...clean.value.losses, ...encoded.losses] })
}

function retargeted(
  context: RequestContext,
  wire: RequestContext['wire'],
  candidate: Candidate,
  provider: ProviderRecord,
): Encoded {
  const { ingress } = context
  const { traits } = provider
  const fitted = 'compatibility' in ingress ? ingress.compatibility?.fitRequest(wire.body.value, traits) : undefined
  const wanted = ingress.usageEdits(wire, context.facts).filter((edit) => traits.refused?.includes(edit.key) !== true)
  const call = ingress.retarget(wire, { model: candidate.model, traits }, [...wanted, ...(fitted?.edits ?? [])])
  return { call, losses: fitted?.losses ?? [], toolNames: noNames }
}

async function otherDialect(
  context: RequestContext,
  candidate: Candidate,
  egress: AnyDialect,
  provider: ProviderRecord,
  restoring: RestoreOptions,
): Promise<Outcome<Encoded>> {
  const target = { model: candidate.model, traits: provider.traits }
  const encoded = await encodeFor(context, egress, target, restoring)
  // Another target may speak the client's own dialect, so what cannot be carried here may be carried there.
  return encoded.ok ? encoded : { ok: false, error: retryable(encoded.error) }
}

async function encodeFor(
  context: RequestContext,
  egress: AnyDialect,
  target: CodecTarget,
  restoring: RestoreOptions,
): Promise<Outcome<Encoded>> {
  const { task } = context.facts
  switch (task) {
    case 'embed': {
      const request = context.embedding()
      if (!request.ok) return request
      return egress.embedding?.encodeRequest(request.value, target) ?? noCall(task)
    }
    case 'count-tokens':
    case 'generate': {
      const request = context.canonical()
      if (!request.ok) return request
      const { bound } = request.value
      if (bound !== undefined) return failed('unsupported_content', { param: bound.param, message: bound.reason })
      const restored = await restoreState(request.value, restoring)
      const encoded =
        task === 'generate'
          ? generative(egress).encodeRequest(restored.request, target)
          : (egress.tokenCounting?.encodeRequest(restored.request, target) ?? noCall(task))
      return encoded.ok ? ok({ ...encoded.value, losses: [...restored.losses, ...encoded.value.losses] }) : encoded
    }
    default:
      return assertNever(task)
  }
}

function noCall(task: Task): Outcome<never> {
  return failed('unsupported_content', { message: `the provider has no call for ${task}` })
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
  return `the translation would lose ${shown.join(', ')}${more}`
}

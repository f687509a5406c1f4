// One attempt's outgoing request: spliced for the same dialect, encoded for another, then signed.
import type { Material } from '../auth/material.ts'
import { signRequest } from '../auth/sign.ts'
import type { ModelRecord, ProviderRecord } from '../catalog/snapshot.ts'
import type { AnyDialect, CodecTarget, UpstreamCall } from '../dialects/dialect.ts'
import { allDialects, generative } from '../dialects/index.ts'
import { assertNever } from '../ir/assert-never.ts'
import type { Task } from '../ir/dialect-id.ts'
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Candidate } from '../policy/decision.ts'
import type { Lease } from '../credentials/keeper.ts'
import { egressRoute } from '../egress/route.ts'
import type { EgressRoute } from '../ports/index.ts'
import { providers } from '../providers/index.ts'
import { baseUrlAt, type CallPlace } from '../providers/provider.ts'
import { credentialFault, leaseOf } from './accounts.ts'
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
  readonly lease: Lease
  /** The proxy to take; null goes directly. */
  readonly route: EgressRoute | null
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
  const place = placeOf(context, candidate, provider)
  const encoded = candidate.passthrough
    ? await sameDialect(context, place, restoring)
    : await otherDialect(context, place, egress, restoring)
  if (!encoded.ok) return encoded
  const { call, losses, toolNames } = encoded.value
  if (context.strict && losses.length > 0)
    return failed('fidelity_lost', { message: lossMessage(losses), retry: 'next' })
  const weakened = losses.filter((loss) => loss.lossiness !== undefined)
  if (context.snapshot.policy.strictSchemaDownlevel && weakened.length > 0)
    return failed('schema_downlevel_rejected', { message: lossMessage(weakened), retry: 'next' })
  const region = candidate.target.region ?? provider.region
  const leased = leaseOf(context, provider, account, region)
  const lease = leased instanceof Promise ? await leased : leased
  if (!lease.ok) return { ok: false, error: credentialFault(lease.error) }
  const route = egressRoute(provider, accountOf(provider, account), context.snapshot.egress, context.ports.secrets)
  if (!route.ok) return route
  const url = withinPath(urlOf(call, { ...place, region: region ?? regionOf(lease.value.material) }))
  if (!url.ok) return url
  const target = {
    method: 'POST' as const,
    url: url.value,
    headers: {
      'accept-encoding': 'identity',
      accept: context.facts.stream ? 'text/event-stream' : 'application/json',
      'user-agent': 'signalbox',
      ...context.snapshot.server.headers,
      ...provider.headers,
      ...call.headers,
    },
    body: call.body,
  }
  const { material } = lease.value
  const signing = signRequest(target, provider.authScheme, material, { region, now: context.ports.clock.now() })
  const signed = signing instanceof Promise ? await signing : signing
  if (!signed.ok) return signed
  return ok({
    provider,
    egress,
    url: signed.value.url,
    headers: signed.value.headers,
    body: call.body,
    losses,
    toolNames,
    origin,
    lease: lease.value,
    route: route.value,
  })
}

function accountOf(provider: ProviderRecord, id: string | null) {
  return provider.accounts.find((account) => account.id === id)
}

function placeOf(context: RequestContext, candidate: Candidate, provider: ProviderRecord): CallPlace {
  const { task, stream } = context.facts
  const place = {
    provider,
    dialect: candidate.dialect,
    task,
    stream,
    model: modelNameOf(candidate.model, provider, context.snapshot.models),
    region: candidate.target.region ?? provider.region,
  }
  return { ...place, model: providers[provider.type]?.modelId?.(place) ?? place.model }
}

function modelNameOf(model: string, provider: ProviderRecord, models: ReadonlyMap<string, ModelRecord>): string {
  const creator = provider.modelIdFormat === 'creator/model' ? models.get(model)?.creator : null
  return creator === null || creator === undefined || model.includes('/') ? model : `${creator}/${model}`
}

function urlOf(call: UpstreamCall, place: CallPlace): Outcome<string> {
  const { provider } = place
  const own = providers[provider.type]?.url?.(call.path, place)
  if (own !== undefined) return own
  if (provider.baseUrl === null) return ok(joinUrl(`mock://${provider.id}`, call.path))
  const base = baseUrlAt(provider, place.region)
  return base.ok ? ok(joinUrl(base.value, call.path)) : base
}

/** A model's name may stand in the path, and must not lead out of it: every reader of a URL takes dots away. */
function withinPath(url: Outcome<string>): Outcome<string> {
  if (!url.ok || !/\/\.\.?(?:[/?#]|$)/.test(url.value.split('?')[0] ?? '')) return url
  return failed('invalid_model', { param: 'model', message: 'model: "." and ".." are not names' })
}

/** AWS's credentials may say where they are used. */
function regionOf(material: Material): string | null {
  return material.kind === 'aws' ? material.region : null
}

interface Encoded {
  readonly call: UpstreamCall
  readonly losses: readonly Loss[]
  readonly toolNames: ReadonlyMap<string, string>
}

// The client's bytes, unless they hold something of ours: the provider would refuse the request for it.
async function sameDialect(
  context: RequestContext,
  place: CallPlace,
  restoring: RestoreOptions,
): Promise<Outcome<Encoded>> {
  const { facts, wire } = context
  const goesAsItIs = restoring.withoutState !== true && !holdsEnvelope(wire.body)
  if (goesAsItIs || facts.task === 'embed') return ok(retargeted(context, wire, place))
  const request = context.canonical()
  if (!request.ok) return request
  const clean = await cleanRequest({ dialect: generative(context.ingress), wire, request: request.value, restoring })
  if (!clean.ok) return clean
  const encoded = retargeted(context, clean.value.wire, place)
  return ok({ ...encoded, losses: [...clean.value.losses, ...encoded.losses] })
}

function retargeted(context: RequestContext, wire: RequestContext['wire'], place: CallPlace): Encoded {
  const { ingress } = context
  const { traits } = place.provider
  const fitted = 'compatibility' in ingress ? ingress.compatibility?.fitRequest(wire.body.value, traits) : undefined
  const wanted = ingress.usageEdits(wire, context.facts).filter((edit) => traits.refused?.includes(edit.key) !== true)
  const call = ingress.retarget(wire, { model: place.model, traits }, [...wanted, ...(fitted?.edits ?? [])])
  return { call, losses: [...(fitted?.losses ?? []), ...(call.losses ?? [])], toolNames: noNames }
}

async function otherDialect(
  context: RequestContext,
  place: CallPlace,
  egress: AnyDialect,
  restoring: RestoreOptions,
): Promise<Outcome<Encoded>> {
  const encoded = await encodeFor(context, egress, place, restoring)
  // Another target may speak the client's own dialect, so what cannot be carried here may be carried there.
  return encoded.ok ? encoded : { ok: false, error: retryable(encoded.error) }
}

async function encodeFor(
  context: RequestContext,
  egress: AnyDialect,
  place: CallPlace,
  restoring: RestoreOptions,
): Promise<Outcome<Encoded>> {
  const { task } = context.facts
  const target: CodecTarget = { model: place.model, traits: place.provider.traits }
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
      const fitted = providers[place.provider.type]?.fit?.(restored.request, place) ?? ok({ ...restored, losses: [] })
      if (!fitted.ok) return fitted
      const encoded =
        task === 'generate'
          ? generative(egress).encodeRequest(fitted.value.request, target)
          : (egress.tokenCounting?.encodeRequest(fitted.value.request, target) ?? noCall(task))
      if (!encoded.ok) return encoded
      return ok({ ...encoded.value, losses: [...restored.losses, ...fitted.value.losses, ...encoded.value.losses] })
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

// The paths that carry inference. Thin: reads the body, asks the dialect for the facts, the planner for a decision,
// and hands both to the engine.
import type { ClientProfile, Snapshot } from '../catalog/snapshot.ts'
import type { Coordinator, Session, SlotAsk } from '../coordination/coordinator.ts'
import { watchOf } from '../coordination/watch.ts'
import type { CredentialKeeper } from '../credentials/keeper.ts'
import type { AnyDialect, WireRequest } from '../dialects/dialect.ts'
import { embeddingIngress, generative } from '../dialects/index.ts'
import { once } from '../engine/context.ts'
import { withAliases, withDefaults } from '../engine/defaults.ts'
import { execute } from '../engine/execute.ts'
import type { ExtraCalls } from '../engine/extra-calls.ts'
import { createFinale, type Observed } from '../engine/observe.ts'
import { queueHeader } from '../engine/respond.ts'
import { createStateKeeper, type Keyring } from '../engine/state/index.ts'
import type { StreamSource } from '../engine/stream.ts'
import { GatewayError } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { RouteDecision } from '../policy/decision.ts'
import { hintOnName } from '../policy/match-route.ts'
import { planRoute } from '../policy/plan.ts'
import type { Ports } from '../ports/index.ts'
import type { Scrubber } from '../redaction/index.ts'
import { headerValue } from '../wire/headers.ts'
import { isObject } from '../wire/json-parse.ts'
import type { JsonDocument } from '../wire/json-scan.ts'
import { admit as letIn, type AdmissionQueue } from './admission.ts'
import { readJsonBody } from './body.ts'
import { profileHeaders, profileOf, restrictedTo } from './client-profiles.ts'
import { errorResponse } from './errors.ts'
import type { Ingress } from './ingress.ts'
import type { Principal } from './principal.ts'

/** A request that passed the door. */
export interface Admitted {
  readonly request: Request
  readonly path: string
  readonly query: URLSearchParams
  readonly requestId: string
  readonly principal: Principal
  readonly snapshot: Snapshot
  readonly startedAt: number
  readonly startedMono: number
}

/** What inference needs of the gateway around it. */
export interface InferenceOptions {
  readonly ports: Ports
  readonly live: Set<StreamSource>
  /** Absent where no key is configured. */
  readonly keyring: Keyring | undefined
  readonly credentials: CredentialKeeper
  readonly coordinator: Coordinator
  /** Who waits for a slot. */
  readonly queue: AdmissionQueue
  readonly extraCalls: ExtraCalls
  readonly scrubber: Scrubber
  /** Ends the connection of a client that has stopped reading; absent where the runtime does so by itself. */
  readonly hangUp?: (() => void) | undefined
}

/** Serves one inference request; every failure comes back in the dialect's own shape and ends in a trace. */
export async function serveInference(
  admitted: Admitted,
  { dialect, endpoint }: Ingress,
  options: InferenceOptions,
): Promise<Response> {
  const { ports } = options
  const { request, snapshot, requestId, principal } = admitted
  const observed: Observed = {
    requestId,
    startedAt: admitted.startedAt,
    startedMono: admitted.startedMono,
    revision: snapshot.revision,
    dialect,
    path: admitted.path,
    keyId: principal.keyId,
    tenant: principal.tenant,
  }
  let session: Session | undefined
  let profile: ClientProfile | undefined
  const finale = createFinale(observed, ports, options.scrubber.unknown, () => session?.settle())
  try {
    const body = await readJsonBody(request, snapshot.server.limits, ports.clock)
    limitLists(body, snapshot)
    const { limits } = snapshot.server
    const received = withAliases(
      {
        task: endpoint.task,
        path: admitted.path,
        query: admitted.query,
        headers: request.headers,
        body,
      },
      dialect,
      limits,
    )
    const facts = factsOf(dialect, received)
    observed.facts = facts
    profile = profileOf(request.headers, snapshot, facts)
    const entered = (session = await admit(admitted, facts, observed, options))
    const random = ports.random.next()
    const plan = (): RouteDecision | undefined => {
      const planned = planRoute(facts, snapshot, entered.health(), random)
      const decision = profile === undefined || planned === undefined ? planned : restrictedTo(profile, planned)
      if (decision !== undefined) observed.decision = decision
      return decision
    }
    const decision = plan()
    if (decision === undefined)
      throw new GatewayError('model_not_found', {
        message: `no route found for model '${headerValue(facts.model, 128)}'${hintOnName(facts.model)}`,
        param: 'model',
      })
    const route = decision.route === null ? undefined : snapshot.routes.get(decision.route)
    const wire = withDefaults(received, route?.defaults ?? {}, limits)
    const answer = await execute({
      requestId,
      ports,
      snapshot,
      ingress: dialect,
      wire,
      facts,
      decision,
      replan: () => plan() ?? decision,
      strict: request.headers.get('x-signalbox-fidelity')?.trim().toLowerCase() === 'strict',
      clientSignal: request.signal,
      startedAt: admitted.startedAt,
      startedMono: admitted.startedMono,
      queueMs: observed.queueMs ?? 0,
      finale,
      live: options.live,
      hangUp: options.hangUp,
      credentials: options.credentials,
      session,
      extraCalls: options.extraCalls,
      scrubber: options.scrubber,
      state: createStateKeeper({
        keyring: options.keyring,
        store: snapshot.reasoningState.enabled ? ports.stores.state : undefined,
        ttlMs: snapshot.reasoningState.ttlMs,
        clock: ports.clock,
        log: ports.log,
        caller: principal,
      }),
      canonical: once(() => generative(dialect).decodeRequest(wire)),
      embedding: once(() => embeddingIngress(dialect).decodeRequest(wire)),
    })
    return profile === undefined ? answer : withHeaders(answer, profileHeaders(profile))
  } catch (cause) {
    const error = cause instanceof GatewayError ? cause : new GatewayError('internal', { cause })
    if (error.code === 'internal') ports.log.error('internal_error', { request_id: requestId, reason: describe(cause) })
    const terminal = error.code === 'client_cancelled' ? 'cancelled' : error.origin === 'client' ? 'rejected' : 'failed'
    finale.end({ terminal, status: error.status, error })
    const refused = errorResponse(error, admitted.path, requestId)
    return withHeaders(refused, { ...queueHeader(observed.queueMs ?? 0), ...(profile && profileHeaders(profile)) })
  }
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

/** Lets the request in, or says why not; what is known of its candidates comes back with it. */
async function admit(
  { request, requestId, principal, snapshot }: Admitted,
  facts: RequestFacts,
  observed: Observed,
  { coordinator, queue, ports }: InferenceOptions,
): Promise<Session> {
  const { maxConcurrency, admissionTimeoutMs } = snapshot.server.limits
  const slots: SlotAsk[] = maxConcurrency === null ? [] : [{ name: 'global', limit: maxConcurrency }]
  const ask = {
    requestId,
    tenant: principal.tenant,
    slots,
    watch: () => watchOf(facts, snapshot),
    settings: snapshot.coordination,
  }
  const admitted = letIn(ask, {
    coordinator,
    queue,
    clock: ports.clock,
    random: ports.random,
    clientSignal: request.signal,
    timeoutMs: admissionTimeoutMs,
    onWaited: (ms) => void (observed.queueMs = ms),
  })
  const answer = admitted instanceof Promise ? await admitted : admitted
  if (!answer.ok) throw answer.error
  return answer.value
}

function factsOf(dialect: AnyDialect, request: WireRequest) {
  const facts = dialect.facts(request)
  if (!facts.ok) throw facts.error
  return facts.value
}

function limitLists(body: JsonDocument, snapshot: Snapshot): void {
  const { maxMessages, maxTools } = snapshot.server.limits
  for (const key of ['messages', 'input', 'contents']) {
    const list = body.value[key]
    if (Array.isArray(list) && list.length > maxMessages) throw new GatewayError('too_many_messages', { param: key })
  }
  const { tools } = body.value as { readonly tools?: unknown }
  if (Array.isArray(tools) && countTools(tools) > maxTools) throw new GatewayError('too_many_tools', { param: 'tools' })
}

// Gemini's list holds lists.
function countTools(tools: readonly unknown[]): number {
  return tools.reduce((sum: number, tool) => {
    const declared = isObject(tool) ? (tool['functionDeclarations'] ?? tool['function_declarations']) : undefined
    return sum + (Array.isArray(declared) ? declared.length : 1)
  }, 0)
}

// A bug's own text may quote the request, so only its kind and place are logged.
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause
  const place =
    cause.stack
      ?.split('\n')
      .find((line) => line.includes('/src/'))
      ?.trim() ?? ''
  return `${cause.name} ${place}`.trim()
}

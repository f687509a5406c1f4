// The composition root: the only core file that sees every layer. Ports in, one fetch handler out.
import { Hono } from 'hono'
import type { Snapshot } from './catalog/snapshot.ts'
import { createCredentialKeeper } from './credentials/keeper.ts'
import { guardFetch } from './egress/guard.ts'
import { createDoor, type DoorContext, type DoorEnv, type DoorOptions, type RequestScope } from './http/door.ts'
import { mountClientProfiles } from './http/client-profiles.ts'
import { mountControlPlane } from './http/control-plane.ts'
import { mountFaces } from './http/faces/index.ts'
import type { AdmissionQueue } from './http/admission.ts'
import { serveInference, type InferenceOptions } from './http/data-plane.ts'
import { earlierNames } from './http/earlier-names.ts'
import { errorResponse } from './http/errors.ts'
import { matchEndpoint, pathOf } from './http/ingress.ts'
import { mountModels } from './http/models.ts'
import { operationContext, type OperationSurface } from './http/operation-context.ts'
import { createUpstreamProbe } from './http/upstream-probe.ts'
import { coordinationControl } from './http/coordination-control.ts'
import type { Coordinator } from './coordination/coordinator.ts'
import { createMemoryCoordinator } from './coordination/memory.ts'
import { liftAuthLocks, liftReplaced } from './engine/auth-locks.ts'
import { keyringName, openKeyring } from './engine/state/index.ts'
import { createExtraCalls } from './engine/extra-calls.ts'
import type { StreamSource } from './engine/stream.ts'
import { GatewayError } from './ir/error.ts'
import { Secret } from './ir/secret.ts'
import type { ConfigEditor, OperationContext, RuntimeStatus } from './operations/operation.ts'
import type { Ports, TraceSink } from './ports/index.ts'
import { cleanRow, createScrubber, guardLog, knownSecrets } from './redaction/index.ts'

export interface AppOptions extends DoorOptions {
  /** What the runtime knows of itself. */
  readonly status: () => Omit<RuntimeStatus, 'inFlight'>
  /** What a log field does that nobody listed; a test wants to hear of it. */
  readonly unknownFields?: 'drop' | 'throw'
  /** Absent where the configuration cannot be changed from here. */
  readonly editor?: ConfigEditor
  /** Absent where the configuration cannot be read again. */
  readonly reload?: OperationContext['reload']
  /** Absent: this process is on its own. */
  readonly coordinator?: Coordinator
}

export interface App {
  fetch(request: Request, scope?: RequestScope): Promise<Response> | Response
  /** Answers under way; a stream counts until its last byte was taken or refused. */
  inFlight(): number
  /** What operations work with when this process runs them for its own user. */
  operations(): OperationContext
  /** From here on new inference is refused with 503; what is under way goes on. */
  drain(): void
  /** Ends the streams under way with an error event of their dialect. */
  interrupt(): void
}

/** Builds the gateway around its ports. */
export function createApp(options: AppOptions): App {
  const app = new Hono<DoorEnv>()
  const live = new Set<StreamSource>()
  const queue: AdmissionQueue = []
  const extraCalls = createExtraCalls()
  let inFlight = 0
  let stopping = false
  // Every request that was let in ends in exactly one trace row, so the rows count the answers that are over.
  const fetch = guardFetch(options.ports.fetch, {
    allowedHosts: () => options.snapshot().egress.allowedHosts,
    egress: options.ports.egress,
    log: () => ports.log,
  })
  const scrubber = createScrubber(() => liveSecrets(), options.unknownFields)
  const counted = (sink: TraceSink): Ports => ({
    ...options.ports,
    fetch,
    log: guardLog(options.ports.log, scrubber),
    traces: {
      write(row) {
        inFlight--
        sink.write(cleanRow(row, scrubber))
      },
    },
  })
  const ports = counted(options.ports.traces)
  const coordinator = options.coordinator ?? createMemoryCoordinator(ports.clock, ports.random)
  // Nobody waits for it; a coordinator that is away keeps the locks until they end.
  const inBackground = (work: Promise<void>): void =>
    ports.defer(work.catch((cause: unknown) => ports.log.warn('locks_not_lifted', { reason: nameOf(cause) })))
  const credentials = createCredentialKeeper(ports, (id) =>
    inBackground(liftAuthLocks(coordinator, options.snapshot(), id)),
  )
  const liveSecrets = secretsOf(options, () => credentials.live())
  const keyring = openKeyring(ports.secrets)
  if (keyring === undefined)
    ports.log.warn('no_sealing_key', { hint: `set ${keyringName}: without it signatures of other providers are lost` })

  const inference = ({ traces, hangUp }: RequestScope = {}): InferenceOptions => ({
    hangUp,
    ports: traces === undefined ? ports : counted(traces),
    live,
    keyring,
    credentials,
    coordinator,
    queue,
    extraCalls,
    scrubber,
  })
  const guarded: Ports = { ...options.ports, fetch, log: ports.log }
  const surface = {
    ports: guarded,
    scrubber,
    credentials,
    status: () => ({
      ...options.status(),
      inFlight,
      egress: options.ports.egress,
      accesses: credentials.audit(),
    }),
    editor: options.editor,
    reload: options.reload,
    coordination: coordinationControl(coordinator, ports.clock),
    upstream: (snapshot, traces) =>
      createUpstreamProbe({
        snapshot,
        inference: inference(traces === undefined ? {} : { traces }),
        begin() {
          if (stopping) throw new GatewayError('shutting_down')
          inFlight++
        },
      }),
  } satisfies OperationSurface

  app.use('*', earlierNames())
  app.use(
    '*',
    createDoor({
      ...options,
      snapshot: followed(options.snapshot, (...both) => {
        inBackground(liftReplaced(coordinator, ...both))
        credentials.reread()
      }),
    }),
  )
  for (const path of ['/health', '/healthz']) app.get(path, (c) => c.json({ status: 'ok', ok: true }))

  app.use('*', async (c, next) => {
    const path = c.get('path')
    const ingress = matchEndpoint(path)
    if (ingress === undefined) return next()
    if (c.req.method !== 'POST') {
      const refused = errorResponse(new GatewayError('method_not_allowed'), path, c.get('requestId'))
      refused.headers.set('allow', 'POST')
      return refused
    }
    requireRole(c)
    if (stopping) throw new GatewayError('shutting_down')
    inFlight++
    return serveInference(
      {
        request: c.req.raw,
        path,
        query: c.get('query'),
        requestId: c.get('requestId'),
        principal: c.get('principal'),
        snapshot: c.get('snapshot'),
        startedAt: c.get('startedAt'),
        startedMono: c.get('startedMono'),
      },
      ingress,
      inference(c.env),
    )
  })

  mountModels(app)
  mountClientProfiles(app, (name) => (ports.secrets.get(name) ?? '') !== '')

  mountControlPlane(app, surface)
  mountFaces(app, surface)

  app.notFound(() => {
    throw new GatewayError('unknown_route')
  })
  app.onError((error, c) => {
    if (!(error instanceof GatewayError)) ports.log.error('internal_error', { reason: error.name })
    return errorResponse(error, safePath(c.req.raw), c.get('requestId') ?? 'req_unknown', c.req.raw.headers)
  })
  return {
    fetch: (request, scope) => app.fetch(request, scope),
    inFlight: () => inFlight,
    // No gateway is running where a process does its own work.
    operations: () => ({
      ...operationContext(surface, options.snapshot(), { isPrivileged: true }),
      status: undefined,
    }),
    drain: () => void (stopping = true),
    interrupt: () => {
      for (const source of live) source.interrupt(new GatewayError('shutting_down'))
    },
  }
}

/** The same snapshots; `onChange` hears of each one that takes the place of another. */
function followed(snapshot: () => Snapshot, onChange: (before: Snapshot, after: Snapshot) => void): () => Snapshot {
  let seen: Snapshot | undefined
  return () => {
    const current = snapshot()
    const before = seen
    seen = current
    if (before !== undefined && before !== current) onChange(before, current)
    return current
  }
}

// What the configuration leads to changes with it; what was handed out changes with every lease.
function secretsOf(options: AppOptions, handedOut: () => readonly Secret[]): () => Iterable<Secret> {
  const adminToken = options.adminToken === undefined ? [] : [new Secret('admin token', options.adminToken)]
  let of: Snapshot | undefined
  let known: readonly Secret[] = []
  let given: readonly Secret[] | undefined
  let all: readonly Secret[] = []
  return () => {
    const snapshot = options.snapshot()
    const handed = handedOut()
    // The same list while nothing changed, so that whoever knows it need not look through it again.
    if (snapshot === of && handed === given) return all
    if (snapshot !== of) known = [...adminToken, ...knownSecrets(snapshot, options.ports.secrets)]
    of = snapshot
    given = handed
    all = [...known, ...handed]
    return all
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof GatewayError ? cause.code : 'unknown'
}

// The door may have refused the very path that is to be read here.
function safePath(request: Request): string {
  try {
    return pathOf(request)
  } catch {
    return '/'
  }
}

function requireRole(c: DoorContext): void {
  const { roles } = c.get('principal')
  if (!roles.has('client') && !roles.has('agent')) throw new GatewayError('insufficient_role')
}

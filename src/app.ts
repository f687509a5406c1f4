// The composition root: the only core file that sees every layer. Ports in, one fetch handler out.
import { Hono } from 'hono'
import { createCredentialKeeper } from './credentials/keeper.ts'
import { guardFetch } from './egress/guard.ts'
import { createDoor, type DoorContext, type DoorEnv, type DoorOptions, type RequestScope } from './http/door.ts'
import { mountControlPlane } from './http/control-plane.ts'
import { serveInference } from './http/data-plane.ts'
import { errorResponse } from './http/errors.ts'
import { matchEndpoint, pathOf } from './http/ingress.ts'
import { mountModels } from './http/models.ts'
import { keyringName, openKeyring } from './engine/state/index.ts'
import type { StreamSource } from './engine/stream.ts'
import { GatewayError } from './ir/error.ts'
import type { RuntimeStatus } from './operations/operation.ts'
import type { Ports, TraceSink } from './ports/index.ts'

export interface AppOptions extends DoorOptions {
  /** What the runtime knows of itself. */
  readonly status: () => Omit<RuntimeStatus, 'inFlight'>
}

export interface App {
  fetch(request: Request, scope?: RequestScope): Promise<Response> | Response
  /** Answers under way; a stream counts until its last byte was taken or refused. */
  inFlight(): number
  /** From here on new inference is refused with 503; what is under way goes on. */
  drain(): void
  /** Ends the streams under way with an error event of their dialect. */
  interrupt(): void
}

/** Builds the gateway around its ports. */
export function createApp(options: AppOptions): App {
  const app = new Hono<DoorEnv>()
  const live = new Set<StreamSource>()
  let inFlight = 0
  let stopping = false
  // Every request that was let in ends in exactly one trace row, so the rows count the answers that are over.
  const fetch = guardFetch(options.ports.fetch, { allowedHosts: () => options.snapshot().egress.allowedHosts })
  const counted = (sink: TraceSink): Ports => ({
    ...options.ports,
    fetch,
    traces: {
      write(row) {
        inFlight--
        sink.write(row)
      },
    },
  })
  const ports = counted(options.ports.traces)
  const credentials = createCredentialKeeper(ports)
  const keyring = openKeyring(ports.secrets)
  if (keyring === undefined)
    ports.log.warn('no_sealing_key', { hint: `set ${keyringName}: without it signatures of other providers are lost` })

  app.use('*', createDoor(options))
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
      { ports: c.env?.traces === undefined ? ports : counted(c.env.traces), live, keyring, credentials },
    )
  })

  mountModels(app)

  mountControlPlane(app, { ports: options.ports, status: () => ({ ...options.status(), inFlight }) })

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
    drain: () => void (stopping = true),
    interrupt: () => {
      for (const source of live) source.interrupt(new GatewayError('shutting_down'))
    },
  }
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

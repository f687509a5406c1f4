// The order in which a request is judged before any handler sees it. One chain for every route, none of them optional.
import type { Context, MiddlewareHandler } from 'hono'
import type { Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { Ports, TraceSink } from '../ports/index.ts'
import { createAuthenticator, type Surface } from './authenticate.ts'
import { guardRequest } from './guards.ts'
import { isGeminiPath } from './ingress.ts'
import type { Principal } from './principal.ts'

/** What the door leaves on Hono's context. */
export interface DoorVariables {
  requestId: string
  snapshot: Snapshot
  principal: Principal
  startedAt: number
  startedMono: number
  /** The pathname as the endpoints spell it, percent-encoding undone. */
  path: string
  query: URLSearchParams
}

/** What belongs to one request only, where the runtime binds such things to it (a Worker's `waitUntil`). */
export interface RequestScope {
  readonly traces?: TraceSink
  /** Ends the connection of a client that has stopped reading. */
  readonly hangUp?: () => void
}

/** Hono's environment for every route of the gateway. */
export interface DoorEnv {
  Variables: DoorVariables
  Bindings: RequestScope
}

export type DoorContext = Context<DoorEnv>

export interface DoorOptions {
  readonly ports: Ports
  /** The current snapshot; a request reads it once. */
  readonly snapshot: () => Snapshot
  readonly surface: Surface
  readonly boundHost: string | null
  readonly adminToken: string | undefined
}

/** Paths that anybody may ask, and that say nothing worth knowing. */
const publicPaths = new Set(['/health', '/healthz'])

/** Middleware for every path: pins the snapshot, guards, answers preflights, and finds out who is calling. */
export function createDoor(options: DoorOptions): MiddlewareHandler<DoorEnv> {
  const { ports } = options
  const authenticator = createAuthenticator({
    secrets: ports.secrets,
    clock: ports.clock,
    surface: options.surface,
    adminToken: options.adminToken,
  })
  return async (c, next) => {
    const snapshot = options.snapshot()
    c.set('requestId', requestId(ports.clock.now(), ports.random.id()))
    c.set('snapshot', snapshot)
    c.set('startedAt', ports.clock.now())
    c.set('startedMono', ports.clock.mono())
    const { pathname, searchParams } = guardRequest(c.req.raw, snapshot, options)
    const path = decodeURIComponent(pathname)
    c.set('path', path)
    c.set('query', searchParams)
    const origin = c.req.header('origin')
    if (c.req.method === 'OPTIONS') return preflight(c, origin)
    if (wantsWebSocket(c.req.header('upgrade'))) throw new GatewayError('upgrade_required')
    if (!isPublic(c, snapshot))
      c.set('principal', await authenticator.authenticate(c.req.raw.headers, snapshot, queryKey(path, searchParams)))
    await next()
    if (origin !== undefined) allowOrigin(c.res.headers, origin)
    return undefined
  }
}

// Begins with the time, so that the rows of a store lie in the order in which they were written; the rest is chance.
function requestId(now: number, random: string): string {
  return `req_${now.toString(36).padStart(9, '0')}${random.slice(0, 15)}`
}

// Google's REST examples put the key into the URL; nowhere else is it looked for, or it would end up in somebody's log.
function queryKey(path: string, query: URLSearchParams): string | undefined {
  return isGeminiPath(path) ? (query.get('key') ?? undefined) : undefined
}

// Any other offer may be ignored, and Java's client makes one (h2c) with every request over plain HTTP.
// https://www.rfc-editor.org/rfc/rfc9110#section-7.8
function wantsWebSocket(offered: string | undefined): boolean {
  return offered !== undefined && /(?:^|,)\s*websocket\s*(?:[,/]|$)/i.test(offered)
}

function isPublic(c: DoorContext, snapshot: Snapshot): boolean {
  if (publicPaths.has(c.req.path)) return true
  return snapshot.server.publicModels && c.req.method === 'GET' && c.req.path === '/v1/models'
}

// Only a listed origin comes this far with an Origin header.
function preflight(c: DoorContext, origin: string | undefined): Response {
  if (origin === undefined) throw new GatewayError('method_not_allowed')
  const asked = c.req.header('access-control-request-headers') ?? 'authorization, content-type'
  const headers = new Headers({
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': asked.slice(0, 1024),
    'access-control-max-age': '600',
  })
  allowOrigin(headers, origin)
  return new Response(null, { status: 204, headers })
}

function allowOrigin(headers: Headers, origin: string): void {
  headers.set('access-control-allow-origin', origin)
  headers.append('vary', 'Origin')
}

// The operations over HTTP: `POST /admin/v1/<operation>`, and `/mcp` for the same ones as tools. Only renders.
import type { Hono } from 'hono'
import type { Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import { operations } from '../operations/index.ts'
import { mayRun, pathName, type Envelope, type Operation, type RuntimeStatus } from '../operations/operation.ts'
import { runOperation } from '../operations/run-operation.ts'
import type { Ports } from '../ports/index.ts'
import { readJsonBody } from './body.ts'
import type { DoorContext, DoorEnv } from './door.ts'
import { errorResponse } from './errors.ts'
import { operationContext, type OperationSurface } from './operation-context.ts'
import type { Principal } from './principal.ts'

export interface ControlPlaneOptions extends OperationSurface {
  readonly ports: Ports
  readonly status: () => RuntimeStatus
}

/** The path of an operation. */
export function operationPath(operation: Operation): string {
  return `/admin/v1/${pathName(operation)}`
}

/** Adds the control plane's paths. The door has already found out who is calling; what they may do is decided here. */
export function mountControlPlane(app: Hono<DoorEnv>, options: ControlPlaneOptions): void {
  for (const operation of operations)
    app.all(operationPath(operation), (c) => (c.req.method === 'POST' ? answer(c, operation, options) : notPost(c)))
  app.all('/mcp', async (c) => {
    // Loaded at the first use: the protocol's library is larger than the rest of the gateway.
    const { serveMcp } = await import('./mcp.ts')
    const snapshot = c.get('snapshot')
    const body = c.req.method === 'POST' ? await bodyOf(c.req.raw, snapshot, options.ports) : undefined
    const response = await serveMcp({
      request: c.req.raw,
      body,
      roles: principalOf(c).roles,
      snapshot,
      surface: options,
      traces: c.env?.traces,
    })
    return withRequestId(response, c.get('requestId'))
  })
}

async function answer(c: DoorContext, operation: Operation, options: ControlPlaneOptions): Promise<Response> {
  guardTier(c, operation)
  const input = await bodyOf(c.req.raw, c.get('snapshot'), options.ports)
  return operatorJson(c, await perform(c, operation, options, input))
}

function guardTier(c: DoorContext, operation: Operation): void {
  if (!mayRun(principalOf(c).roles, operation.tier)) throw insufficientTier(operation)
}

/** Runs an operation for whoever is calling. Throws `GatewayError`: `insufficient_tier` before anything, or its failure. */
export async function perform(
  c: DoorContext,
  operation: Operation,
  options: ControlPlaneOptions,
  input: unknown,
): Promise<Extract<Envelope, { ok: true }>> {
  guardTier(c, operation)
  const { ports } = options
  const caller = { isPrivileged: mayRun(principalOf(c).roles, 'privileged'), traces: c.env?.traces }
  const context = operationContext(options, c.get('snapshot'), caller)
  const { envelope, error } = await runOperation(operation, context, input)
  if (error === undefined) return envelope
  if (error.code === 'internal') ports.log.error('internal_error', internalFields(error, operation))
  throw error
}

/** An answer for operators, which nobody on the way may keep. */
export function operatorJson(c: DoorContext, value: object): Response {
  const response = c.json(value)
  response.headers.set('cache-control', 'no-store')
  return withRequestId(response, c.get('requestId'))
}

// Absent only on paths that are open to everybody, and none of those is here.
function principalOf(c: DoorContext): Principal {
  const principal = c.get('principal') as Principal | undefined
  if (principal === undefined) throw new GatewayError('invalid_api_key')
  return principal
}

/** An operation that needs nothing may be asked without a body. */
async function bodyOf(request: Request, snapshot: Snapshot, ports: Ports): Promise<unknown> {
  if (isEmpty(request)) return undefined
  return (await readJsonBody(request, snapshot.server.limits, ports.clock)).value
}

function isEmpty(request: Request): boolean {
  const { headers } = request
  if (request.body === null || headers.get('content-length') === '0') return true
  // Some runtimes give every POST a stream. https://www.rfc-editor.org/rfc/rfc9112#section-6.3
  return !headers.has('content-length') && !headers.has('transfer-encoding') && !headers.has('content-type')
}

function insufficientTier(operation: Operation): GatewayError {
  const role = operation.tier === 'privileged' ? 'admin' : 'operator or admin'
  return new GatewayError('insufficient_tier', { message: `${operation.verb} needs a key of role ${role}` })
}

function notPost(c: DoorContext): Response {
  const response = errorResponse(new GatewayError('method_not_allowed'), c.req.path, c.get('requestId'))
  response.headers.set('allow', 'POST')
  return response
}

// Only the kind: the text of a fault may quote the input.
function internalFields(error: GatewayError, operation: Operation) {
  const { cause } = error
  return { operation: operation.verb, reason: cause instanceof Error ? cause.name : typeof cause }
}

function withRequestId(response: Response, requestId: string): Response {
  response.headers.set('x-signalbox-request-id', requestId)
  return response
}

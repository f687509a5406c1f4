// The paths that operators of other systems know, as thin aliases onto operations: the same tiers, another shape.
import type { Hono } from 'hono'
import { GatewayError } from '../../ir/error.ts'
import { health } from '../../operations/health.ts'
import { healthTargets } from '../../operations/health-targets.ts'
import { operatorJson, perform, type ControlPlaneOptions } from '../control-plane.ts'
import type { DoorContext, DoorEnv } from '../door.ts'
import { errorResponse } from '../errors.ts'
import { resetFace, statusFace } from './providers.ts'

/** One path of another system. */
export interface Face {
  readonly method: 'GET' | 'POST'
  /** As Hono matches it, on the path as it was sent. */
  readonly path: string
  answer(c: DoorContext, options: ControlPlaneOptions): Promise<Response>
}

export const faces: readonly Face[] = [
  {
    method: 'GET',
    path: '/v1/health',
    answer: async (c, options) => operatorJson(c, (await perform(c, health, options, undefined)).data as object),
  },
  {
    method: 'GET',
    path: '/health/targets',
    answer: async (c, options) =>
      operatorJson(c, { targets: (await perform(c, healthTargets, options, undefined)).data }),
  },
  statusFace,
  resetFace,
]

/** Adds the faces. The door has already found out who is calling. */
export function mountFaces(app: Hono<DoorEnv>, options: ControlPlaneOptions): void {
  for (const face of faces)
    app.all(face.path, (c) => (c.req.method === face.method ? face.answer(c, options) : notAllowed(c, face.method)))
}

function notAllowed(c: DoorContext, allowed: Face['method']): Response {
  const response = errorResponse(new GatewayError('method_not_allowed'), c.get('path'), c.get('requestId'))
  response.headers.set('allow', allowed)
  return response
}

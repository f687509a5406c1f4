// Headers by the names of earlier systems, on whatever answer leaves: refusals at the door among them.
import type { MiddlewareHandler } from 'hono'
import { addEarlierNames } from '../engine/respond.ts'
import type { DoorEnv } from './door.ts'

/** Middleware before everything else: adds the names that `server.compat.headers` lists once there is an answer. */
export function earlierNames(): MiddlewareHandler<DoorEnv> {
  return async (c, next) => {
    await next()
    const systems = c.get('snapshot').server.compatHeaders
    if (systems.length > 0) addEarlierNames(c.res.headers, systems)
  }
}

// The way from an isolate to the Durable Objects where it agrees with the others.
import type { Asked } from '../../coordination/remote.ts'
import type { CoordinationServer, ViewAnswer } from '../../coordination/messages.ts'
import type { AdmissionAsk } from '../../coordination/coordinator.ts'
import { mergedView } from '../../coordination/merged-view.ts'
import { rootObject, tenantObject, type Coordinator } from './coordinator.ts'
import { objectServer } from './object-server.ts'

export type CoordinatorBinding = DurableObjectNamespace<Coordinator>

// Cloudflare's types of a stub take tuples apart; what arrives is what was sent.
function serverAt(binding: CoordinatorBinding, name: string): CoordinationServer {
  return objectServer(() => binding.getByName(name) as unknown as CoordinationServer)
}

/** Who is asked for a request of a tenant. */
export function objectFor(
  binding: CoordinatorBinding,
  { tenant, settings }: Pick<AdmissionAsk, 'tenant' | 'settings'>,
): Asked {
  if (settings.objects === 'one' || tenant === null) return { server: serverAt(binding, rootObject) }
  const holder = tenantObject(tenant)
  return { server: serverAt(binding, holder), share: { holder, slice: settings.slice } }
}

/** What operators see and mend: the root's object with those of all tenants. */
export function allObjects(binding: CoordinatorBinding): CoordinationServer {
  const root = serverAt(binding, rootObject)
  const servers = async (): Promise<readonly CoordinationServer[]> => [
    root,
    ...(await binding.getByName(rootObject).tenants()).map((name) => serverAt(binding, name)),
  ]
  const each = async <T>(call: (server: CoordinationServer) => T | Promise<T>): Promise<T[]> =>
    Promise.all((await servers()).map(call))
  return {
    ...root,
    view: async (): Promise<ViewAnswer> => mergedView(await each((server) => server.view())),
    resetLocks: async (selector) =>
      (await each((server) => server.resetLocks(selector))).reduce((sum, held) => sum + held, 0),
    resetBreaker: async (route, target, model) =>
      (await each((server) => server.resetBreaker(route, target, model))).includes(true),
  }
}

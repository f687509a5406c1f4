// Durable Objects in workerd, as many tests of coordination start them.
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { modulesFrom, projectRoot } from '../store/drivers.ts'

/** A workerd with the classes of a file of this folder under their bindings, and with D1 databases of these names. */
export async function startObjects(
  file: string,
  classes: Record<string, string>,
  d1Databases: string[] = [],
): Promise<Miniflare> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: modulesFrom(join(projectRoot, 'test/coordination', file)),
      modulesRoot: projectRoot,
      compatibilityDate: '2026-10-01',
      durableObjects: Object.fromEntries(
        Object.entries(classes).map(([binding, className]) => [binding, { className, useSQLite: true }]),
      ),
      d1Databases,
    }),
  )
  await miniflare.ready
  return miniflare
}

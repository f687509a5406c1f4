// What a gateway cannot change while it runs: it keeps what it began with, and says what another start would change.
import { canonicalJson } from '../catalog/digest.ts'
import { deepFreeze } from '../catalog/freeze.ts'
import type { Snapshot } from '../catalog/snapshot.ts'

/** The parts of a snapshot that such settings are in. */
export type FixedParts = Pick<Snapshot, 'server' | 'storage' | 'coordination'>

/** Settings in the words of the file, each with a way to read it. */
const fixedSettings = {
  'server.host': ({ server }) => server.host,
  'server.port': ({ server }) => server.port,
  'server.limits.header_timeout_ms': ({ server }) => server.limits.headerTimeoutMs,
  'server.limits.max_header_bytes': ({ server }) => server.limits.maxHeaderBytes,
  'storage.kind': ({ storage }) => storage.kind,
  'storage.path': ({ storage }) => storage.path,
  coordination: ({ coordination }) => coordination,
} satisfies Readonly<Record<string, (parts: FixedParts) => unknown>>

export type FixedSetting = keyof typeof fixedSettings

/** Of a process that listens and opens its own database. */
export const fixedSettingNames = Object.keys(fixedSettings) as readonly FixedSetting[]

/**
 * The next snapshot with those settings as they were at the start, and the names of those that would have changed. Of
 * settings that are not listed it keeps nothing: there they take effect at once, or have no meaning.
 */
export function keepFixed(
  started: FixedParts,
  next: Snapshot,
  names: readonly FixedSetting[],
): { readonly snapshot: Snapshot; readonly needsRestart: readonly FixedSetting[] } {
  const needsRestart = names.filter(
    (name) => canonicalJson(fixedSettings[name](started)) !== canonicalJson(fixedSettings[name](next)),
  )
  if (needsRestart.length === 0) return { snapshot: next, needsRestart }
  const from = (name: FixedSetting): FixedParts => (needsRestart.includes(name) ? started : next)
  const { server } = next
  const snapshot: Snapshot = {
    ...next,
    server: {
      ...server,
      host: from('server.host').server.host,
      port: from('server.port').server.port,
      limits: {
        ...server.limits,
        headerTimeoutMs: from('server.limits.header_timeout_ms').server.limits.headerTimeoutMs,
        maxHeaderBytes: from('server.limits.max_header_bytes').server.limits.maxHeaderBytes,
      },
    },
    storage: { kind: from('storage.kind').storage.kind, path: from('storage.path').storage.path },
    coordination: from('coordination').coordination,
  }
  return { snapshot: deepFreeze(snapshot), needsRestart }
}

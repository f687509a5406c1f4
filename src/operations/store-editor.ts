// Edits of a configuration that lies in a store: compiled before it is published, published only on top of what was read.
import { compileConfig } from '../catalog/compile.ts'
import { editConfig, editRefused } from '../catalog/edit.ts'
import { parseConfig } from '../catalog/parse-config.ts'
import { problemText } from '../catalog/problem.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Clock, ConfigStore } from '../ports/index.ts'
import type { ConfigChange, ConfigEdit, ConfigEditor } from './operation.ts'

/** How often an edit begins anew because somebody else published meanwhile. */
const maxTries = 4

/** The editor of what is published in a store; `onPublished` lets the gateway that edits go by it at once. */
export function createStoreEditor(
  store: ConfigStore,
  clock: Pick<Clock, 'now'>,
  onPublished: () => Promise<unknown> = async () => {},
): ConfigEditor {
  return {
    place: 'store',
    takesEffect: 'every instance of the gateway goes by it within 5 seconds',
    async apply(changes, { dryRun } = { dryRun: false }) {
      try {
        for (let tries = 0; tries < maxTries; tries++) {
          const stored = await store.load()
          const edited = edit(stored?.document ?? '{}', changes)
          if (!edited.ok) return edited
          const { text, ...done } = edited.value
          if (dryRun || done.changed.length === 0) return ok(done)
          const published = await store.publish(text, stored?.revision ?? 0, clock.now())
          if (!published.ok) continue
          await onPublished()
          return ok(done)
        }
      } catch (cause) {
        return failed('store_unavailable', { cause })
      }
      return failed('conflict', { message: 'the configuration is being changed by somebody else: try again' })
    },
  }
}

/** An editor for a configuration that is not to be changed here, and says why. */
export function readOnlyEditor(place: string, reason: string): ConfigEditor {
  return { place, takesEffect: 'never', apply: async () => failed('invalid_request', { message: reason }) }
}

function edit(text: string, changes: readonly ConfigChange[]): Outcome<ConfigEdit & { readonly text: string }> {
  const edited = editConfig(text, changes)
  if (!edited.ok) return edited
  const after = parseConfig(edited.value.text)
  const compiled = after.ok ? compileConfig({ document: after.value }) : after
  if (!compiled.ok) return editRefused(compiled.problems)
  const { changed } = edited.value
  const warnings = compiled.warnings.map(problemText)
  return ok({ text: edited.value.text, revision: compiled.snapshot.revision, warnings, changed })
}

// Edits of a configuration that lies in files: comments kept, compiled before it is accepted, one writer at a time, each
// file old or new and never half. No copy is left behind: a file may hold keys, and a forgotten copy of it as well.
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { editConfig, editRefused } from '../src/catalog/edit.ts'
import { isRecord } from '../src/catalog/json.ts'
import { parseConfig } from '../src/catalog/parse-config.ts'
import { problemText } from '../src/catalog/problem.ts'
import { catalogSectionNames } from '../src/catalog/schema.ts'
import { failed, ok, type Outcome } from '../src/ir/error.ts'
import type { ConfigChange, ConfigEdit, ConfigEditor } from '../src/operations/operation.ts'
import { readOnlyEditor } from '../src/operations/store-editor.ts'
import {
  compileTexts,
  isBundledFile,
  readConfigTexts,
  type ConfigTexts,
  type LoadedConfig,
  type ReadConfig,
} from './config-files.ts'
import { isConfigText } from './config-source.ts'
import { codeOf } from './error-code.ts'
import { FileLocked, withFileLock } from './file-lock.ts'
import { replaceFile } from './replace-file.ts'

const initFirst = 'make one of your own with `signalbox init`, which the next `signalbox serve` goes by'

/** A gateway that goes by the file, and that hears of an edit from whoever made it. */
export interface RunningGateway {
  /** For people: `the gateway on http://127.0.0.1:8787`. */
  readonly name: string
  /** Lets it read the file again. Never rejects. */
  reload(): Promise<Outcome<unknown>>
}

/**
 * The editor of the configuration at `source`: a path, or the configuration itself, which nobody can edit. `running` is
 * the gateway that goes by it, if one does.
 */
export function createFileEditor(source: string, running?: RunningGateway): ConfigEditor {
  if (isConfigText(source))
    return readOnlyEditor(
      'variable SIGNALBOX_CONFIG',
      'the configuration is the value of SIGNALBOX_CONFIG and cannot be edited here: put it into a file',
    )
  const path = resolve(source)
  return {
    place: `file ${path}`,
    takesEffect: null,
    async apply(changes, { dryRun } = { dryRun: false }) {
      if (await isBundledFile(path))
        return failed('invalid_request', {
          message: `${path} comes with the program and is not edited: ${initFirst}`,
        })
      const edit = async (): Promise<Outcome<ConfigEdit>> => editFiles(path, changes, dryRun)
      try {
        if (dryRun) return await edit()
        const edited = await withFileLock(await realpath(path), edit)
        return edited.ok && edited.value.changed.length > 0 && running !== undefined
          ? ok(await madeLive(edited.value, running))
          : edited
      } catch (cause) {
        if (cause instanceof FileLocked) return failed('conflict', { message: cause.message })
        return failed('store_unavailable', { message: `${path} could not be written (${codeOf(cause)})`, cause })
      }
    },
  }
}

async function madeLive(edit: ConfigEdit, running: RunningGateway): Promise<ConfigEdit> {
  const reloaded = await running.reload()
  if (reloaded.ok) return { ...edit, live: running.name }
  const why = reloaded.error.message
  return { ...edit, warnings: [...edit.warnings, `${running.name} still goes by the old file: ${why}`] }
}

type GoodConfig = ReadConfig & { readonly ok: true }

interface Edited {
  readonly texts: ConfigTexts
  readonly changed: ConfigEdit['changed']
}

async function editFiles(
  path: string,
  changes: readonly ConfigChange[],
  dryRun: boolean,
): Promise<Outcome<ConfigEdit>> {
  const read = await readConfigTexts(path)
  if (!read.ok) return editRefused(read.problems)
  const edited = editTexts(read.texts, changes)
  if (!edited.ok) return edited
  const compiled = compileTexts(edited.value.texts, read.folder, read.files)
  if (!compiled.ok) return editRefused(compiled.problems)
  const done: ConfigEdit = {
    revision: compiled.snapshot.revision,
    warnings: compiled.warnings.map(problemText),
    changed: edited.value.changed,
  }
  if (dryRun || done.changed.length === 0) return ok(done)
  const failure = await writeAll(path, read, edited.value.texts)
  return failure ?? ok(done)
}

/** Each change goes where its section lives; a section that lives nowhere yet begins in the configuration itself. */
function editTexts(texts: ConfigTexts, changes: readonly ConfigChange[]): Outcome<Edited> {
  const inCatalog = sectionsOf(texts)
  const isCatalog = ({ path }: ConfigChange): boolean => inCatalog.includes(String(path[0]))
  const config = editOne(
    texts.config.text,
    changes.filter((change) => !isCatalog(change)),
    texts.config.name,
  )
  if (!config.ok) return config
  const { catalog } = texts
  if (catalog === undefined)
    return ok({
      texts: { ...texts, config: { ...texts.config, text: config.value.text } },
      changed: config.value.changed,
    })
  const other = editOne(catalog.text, changes.filter(isCatalog), catalog.name)
  if (!other.ok) return other
  return ok({
    texts: {
      ...texts,
      config: { ...texts.config, text: config.value.text },
      catalog: { ...catalog, text: other.value.text },
    },
    changed: [...config.value.changed, ...other.value.changed],
  })
}

function sectionsOf({ catalog }: ConfigTexts): readonly string[] {
  const parsed = catalog === undefined ? undefined : parseConfig(catalog.text)
  const value = parsed?.ok === true ? parsed.value : undefined
  return catalogSectionNames.filter((name) => isRecord(value) && Object.hasOwn(value, name))
}

// A syntax error is found by the compiler as well; here it has to be known in which of two files it is.
function editOne(text: string, changes: readonly ConfigChange[], source: string) {
  const parsed = parseConfig(text)
  if (parsed.ok) return editConfig(text, changes)
  return editRefused(parsed.problems.map((problem) => ({ ...problem, source })))
}

/** Writes what changed; undefined where all went well. */
async function writeAll(path: string, read: GoodConfig, next: ConfigTexts): Promise<Outcome<never> | undefined> {
  const config = { path, before: read.texts.config.text, after: next.config.text }
  const catalog = {
    path: join(read.folder, 'catalog.json'),
    before: read.texts.catalog?.text ?? '',
    after: next.catalog?.text ?? '',
  }
  const changed = [config, catalog].filter(({ before, after }) => before !== after)
  const ordered =
    changed.length < 2 ? changed : inOrder(read, next) === 'config' ? [config, catalog] : [catalog, config]
  if (changed.length === 2 && inOrder(read, next) === undefined)
    return failed('invalid_request', {
      message: `this changes ${path} and its catalog.json, and neither alone would be valid: move the sections into one file`,
    })
  for (const { path: file, before, after } of ordered) {
    const target = await realpath(file)
    switch (replaceFile(target, after, before)) {
      case 'done':
        continue
      case 'changed':
        return failed('conflict', {
          message: `${file} was changed by somebody else meanwhile: look at it and try again`,
        })
      case 'read_only':
        return failed('invalid_request', { message: `${file} is read-only: allow its owner to write it (chmod u+w)` })
    }
  }
  return undefined
}

/** Which of two files goes first, so that a crash between them leaves something that a gateway can start with. */
function inOrder({ texts, folder, files }: GoodConfig, next: ConfigTexts): 'config' | 'catalog' | undefined {
  const compiles = (mixed: ConfigTexts): LoadedConfig => compileTexts(mixed, folder, files)
  if (compiles({ ...texts, config: next.config }).ok) return 'config'
  if (next.catalog !== undefined && compiles({ ...texts, catalog: next.catalog }).ok) return 'catalog'
  return undefined
}

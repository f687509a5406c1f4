// Reads a configuration and its siblings from disk, or from the text of an environment variable, on Node, Bun and Deno.
// Owns who may read those files; what is in them is compiled by the catalog.
import { constants } from 'node:fs'
import { access, lstat, open, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileConfig, type Compiled } from '../src/catalog/compile.ts'
import { parseConfig } from '../src/catalog/parse-config.ts'
import type { Problem } from '../src/catalog/problem.ts'
import { shellWord } from '../src/operations/shell-word.ts'
import { isConfigText } from './config-source.ts'
import { codeOf } from './error-code.ts'

export interface LoadOptions {
  /** Permission bits mean nothing on `win32` and are not checked there. */
  readonly platform?: string
  /** Where relative paths of a configuration without a file begin. */
  readonly cwd?: string
  /** The folder of the files that come with the package. */
  readonly bundled?: string
}

/** What was compiled, and the files it came from (for watching them). */
export type LoadedConfig = Compiled & { readonly files: readonly string[] }

/** How large each file of a configuration may be. */
const configLimits = { fileBytes: 8 * 1024 * 1024 } as const
// They come readable for everybody from a checkout or a package, and hold no secret.
const bundledNames = ['quickstart.jsonc', 'smoke.json', 'signalbox.example.jsonc', 'catalog.example.json']
const bundledFolder = fileURLToPath(new URL('../configs/', import.meta.url))

/**
 * Loads and compiles a configuration. `source` is the path of a file, or the JSON itself where it begins with `{`.
 * Beside a file, `catalog.json` and `secrets.json` are read too. Files that others could read are refused.
 */
export async function loadConfigFiles(source: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  const cwd = options.cwd ?? process.cwd()
  if (isConfigText(source)) return compileTexts(inlineTexts(source), cwd, [])
  const read = await readConfigTexts(source, options)
  return read.ok ? compileTexts(read.texts, read.folder, read.files) : read
}

/** The files of a configuration as texts, read under the same rules; none of them parsed. */
export type ReadConfig =
  | { readonly ok: true; readonly texts: ConfigTexts; readonly folder: string; readonly files: readonly string[] }
  | {
      readonly ok: false
      readonly problems: readonly Problem[]
      readonly warnings: readonly Problem[]
      readonly files: readonly string[]
    }

/** The files of the configuration at a path, whether they are there or not: itself first. */
export function configPaths(source: string, cwd: string = process.cwd()): readonly [string, string, string] {
  const path = resolve(cwd, source)
  return [path, join(dirname(path), 'catalog.json'), join(dirname(path), 'secrets.json')]
}

/** Reads the configuration at a path, and its siblings. */
export async function readConfigTexts(source: string, options: LoadOptions = {}): Promise<ReadConfig> {
  const [path, catalogPath, secretsPath] = configPaths(source, options.cwd)
  const folder = dirname(path)
  const rules = { platform: options.platform ?? process.platform, bundled: options.bundled ?? bundledFolder }
  const [config, catalog, secrets] = await Promise.all([
    readGuarded(path, { ...rules, optional: false, followLinks: true }),
    readSibling(catalogPath, path, { ...rules, optional: true, followLinks: true }),
    readSibling(secretsPath, path, { ...rules, optional: true, followLinks: false }),
  ])
  const read = [config, catalog, secrets]
  const problems = read.flatMap((file) => (file.kind === 'refused' ? [file.problem] : []))
  const files = read.flatMap((file) => (file.kind === 'read' ? [file.path] : []))
  if (problems.length > 0 || config.kind !== 'read') return { ok: false, problems, warnings: [], files }
  const texts = {
    config: { name: path, text: config.text },
    ...(catalog.kind === 'read' ? { catalog: { name: 'catalog.json', text: catalog.text } } : {}),
    ...(secrets.kind === 'read' ? { secrets: { name: 'secrets.json', text: secrets.text } } : {}),
  }
  return { ok: true, texts, folder, files }
}

/** Whether a path leads to one of the files that come with the program. */
export async function isBundledFile(path: string, folder: string = bundledFolder): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && isBundled(found, folder)
}

export interface NamedText {
  readonly name: string
  readonly text: string
}

export interface ConfigTexts {
  readonly config: NamedText
  readonly catalog?: NamedText
  readonly secrets?: NamedText
}

/** The texts of a configuration that is a text itself. */
export function inlineTexts(source: string): ConfigTexts {
  return { config: { name: 'SIGNALBOX_CONFIG', text: source } }
}

/** Parses and compiles texts that were read; relative paths begin at `folder`. */
export function compileTexts(texts: ConfigTexts, folder: string, files: readonly string[]): LoadedConfig {
  const problems: Problem[] = []
  const parse = (file: NamedText | undefined): unknown => {
    if (file === undefined) return undefined
    const parsed = parseConfig(file.text)
    if (parsed.ok) return parsed.value
    problems.push(...parsed.problems.map((problem) => ({ ...problem, source: file.name })))
    return undefined
  }
  const documents = { document: parse(texts.config), catalog: parse(texts.catalog), secrets: parse(texts.secrets) }
  if (problems.length > 0) return { ok: false, problems, warnings: [], files }
  return { ...compileConfig({ ...documents, resolvePath: (path) => resolve(folder, path) }), files }
}

interface ReadRules {
  readonly platform: string
  readonly bundled: string
  /** Absence is no problem. */
  readonly optional: boolean
  readonly followLinks: boolean
}

type ReadFile =
  | { readonly kind: 'read'; readonly path: string; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly problem: Problem }

function refused(source: string, message: string, hint?: string): ReadFile {
  return { kind: 'refused', problem: { path: '', message, source, ...(hint === undefined ? {} : { hint }) } }
}

/** A sibling, unless it is the configuration itself under that name. */
async function readSibling(path: string, config: string, rules: ReadRules): Promise<ReadFile> {
  return path === config ? { kind: 'absent' } : readGuarded(path, rules)
}

/** Opens first and asks the open file afterwards, so that nobody can put another one in its place in between. */
async function readGuarded(path: string, rules: ReadRules): Promise<ReadFile> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer. Windows has neither flag.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (rules.followLinks ? 0 : (constants.O_NOFOLLOW ?? 0))
  let handle: FileHandle
  try {
    handle = await open(path, flags)
  } catch (error) {
    return openFailure(path, codeOf(error), rules)
  }
  try {
    // Deno opens what a link leads to where its own permissions are narrowed, whatever the flags say.
    if (!rules.followLinks && !(await isItself(path, await handle.stat()))) return refusedLink(path)
    return await readHandle(path, handle, rules)
  } catch (error) {
    return refused(path, `cannot be read: ${codeOf(error)}`)
  } finally {
    await handle.close()
  }
}

async function openFailure(path: string, code: string, rules: ReadRules): Promise<ReadFile> {
  if (code === 'ENOENT' && rules.optional && !(await isLink(path))) return { kind: 'absent' }
  if (code === 'ENOENT') return refused(path, 'no such file')
  if (code === 'ELOOP' || code === 'EMLINK') return refusedLink(path)
  return refused(path, `cannot be read: ${code}`)
}

function refusedLink(path: string): ReadFile {
  return refused(path, 'is a symbolic link', 'put the file itself there')
}

/** Whether the name stands for the open file itself, and for no link to it. */
async function isItself(path: string, opened: FileFacts): Promise<boolean> {
  const named = await lstat(path)
  return !named.isSymbolicLink() && named.ino === opened.ino && named.dev === opened.dev
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
}

async function readHandle(path: string, handle: FileHandle, rules: ReadRules): Promise<ReadFile> {
  const found = await handle.stat()
  if (!found.isFile()) return refused(path, 'is not a regular file')
  if (found.size > configLimits.fileBytes) return refusedSize(path)
  const open = (found.mode & 0o077) !== 0 && rules.platform !== 'win32'
  if (open && !(await isBundled(found, rules.bundled)) && !(await isReadOnlyOfRoot(path, found))) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, '0')
    return refused(path, `has mode ${mode}, which lets others in`, `run: chmod 600 ${shellWord(path)}`)
  }
  const bytes = await handle.readFile()
  // It may have grown since.
  if (bytes.length > configLimits.fileBytes) return refusedSize(path)
  try {
    return { kind: 'read', path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return refused(path, 'is not UTF-8')
  }
}

function refusedSize(path: string): ReadFile {
  return refused(path, `is larger than ${configLimits.fileBytes} bytes`)
}

interface FileFacts {
  readonly dev: number
  readonly ino: number
  readonly uid: number
  readonly mode: number
}

/** By identity, not by name: a link or a file elsewhere that is called like it does not count. */
async function isBundled(found: FileFacts, folder: string): Promise<boolean> {
  for (const name of bundledNames) {
    const bundled = await stat(join(folder, name)).catch(() => undefined)
    if (bundled !== undefined && bundled.ino === found.ino && bundled.dev === found.dev) return true
  }
  return false
}

/** How containers mount configuration: root's, and nobody can write it. */
async function isReadOnlyOfRoot(path: string, found: FileFacts): Promise<boolean> {
  if (found.uid !== 0 || (found.mode & 0o022) !== 0) return false
  if ((found.mode & 0o222) === 0) return true
  return access(path, constants.W_OK).then(
    () => false,
    (error: unknown) => codeOf(error) === 'EROFS',
  )
}

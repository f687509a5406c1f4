// A configuration as it stands at one moment: its files read between two looks at them that agree.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import process from 'node:process'
import { compiledSafely, type Candidate } from '../src/operations/live-config.ts'
import { compileTexts, configPaths, inlineTexts, readConfigTexts, type ConfigTexts } from './config-files.ts'
import { isConfigText } from './config-source.ts'

export interface FoundConfig extends Candidate {
  /** The files that were there; those of the configuration itself and of its siblings. */
  readonly files: readonly string[]
  /** What the files looked like; empty where they kept changing while they were read. */
  readonly stamps: string
}

const maxTries = 3

/**
 * Reads and compiles the configuration at a path, or the one that `source` is. Problems are in what is returned: nothing is
 * thrown.
 */
export async function findConfig(source: string): Promise<FoundConfig> {
  if (isConfigText(source)) {
    const texts = inlineTexts(source)
    const compiled = compiledSafely(() => compileTexts(texts, process.cwd(), []))
    return { compiled, files: [], print: printOf(texts), stamps: '' }
  }
  let stamps = await stampsOf(source)
  for (let tries = 1; ; tries++) {
    const read = await readConfigTexts(source)
    const after = await stampsOf(source)
    const isSteady = stamps === after
    stamps = after
    if (!isSteady && tries < maxTries) continue
    const seen = { files: read.files, stamps: isSteady ? stamps : '' }
    if (!read.ok) return { ...seen, compiled: read, print: JSON.stringify(read.problems) }
    const compiled = compiledSafely(() => compileTexts(read.texts, read.folder, read.files))
    return { ...seen, compiled, print: printOf(read.texts) }
  }
}

/** What the files at a path look like now: another text after every write, rename, link or change of their modes. */
export async function stampsOf(source: string): Promise<string> {
  const stamps = configPaths(source).map((path) =>
    stat(path, { bigint: true }).then(
      ({ dev, ino, size, mode, mtimeNs, ctimeNs }) => [dev, ino, size, mode, mtimeNs, ctimeNs].join(' '),
      () => 'absent',
    ),
  )
  return (await Promise.all(stamps)).join(', ')
}

// A digest: values of secrets are in it.
function printOf({ config, catalog, secrets }: ConfigTexts): string {
  const texts = [config, catalog, secrets].map((file) => file?.text ?? null)
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex')
}

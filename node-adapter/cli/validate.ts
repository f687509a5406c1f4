// `config validate FILE`: beside the text, what only this machine can see: siblings, permissions, the paths of the file.
import { readFile } from 'node:fs/promises'
import { verdict } from '../../src/operations/config-validate.ts'
import type { Envelope, Operation } from '../../src/operations/operation.ts'
import { loadConfigFiles } from '../config-files.ts'
import { CommandFailure } from './failure.ts'
import { maxTextBytes, readStandardInput } from './input.ts'
import { successEnvelope } from './output.ts'
import { configSource, type PlaceFlags } from './place.ts'
import { runVerb } from './run-verb.ts'

/** Checks the named file, `-` for standard input, or the configuration that a gateway would use. */
export async function validateFiles(
  operation: Operation,
  file: string | undefined,
  place: PlaceFlags,
): Promise<Envelope> {
  const source = file ?? configSource(place)
  if (file === '-' || place.url !== undefined) {
    const document = file === '-' ? (await readStandardInput(maxTextBytes)).toString('utf8') : await textOf(source)
    return runVerb({ operation, input: { document }, place: place.url === undefined ? {} : { url: place.url } })
  }
  const loaded = await loadConfigFiles(source)
  const found = loaded.ok ? { revision: loaded.snapshot.revision, problems: [], warnings: loaded.warnings } : loaded
  return successEnvelope(operation.verb, verdict(found))
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new CommandFailure('file_unreadable', `${path} cannot be read (${reason})`, { cause })
  }
}

// The vault of a configuration, opened in this process: for verbs that handle values, which no gateway gives out.
import process from 'node:process'
import type { Secrets, Stores } from '../../src/ports/index.ts'
import { CommandFailure, exitCodes } from '../cli/failure.ts'
import { ConfigRefused, openStoresOrFail } from '../cli/in-process.ts'
import { configSource } from '../cli/place.ts'
import { note } from '../cli/terminal.ts'
import { loadConfigFiles } from '../config-files.ts'
import { isConfigText } from '../config-source.ts'
import { createSecrets } from '../environment.ts'
import { readLiveRunFiles } from '../run-file.ts'
import { withLocalKeys } from './local-secrets.ts'

export interface OpenVault {
  readonly secrets: Secrets
  readonly stores: Stores
  /** Throws where the keys of this machine may not be used. */
  checkKeys(): void
  close(): Promise<void>
}

/**
 * Opens the stores of `config`, else of `SIGNALBOX_CONFIG`, else of the gateway that was started last, else of the
 * configuration that a start would use. Throws `ConfigRefused` and `CommandFailure`.
 */
export async function openVault(config: string | undefined, verb: string): Promise<OpenVault> {
  const source = config ?? (await sourceOfGateway()) ?? configSource({})
  const loaded = await loadConfigFiles(source)
  if (!loaded.ok) throw new ConfigRefused(loaded.problems)
  const { storage } = loaded.snapshot
  if (storage.kind === 'memory')
    throw new CommandFailure('not_configured', 'this configuration keeps its vault in memory: nothing to work on here')
  note(`${verb} in process on ${isConfigText(source) ? 'SIGNALBOX_CONFIG' : source}`)
  const opened = await openStoresOrFail(loaded.snapshot)
  const local = withLocalKeys(createSecrets(loaded.secrets))
  return {
    secrets: local.secrets,
    stores: opened.stores,
    checkKeys: () => {
      const refusal = local.refusal()
      if (refusal !== undefined) throw new CommandFailure('key_file_refused', refusal, { exit: exitCodes.refused })
    },
    close: () => opened.close(),
  }
}

async function sourceOfGateway(): Promise<string | undefined> {
  if ((process.env['SIGNALBOX_CONFIG'] ?? '') !== '') return undefined
  const [newest] = await readLiveRunFiles({ onRefused: note })
  return newest?.config ?? undefined
}

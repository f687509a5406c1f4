// Where a verb runs: on a gateway over HTTP, or in this process on a configuration and its stores.
import { resolve } from 'node:path'
import process from 'node:process'
import type { Operation } from '../../src/operations/operation.ts'
import { isConfigText } from '../config-source.ts'
import { chooseConfig } from '../default-config.ts'
import { readLiveRunFiles, type RunFile } from '../run-file.ts'
import { CommandFailure, usageFailure } from './failure.ts'
import { adminKeyName, checkUrl, type GatewayAddress } from './gateway-client.ts'
import { note } from './terminal.ts'

export interface PlaceFlags {
  readonly config?: string | undefined
  readonly url?: string | undefined
  readonly port?: number | undefined
}

interface PlaceFacts {
  /** For the person at the terminal. */
  readonly label: string
  /** The flags that lead here again, although the gateway was restarted or another one was started meanwhile. */
  readonly again: PlaceFlags
}

export type Place =
  | (PlaceFacts & { readonly kind: 'gateway'; readonly address: GatewayAddress })
  /** `source` is a path, or the configuration itself. */
  | (PlaceFacts & { readonly kind: 'in-process'; readonly source: string })

/** The configuration to work on where no gateway is asked: the one that `serve` would use. */
export function configSource(flags: PlaceFlags): string {
  return chooseConfig(flags.config).source
}

/**
 * Decides in this order: `--url`, `--port`, `--config`, the newest gateway of this machine, the default configuration.
 * Operations that need a gateway never run in process: throws `gateway_unavailable` where none is found.
 */
export async function choosePlace(scope: Operation['scope'], flags: PlaceFlags): Promise<Place> {
  if (flags.url !== undefined) {
    if (flags.config !== undefined || flags.port !== undefined)
      throw usageFailure('conflicting_flags', '--url cannot be combined with --config or --port', '--url')
    return remote(checkUrl(flags.url))
  }
  if (flags.port !== undefined || scope === 'gateway') return running(flags)
  if (flags.config !== undefined) return inProcess(flags.config)
  const [newest] = await liveRunFiles()
  return newest === undefined ? inProcess(configSource(flags)) : atRunFile(newest)
}

function inProcess(source: string): Place {
  const isText = isConfigText(source)
  const label = `in process on ${isText ? 'SIGNALBOX_CONFIG' : resolve(source)}`
  return { kind: 'in-process', source, label, again: { config: source } }
}

function atRunFile(run: RunFile): Place {
  const address = { url: run.url, token: run.token }
  return { kind: 'gateway', address, label: `on ${run.url} (pid ${run.pid})`, again: { port: portOf(run) } }
}

async function remote(url: string): Promise<Place> {
  const place = { kind: 'gateway', label: `on ${url}`, again: { url } } as const
  const key = process.env[adminKeyName]
  if (key !== undefined && key !== '') return { ...place, address: { url, token: key } }
  // A run file's token goes to the gateway that wrote it and to nobody else.
  const own = (await liveRunFiles()).find((run) => new URL(run.url).origin === new URL(url).origin)
  return { ...place, address: { url, token: own?.token } }
}

async function running(flags: PlaceFlags): Promise<Place> {
  const config = flags.config === undefined ? undefined : resolve(flags.config)
  const matching = (await liveRunFiles()).filter(
    (run) =>
      (flags.port === undefined || portOf(run) === flags.port) && (config === undefined || run.config === config),
  )
  const [newest] = matching
  if (newest !== undefined) return atRunFile(newest)
  const where = [
    ...(flags.port === undefined ? [] : [` on port ${flags.port}`]),
    ...(config === undefined ? [] : [` with ${config}`]),
  ].join('')
  throw new CommandFailure(
    'gateway_unavailable',
    `no gateway is running on this machine${where}: start one with \`signalbox serve\`, or name one with --url`,
  )
}

function portOf(run: RunFile): number {
  const { port, protocol } = new URL(run.url)
  return Number(port || (protocol === 'https:' ? 443 : 80))
}

function liveRunFiles(): Promise<readonly RunFile[]> {
  return readLiveRunFiles({ onRefused: note })
}

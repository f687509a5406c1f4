// What only this machine can say: its runtime, the configuration's files, the key file, the database, the port, the proxies.
import { createServer, connect } from 'node:net'
import process from 'node:process'
import { problemText } from '../../src/catalog/problem.ts'
import type { Snapshot } from '../../src/catalog/snapshot.ts'
import { broken, doubtful, fine, type Check } from '../../src/operations/doctor.ts'
import type { Secrets } from '../../src/ports/index.ts'
import type { LoadedConfig } from '../config-files.ts'
import { isConfigText } from '../config-source.ts'
import { KeyFileRefused, keyFilePath, readLocalKeys } from '../key-file.ts'
import { readLiveRunFiles } from '../run-file.ts'
import { loadRuntime } from '../runtime.ts'
import { runtimeName } from '../runtime-name.ts'
import { openStores } from '../stores.ts'
import { version } from '../version.ts'

/** The first that runs TypeScript as it is: 22.18. */
const oldestNode = 22
const patienceMs = 3000

/** The runtime, and what it can do for the way out. */
export async function runtimeChecks(): Promise<Check[]> {
  const name = runtimeName()
  const text = `signalbox ${version} on ${name} ${runtimeVersion()}`
  const major = Number(process.versions.node.split('.')[0])
  const runtime =
    name !== 'node' || major >= oldestNode
      ? fine('runtime', text)
      : doubtful('runtime', text, `use Node ${oldestNode}.18 or newer`)
  const { egress, close } = await loadRuntime()
  await close()
  const abilities = `dns_pinning ${egress.dnsPinning ? 'yes' : 'unsupported'}, proxies ${egress.proxies ? 'yes' : 'unsupported'}`
  return [runtime, fine('way out', abilities)]
}

function runtimeVersion(): string {
  const { bun, deno, node } = process.versions
  return bun ?? deno ?? node
}

/** The files of the configuration: readable, ours, and without a mistake. Every problem is a check of its own. */
export function configurationChecks(source: string, loaded: LoadedConfig): Check[] {
  const place = isConfigText(source) ? 'SIGNALBOX_CONFIG' : source
  const warnings = loaded.warnings.map((problem) =>
    doubtful('configuration', problemText(problem), problem.hint ?? 'look at this place of the file'),
  )
  if (loaded.ok) return [fine('configuration', `${place} is valid, revision ${loaded.snapshot.revision}`), ...warnings]
  const problems = loaded.problems.map((problem) =>
    broken('configuration', problemText(problem), problem.hint ?? nextFor(problem.message)),
  )
  return [...problems, ...warnings]
}

function nextFor(message: string): string {
  return message.includes('no such file')
    ? 'name another file with --config, or write one with `signalbox init`'
    : 'change this place of the file; `signalbox config schema` describes it'
}

/** The file of the keys that seal, where they are not given. */
export function keyFileCheck(given: Secrets): Check {
  const path = keyFilePath()
  try {
    const found = readLocalKeys(given).get('SIGNALBOX_KEK') !== undefined
    return fine('key file', found ? `${path} is yours alone` : `not there yet: the first start makes ${path}`)
  } catch (cause) {
    if (cause instanceof KeyFileRefused) return broken('key file', cause.message, 'do as it says')
    return broken('key file', `${path} cannot be read`, 'look at its folder')
  }
}

/** The store, opened and migrated as a start would. */
export async function storeOpens({ storage }: Snapshot): Promise<Check> {
  try {
    const opened = await openStores(storage)
    await opened.close()
    return fine('store file', storage.path ?? storage.kind)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'it cannot be opened'
    return broken('store file', message, 'change storage.path, or what the message names')
  }
}

/** Whether the port is free, or taken by a gateway of this user. */
export async function portCheck({ server: { host, port } }: Snapshot): Promise<Check> {
  const running = (await readLiveRunFiles()).find((run) => Number(new URL(run.url).port) === port)
  if (running !== undefined) return fine('port', `a gateway of yours runs on ${running.url} (pid ${running.pid})`)
  const fault = await listenFault(host, port)
  if (fault === undefined) return fine('port', `${port} on ${host} is free`)
  const next = fault === 'EADDRINUSE' ? 'use serve --port, or stop what listens there' : 'use another host or port'
  return broken('port', `${port} on ${host} cannot be used (${fault})`, next)
}

function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}

/** Reaches for each proxy that is switched on; says nothing to it. */
export function proxyChecks({ egress }: Snapshot, secrets: Secrets): Promise<Check[]> {
  const used = [...egress.proxies.values()].filter((proxy) => egress.enabled && proxy.enabled)
  return Promise.all(
    used.map(async ({ id, url }) => {
      const name = `proxy ${id}`
      const address = url.from === 'env' ? (secrets.get(url.env) ?? '') : url.url
      if (!URL.canParse(address)) return broken(name, 'its address is no URL', 'write http://host:port')
      const { hostname, port } = new URL(address)
      const target = { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || 80) }
      const fault = await connectFault(target)
      // The host and the port only: an address may hold a password.
      const shown = `${target.host}:${target.port}`
      if (fault === undefined) return fine(name, `${shown} accepts connections`)
      return broken(name, `${shown} cannot be reached (${fault})`, 'start it, or switch it off')
    }),
  )
}

function connectFault(target: { readonly host: string; readonly port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(target)
    const finish = (fault: string | undefined): void => {
      socket.destroy()
      resolve(fault)
    }
    socket.setTimeout(patienceMs, () => finish('no answer'))
    socket.once('connect', () => finish(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'unknown error'))
  })
}

// What a maker gets to work with in these tests: real stores, a real socket as the way out, and a clock that may stand.
import { createUndiciFetch } from '../../../node-adapter/egress-undici.ts'
import type { SecretSource } from '../../../src/catalog/snapshot.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'
import type { CredentialPorts, Making } from '../../../src/credentials/recipe.ts'
import { guardFetch } from '../../../src/egress/guard.ts'
import { failed, ok } from '../../../src/ir/error.ts'
import { Secret } from '../../../src/ir/secret.ts'
import type { Clock, Fetch, Machine, Stores } from '../../../src/ports/index.ts'
import { logFields } from '../../../src/redaction/log.ts'
import { createMemoryStores } from '../../../src/store/memory.ts'

/** A key of this test run's own; nothing else is sealed with it. */
export const testKek = `test:${Buffer.alloc(32, 7).toString('base64')}`

const transport = createUndiciFetch()

/** The guarded way out over real sockets. */
export const realFetch: Fetch = guardFetch(transport.fetch, { allowedHosts: () => [] })

/** The clock of this machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}

export interface Bench {
  readonly ports: CredentialPorts
  readonly logs: string[]
  /** Changes what a variable holds; undefined takes it away. */
  set(name: string, value: string | undefined): void
  making(more?: Partial<Making>): Making
}

export interface BenchOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
  readonly fetch?: Fetch
  readonly stores?: Stores
  readonly machine?: Partial<Machine>
  /** No vault key, as on a machine where none was made. */
  readonly withoutKek?: boolean
}

const noMachine: Machine = {
  home: null,
  readOwnFile: (path) => Promise.resolve(failed('missing_credential', { message: `there is no file ${path}` })),
  awsInstanceProfile: () => Promise.resolve(failed('missing_credential', { message: 'no instance profile' })),
  azureManagedIdentity: () => Promise.resolve(failed('missing_credential', { message: 'no managed identity' })),
}

let nextId = 0

/** Ports and the rest of it. The machine is there only where one is given. */
export function createBench(options: BenchOptions = {}): Bench {
  const env = new Map(
    Object.entries({ ...(options.withoutKek !== true && { SIGNALBOX_KEK: testKek }), ...options.env }),
  )
  const logs: string[] = []
  const log = (event: string, fields: object = {}): void => {
    const unlisted = Object.keys(fields).find((field) => !logFields.some((known) => known === field))
    if (unlisted !== undefined) throw new Error(`the log field ${unlisted} is not listed`)
    logs.push(JSON.stringify({ event, ...fields }))
  }
  const ports: CredentialPorts = {
    clock: options.clock ?? createVirtualClock(),
    random: { next: () => 0.5, id: () => String(nextId++).padStart(24, '0') },
    fetch: options.fetch ?? realFetch,
    log: { debug: log, info: log, warn: log, error: log },
    secrets: { get: (name) => env.get(name) },
    stores: options.stores ?? createMemoryStores(),
    machine: options.machine === undefined ? undefined : { ...noMachine, ...options.machine },
    defer: () => {},
  }
  const read = (source: SecretSource) => {
    const value =
      source.source === 'env' ? env.get(source.env) : source.source === 'inline' ? source.reveal() : undefined
    if (value === undefined) return Promise.resolve(failed('missing_credential', { message: 'not set' }))
    return Promise.resolve(ok(new Secret('test', value)))
  }
  return {
    ports,
    logs,
    set: (name, value) => void (value === undefined ? env.delete(name) : env.set(name, value)),
    making: (more) => ({
      id: 'acct',
      ports,
      read,
      region: null,
      fresh: false,
      way: { allowPrivate: true, allowHttp: true, egress: null },
      ...more,
    }),
  }
}

// A keeper with every effect in the test's hands: time stands until it is moved, background work is collected, and a file
// stands for a source that can be slow, fail and change.
import { createHash } from 'node:crypto'
import type { Account, Snapshot } from '../../../src/catalog/snapshot.ts'
import { compileConfig } from '../../../src/catalog/compile.ts'
import { createCredentialKeeper, type CredentialKeeper, type Lease } from '../../../src/credentials/keeper.ts'
import type { CredentialPorts } from '../../../src/credentials/recipe.ts'
import { failed, ok, type ErrorCode, type Outcome } from '../../../src/ir/error.ts'
import type { AccessRow, Fetch, Machine, Stores } from '../../../src/ports/index.ts'
import { createMemoryStores } from '../../../src/store/memory.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts'

export interface Scene {
  readonly keeper: CredentialKeeper
  readonly clock: VirtualClock
  readonly ports: CredentialPorts
  readonly stores: Stores
  readonly logs: string[]
  readonly env: Record<string, string>
  readonly source: FakeSource
  /** Rows of the audit, oldest first. */
  rows(credential?: string): Promise<readonly AccessRow[]>
  /** Moves time on until the work is done. */
  settle<T>(work: T | Promise<T>): Promise<T>
  /** A lease of the first account of `p`. */
  lease(snapshot: Snapshot): Outcome<Lease> | Promise<Outcome<Lease>>
}

/**
 * Makes digests on this thread: WebCrypto's come from another one, and no virtual clock knows when. Returns what brings
 * WebCrypto back.
 */
export function digestHere(): () => void {
  const { subtle } = crypto
  const real = subtle.digest.bind(subtle)
  subtle.digest = async (algorithm, data) => {
    if (algorithm !== 'SHA-256' || !(data instanceof Uint8Array)) throw new Error('not what is digested here')
    return new Uint8Array(createHash('sha256').update(data).digest()).buffer
  }
  return () => {
    subtle.digest = real
  }
}

/** A file that answers when it is told to, and counts how often it is looked at. */
export interface FakeSource {
  value: string
  failure: ErrorCode | undefined
  /** Milliseconds until it answers. */
  delayMs: number
  /** Never answers, as where the one who asked is gone. */
  dead: boolean
  looks: number
  /** Looks under way, and the most there ever were at once. */
  open: number
  most: number
}

export interface SceneOptions {
  readonly env?: Record<string, string>
  readonly fetch?: Fetch
  readonly clock?: VirtualClock
  readonly stores?: Stores
  readonly files?: boolean
  readonly machine?: Partial<Machine>
}

export function createScene(options: SceneOptions = {}): Scene {
  const clock = options.clock ?? createVirtualClock()
  const stores = options.stores ?? createMemoryStores()
  const logs: string[] = []
  const env = { ...options.env }
  const log = (event: string, fields: object = {}): void => void logs.push(JSON.stringify({ event, ...fields }))
  const source: FakeSource = { value: 'key-1', failure: undefined, delayMs: 0, dead: false, looks: 0, open: 0, most: 0 }
  const ports: CredentialPorts = {
    clock,
    random: { next: () => 0.5, id: () => 'abcdefghijklmnopqrstuvwx' },
    fetch: options.fetch ?? (() => Promise.reject(new Error('this test expects no call'))),
    log: { debug: log, info: log, warn: log, error: log },
    secrets: { get: (name) => env[name] },
    stores,
    machine:
      options.files === false
        ? undefined
        : {
            home: '/home/somebody',
            readOwnFile: () => look(source, clock),
            awsInstanceProfile: () => Promise.resolve(failed('missing_credential')),
            azureManagedIdentity: () => Promise.resolve(failed('missing_credential')),
            ...options.machine,
          },
    defer: (work) => void work.catch(() => {}),
  }
  const keeper = createCredentialKeeper(ports)
  return {
    keeper,
    clock,
    ports,
    stores,
    logs,
    env,
    source,
    lease: (snapshot) => keeper.lease(leaseFor(snapshot), snapshot),
    async settle(work) {
      let over = false
      const done = Promise.resolve(work).finally(() => (over = true))
      done.catch(() => {})
      for (let round = 0; !over && round < 5000; round++) {
        await clock.advance(20)
        // WebCrypto works on another thread, which a busy machine lets wait while this time flies.
        await new Promise((resolve) => setImmediate(resolve))
      }
      return done
    },
    async rows(credential) {
      const rows = await stores.ledger.accesses({ limit: 1000, ...(credential !== undefined && { credential }) })
      return rows.toReversed()
    },
  }
}

async function look(source: FakeSource, clock: VirtualClock): Promise<Outcome<string>> {
  source.looks++
  source.open++
  source.most = Math.max(source.most, source.open)
  const { value, failure, delayMs, dead } = source
  if (dead) return new Promise(() => {})
  if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve))
  source.open--
  return failure === undefined ? ok(value) : failed(failure, { message: 'the file is away' })
}

/** What the engine passes for the first account of provider `p`. */
export function leaseFor(snapshot: Snapshot): { provider: string; account: Account; region: string | null } {
  const account = snapshot.providers.get('p')?.accounts[0]
  if (account === undefined) throw new Error('no account')
  return { provider: 'p', account, region: null }
}

/** A provider `p` whose account uses `credential`, as the file would say it. */
export function configOf(credential: object, more: Readonly<Record<string, object>> = {}): object {
  return {
    credentials: { c: credential, ...more },
    providers: { p: { type: 'openai', accounts: [{ id: 'a', credential: 'c' }] } },
  }
}

export function snapshotOf(document: object): Snapshot {
  const compiled = compileConfig({ document })
  if (!compiled.ok)
    throw new Error(compiled.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
  return compiled.snapshot
}

/** A credential that lies in the scene's file. */
export function fileSnapshot(more: object = {}): Snapshot {
  return snapshotOf(configOf({ type: 'api_key', source: 'file', path: '/key', ...more }))
}

/** The value of a lease that has to be there. */
export function valueOf(outcome: Outcome<Lease>): string {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`)
  const { material } = outcome.value
  if (material.kind !== 'token') throw new Error(`material of kind ${material.kind}`)
  return material.secret.reveal()
}

/** The lease that is there at once. */
export function now<T>(outcome: T | Promise<T>): T {
  if (outcome instanceof Promise) throw new Error('had to wait')
  return outcome
}

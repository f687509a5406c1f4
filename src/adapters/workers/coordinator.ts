// The Durable Object where isolates agree. What has to survive it lies in its own storage; everything else is memory, and
// comes back by itself. One object for all, or one for each tenant under a root that leases them the shared limits.
import { DurableObject } from 'cloudflare:workers'
import { fnv1a64 } from '../../catalog/digest.ts'
import type { AdmitMessage, ProbeMessage, RenewMessage, ReportMessage } from '../../coordination/messages.ts'
import { createSliceBook, type Leased, type SliceBook } from '../../coordination/slice-book.ts'
import { createSlicePool, type HeldSlice, type SlicePool } from '../../coordination/slice-pool.ts'
import type { SliceMessage } from '../../coordination/slices.ts'
import { createStateServer, type Share } from '../../coordination/state-server.ts'
import { createSteadyClock } from '../../coordination/steady-clock.ts'
import type { LockSelector } from '../../coordination/lock-selector.ts'
import type { HeldSlots, Keeper } from '../../coordination/written.ts'
import type { Breaker } from '../../policy/breaker.ts'
import type { Lock } from '../../policy/locks.ts'

/** The object that keeps what all tenants share, and everything where there is only one. */
export const rootObject = 'root'
/** The object of a tenant. */
export function tenantObject(tenant: string): string {
  return `tenant:${tenant}`
}

interface ObjectEnv {
  readonly COORDINATOR: DurableObjectNamespace<Coordinator>
}

/** Stored values say by themselves what they are of: names are cut, as a key may have 2,048 bytes. */
interface Stored<V> {
  readonly of: string
  readonly value: V
}

type Kind = 'lock' | 'breaker' | 'owner' | 'slice' | 'lease' | 'tenant'
const self = 'self'

interface Self {
  readonly holder: string
  readonly slice: number
}

/** Bound as COORDINATOR; see docs/coordination.md. */
export class Coordinator extends DurableObject<ObjectEnv> {
  readonly #now = createSteadyClock(() => Date.now())
  #server!: ReturnType<typeof createStateServer>
  #book!: SliceBook
  #pool!: SlicePool
  #self: Self | undefined
  #tenants = new Set<string>()

  constructor(ctx: DurableObjectState, env: ObjectEnv) {
    super(ctx, env)
    void ctx.blockConcurrencyWhile(async () => this.#open(await ctx.storage.list<Stored<unknown>>()))
  }

  #open(stored: ReadonlyMap<string, Stored<unknown>>): void {
    const of = <V>(kind: Kind): [string, V][] =>
      [...stored].flatMap(([key, { of: name, value }]) => (key.startsWith(`${kind}/`) ? [[name, value as V]] : []))
    this.#self = stored.get(self)?.value as Self | undefined
    this.#tenants = new Set(of<true>('tenant').map(([name]) => name))
    const used = (name: string): number => this.#server.used(name)
    this.#book = createSliceBook({
      now: this.#now,
      used,
      reclaim: (holder, name) => this.#object(holder).reclaim(name),
      keep: (holder, name, leased) => this.#keep('lease', `${name}\u0000${holder}`, leased),
      kept: of<Leased>('lease').map(([key, leased]) => {
        const [name = '', holder = ''] = key.split('\u0000')
        return [holder, name, leased] as const
      }),
    })
    this.#pool = createSlicePool({
      now: this.#now,
      used,
      self: () => this.#self,
      ask: (message) => this.#object(rootObject).slice(message),
      defer: (work) => this.ctx.waitUntil(work),
      after: (ms, call) => void setTimeout(call, ms),
      keep: (name, held) => this.#keep('slice', name, held),
      kept: of<HeldSlice>('slice'),
    })
    this.#server = createStateServer({
      now: this.#now,
      keeper: this.#keeper(),
      share: this.#share(),
      kept: { locks: of<Lock>('lock'), breakers: of<Breaker>('breaker'), owners: of<HeldSlots>('owner') },
    })
  }

  /** A tenant's object leases; the root's own requests get what it has not leased. */
  #share(): Share {
    const of = (): Share => (this.#self === undefined ? this.#book : this.#pool)
    return {
      capacity: (slot) => of().capacity(slot),
      grow: (slot) => of().grow(slot),
      released: (names) => of().released(names),
    }
  }

  #keeper(): Keeper {
    return {
      lock: (key, lock) => this.#keep('lock', key, lock),
      breaker: (key, breaker) => this.#keep('breaker', key, breaker),
      owner: (owner, held) => this.#keep('owner', owner, held),
    }
  }

  // Nobody waits for the disk: it is written in order and soon, and only a machine that dies in between forgets the last
  // moments. https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
  #keep<V>(kind: Kind, of: string, value: V | undefined): void {
    const key = `${kind}/${of.length <= 400 ? of : `${of.slice(0, 360)}#${fnv1a64(of)}`}`
    const options = { allowUnconfirmed: true }
    if (value === undefined) void this.ctx.storage.delete(key, options)
    else void this.ctx.storage.put<Stored<V>>(key, { of, value }, options)
  }

  #object(name: string): DurableObjectStub<Coordinator> {
    return this.env.COORDINATOR.getByName(name)
  }

  /** What a tenant's object is called, once it is told. */
  #introduce(share: AdmitMessage['share']): void {
    if (share === undefined || (this.#self?.holder === share.holder && this.#self.slice === share.slice)) return
    const isNew = this.#self === undefined
    this.#self = { holder: share.holder, slice: share.slice }
    void this.ctx.storage.put<Stored<Self>>(self, { of: self, value: this.#self })
    if (isNew)
      this.ctx.waitUntil(
        this.#object(rootObject)
          .register(share.holder)
          .catch(() => {}),
      )
  }

  admit(message: AdmitMessage) {
    this.#introduce(message.share)
    this.#pool.renew()
    return this.#server.admit(message)
  }

  report(message: ReportMessage) {
    return this.#server.report(message)
  }

  renew(message: RenewMessage) {
    this.#pool.renew()
    return this.#server.renew(message)
  }

  claimProbe(message: ProbeMessage) {
    return this.#server.claimProbe(message)
  }

  view() {
    return this.#server.view()
  }

  resetLocks(selector: LockSelector) {
    return this.#server.resetLocks(selector)
  }

  resetBreaker(route: string | null, target: string, model?: string | null) {
    return this.#server.resetBreaker(route, target, model)
  }

  /** Of the root: leases a slice of a limit to a tenant's object. */
  slice(message: SliceMessage) {
    return this.#book.lease(message)
  }

  /** Of a tenant's object: gives back what is not used. */
  reclaim(name: string) {
    return Promise.resolve(this.#pool.reclaim(name))
  }

  /** Of the root: remembers the object of a tenant, for operators. */
  register(holder: string): Promise<void> {
    if (this.#tenants.has(holder)) return Promise.resolve()
    this.#tenants.add(holder)
    this.#keep('tenant', holder, true)
    return Promise.resolve()
  }

  /** Of the root: the objects of tenants. */
  tenants(): Promise<readonly string[]> {
    return Promise.resolve([...this.#tenants])
  }
}

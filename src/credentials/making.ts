// One question to a source: what the maker of the credential's type gets to work with, and the rows that it leaves in the
// access audit.
import type { AwsMaterial } from '../auth/material.ts'
import type { CredentialRecipe, SecretSource, Snapshot } from '../catalog/snapshot.ts'
import { egressRoute } from '../egress/route.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import { Secret } from '../ir/secret.ts'
import type { AccessReason, Entry } from './cache.ts'
import type { Lease, LeaseFor } from './keeper.ts'
import type { ObtainDeps, Obtainer } from './obtain.ts'
import { isSameValue } from './print.ts'
import { makers } from './recipes/index.ts'
import type { Made, Maker, Making, WayOut } from './recipe.ts'
import { environmentKeys } from './sources/aws-secrets.ts'
import { readSource } from './sources/index.ts'

/** For whom a source is asked. */
export interface LeaseCall {
  /** Absent where nobody sends a request: a credential that only reads another one, a check of one that is not used. */
  readonly asked: LeaseFor | undefined
  readonly snapshot: Snapshot
  /** Absent: as the state of the credential says. */
  readonly reason?: AccessReason
}

export interface MakeCall extends LeaseCall, Pick<Making, 'fresh' | 'spent'> {
  readonly reason: AccessReason
}

interface MakeDeps extends ObtainDeps, Pick<Obtainer, 'obtain' | 'held' | 'refused'> {}

/** The longest that a maker may take, its calls together. */
export const makeMs = 45_000

/** What was made, and the secrets that were read for it: those that their owner changes. */
export interface MadeFrom extends Made {
  readonly sources: readonly Secret[]
}

/** Asks the maker of the credential's type. Never rejects. */
export async function make(deps: MakeDeps, entry: Entry, call: MakeCall): Promise<Outcome<MadeFrom>> {
  const { ports, audit } = deps
  const { record, region } = entry
  const way = wayOf(deps, entry, call)
  if (!way.ok) return way
  const began = ports.clock.mono()
  const sources: Secret[] = []
  const making: Making = {
    id: record.id,
    ports,
    region,
    fresh: call.fresh,
    spent: call.spent,
    way: way.value,
    read: async (source) => {
      const read = await readAudited(deps, entry, { ...call, way: way.value }, source)
      if (read.ok) sources.push(read.value)
      return read
    },
  }
  const made = await withinTime(deps, record.id, run(record.recipe, making))
  // The look at a key that is used as it is kept has a row already.
  if (record.recipe.type !== 'api_key')
    audit.write({
      at: ports.clock.now(),
      credential: record.id,
      source: record.recipe.type,
      reason: call.reason,
      outcome: made.ok ? 'ok' : made.error.code,
      durationMs: Math.round(ports.clock.mono() - began),
    })
  return made.ok ? ok({ ...made.value, sources }) : made
}

function run<Type extends CredentialRecipe['type']>(
  recipe: Extract<CredentialRecipe, { readonly type: Type }>,
  making: Making,
): Promise<Outcome<Made>> {
  // The table has a maker of the very type for each type, which an index by a union cannot say.
  const maker = makers[recipe.type] as Maker<Type>
  return maker(recipe, making)
}

function withinTime({ ports }: MakeDeps, id: string, work: Promise<Outcome<Made>>): Promise<Outcome<Made>> {
  return new Promise((resolve) => {
    const stop = ports.clock.after(makeMs, () => {
      resolve(failed('upstream_unreachable', { message: `credential ${id}: nothing came within ${makeMs / 1000} s` }))
    })
    work
      .catch((cause: unknown) => {
        // Only the kind: the text of a fault may quote what it stumbled over.
        ports.log.error('credential_fault', { credential: id, reason: cause instanceof Error ? cause.name : 'unknown' })
        return failed('missing_credential', { message: `credential ${id}: a fault while it was made`, cause })
      })
      .then(resolve)
      .finally(stop)
  })
}

// The way of the account's requests: who names a proxy means that nothing leaves without it.
function wayOf({ ports }: MakeDeps, { record }: Entry, { asked, snapshot }: LeaseCall): Outcome<WayOut> {
  const provider = asked && snapshot.providers.get(asked.provider)
  const route = egressRoute(provider ?? { egress: null }, asked?.account, snapshot.egress, ports.secrets)
  if (!route.ok) return route
  return ok({ allowPrivate: record.allowPrivate ?? false, allowHttp: record.allowHttp ?? false, egress: route.value })
}

interface ReadCall extends MakeCall {
  readonly way: WayOut
}

async function readAudited(
  deps: MakeDeps,
  entry: Entry,
  call: ReadCall,
  source: SecretSource,
): Promise<Outcome<Secret>> {
  const { ports, audit, handedOut } = deps
  const { id } = entry.record
  const began = ports.clock.mono()
  // A store may repeat in its answer what it was sent.
  if (source.source === 'hashicorp_vault') {
    const token = ports.secrets.get(source.tokenEnv) ?? ''
    if (token !== '') handedOut.add([new Secret(source.tokenEnv, token)], ports.clock.now())
  }
  let opener: Lease | undefined
  const awsKeys = async (credential: string | null): Promise<Outcome<AwsMaterial>> => {
    const lease = await openerOf(deps, call, credential)
    opener = lease.ok ? lease.value : undefined
    return lease.ok ? keysIn(lease.value) : lease
  }
  const look = () => readSource(source, { id, ports, way: call.way, awsKeys })
  const found = await look()
  const isWorthAnother = areKeysRefused(found) && opener !== undefined && deps.refused(opener)
  const read = refusedAsMissing(isWorthAnother ? await look() : found)
  if (read.ok) handedOut.add([read.value], ports.clock.now())
  if (source.source !== 'env' || isNews(entry, source.env, read))
    audit.write({
      at: ports.clock.now(),
      credential: id,
      source: source.source,
      reason: call.reason,
      outcome: read.ok ? 'ok' : read.error.code,
      durationMs: Math.round(ports.clock.mono() - began),
    })
  return read
}

/** Variables are noted when they are first read and when they change. */
function isNews(entry: Entry, name: string, read: Outcome<Secret>): boolean {
  const value = read.ok ? read.value : null
  const known = entry.variables.get(name)
  entry.variables.set(name, value)
  return known === undefined || !isSameValue(known, value)
}

function areKeysRefused(read: Outcome<Secret>): boolean {
  return !read.ok && read.error.code === 'upstream_auth'
}

/** The provider has refused nothing: to whoever asked for the secret, it is not there. */
function refusedAsMissing(read: Outcome<Secret>): Outcome<Secret> {
  if (read.ok || !areKeysRefused(read)) return read
  return failed('missing_credential', { message: read.error.message, cause: read.error })
}

/** What opens another secret: the keys of a credential, or those of the environment. */
async function openerOf(deps: MakeDeps, call: ReadCall, id: string | null): Promise<Outcome<Lease>> {
  const record = id === null ? environmentKeys : call.snapshot.credentials.get(id)
  if (record === undefined) return failed('missing_credential', { message: `no credential ${id ?? ''}` })
  const entry = deps.cache.entry(record, call.asked?.region ?? null, call.snapshot)
  const { clock } = deps.ports
  const { asked, snapshot } = call
  return deps.held(entry, clock.mono(), clock.now()) ?? deps.obtain(entry, { asked, snapshot })
}

function keysIn({ material, credential }: Lease): Outcome<AwsMaterial> {
  return material.kind === 'aws'
    ? ok(material)
    : failed('missing_credential', { message: `credential ${credential ?? ''} holds no AWS keys` })
}

// `doctor`: looks whether everything that serving needs is in order, and says what to do where it is not. Sends nothing
// unless it is told to; a command line adds what only it can see.
import { z } from 'zod'
import type { CredentialRecord } from '../catalog/snapshot.ts'
import { keyringName } from '../sealing/keyring.ts'
import { clientProfileViews } from './client-profiles.ts'
import { credentialPlace, usedCredentials } from './credentials-view.ts'
import { nextStep } from './next-step.ts'
import { defineOperation, type ConfigStatus, type OperationContext } from './operation.ts'

const checkSchema = z.strictObject({
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  message: z.string(),
  next: z.string().nullable().describe('What to do; null where nothing is to be done'),
})

/** One thing that was looked at. */
export type Check = z.output<typeof checkSchema>

export const doctor = defineOperation({
  verb: 'doctor',
  tier: 'read',
  summary: 'Look whether everything is in order, and say what to do where it is not. Sends nothing without --online.',
  examples: ['doctor', 'doctor --config gateway.jsonc', 'doctor --online --json'],
  scope: 'anywhere',
  positional: [],
  needsStores: true,
  needsUpstream: true,
  columns: ['status', 'name', 'message', 'next'],
  isBad: (data) => Array.isArray(data) && data.some((row: { readonly status?: unknown }) => row.status === 'fail'),
  input: z.strictObject({
    online: z.boolean().default(false).describe('Ask token endpoints and secret stores too, and reach for proxies'),
  }),
  output: z.array(checkSchema),
  run: async (context, { online }) => [
    ...gatewayChecks(context),
    ...keyChecks(context),
    await storeCheck(context),
    sealingCheck(context),
    clockCheck(context),
    ...(await credentialChecks(context, online)),
    ...accountChecks(context),
    ...(await lockChecks(context)),
    ...routeChecks(context),
    ...egressChecks(context),
    ...profileChecks(context),
  ],
})

/** All is well. */
export function fine(name: string, message: string): Check {
  return { name, status: 'ok', message, next: null }
}

/** Works, but not as one would wish. */
export function doubtful(name: string, message: string, next: string): Check {
  return { name, status: 'warn', message, next }
}

/** Does not work. */
export function broken(name: string, message: string, next: string): Check {
  return { name, status: 'fail', message, next }
}

function gatewayChecks({ status, snapshot }: OperationContext): Check[] {
  if (status === undefined) return []
  const { version, runtime, url, config } = status()
  const found = fine(
    'gateway',
    `version ${version} on ${runtime} at ${url ?? 'the edge'}, revision ${snapshot.revision}`,
  )
  return [found, ...(config === undefined ? [] : [configCheck(config)])]
}

function configCheck({ rejected, needsRestart }: ConfigStatus): Check {
  const name = 'configuration'
  if (rejected !== null) {
    const message = `a newer one was refused at ${new Date(rejected.at).toISOString()}: ${rejected.problems.join('; ')}`
    return broken(name, message, 'mend it: the one before it is used until then')
  }
  if (needsRestart.length === 0) return fine(name, 'the gateway goes by it as it is now')
  return doubtful(name, `not in use before another start: ${needsRestart.join(', ')}`, 'start the gateway again')
}

function keyChecks({ snapshot, hasSecret }: OperationContext): Check[] {
  const keys = snapshot.keys.filter(({ revoked }) => !revoked)
  if (keys.length === 0) return [fine('keys', 'none: open to programs on this machine only')]
  return keys.map(({ id, env }) => {
    const name = `key ${id}`
    if (hasSecret === undefined || hasSecret(env)) return fine(name, `the value of ${env} is there`)
    return broken(name, `the environment variable ${env} is not set`, `set ${env} where the gateway is started`)
  })
}

async function storeCheck({ stores, snapshot }: OperationContext): Promise<Check> {
  const { kind } = snapshot.storage
  try {
    await stores.ledger.check()
  } catch {
    return broken('store', `the ${kind} store does not answer`, 'look at storage in the configuration, and at its disk')
  }
  if (kind !== 'memory') return fine('store', `the ${kind} store answers`)
  return doubtful('store', 'records are kept in memory and end with the process', 'use storage of kind sqlite or d1')
}

function sealingCheck({ hasSecret }: OperationContext): Check {
  if (hasSecret === undefined || hasSecret(keyringName)) return fine('sealing key', 'there is one')
  return doubtful(
    'sealing key',
    'there is none yet: the vault and the memory of reasoning stay closed',
    `start the gateway once on this machine, run \`signalbox vault init\`, or set ${keyringName}`,
  )
}

/** When this was written: no clock that is right says an earlier time. */
const earliest = Date.UTC(2026, 0, 1)

function clockCheck({ clock }: OperationContext): Check {
  const now = clock.now()
  if (now >= earliest) return fine('clock', new Date(now).toISOString())
  return broken('clock', `it says ${new Date(now).toISOString()}`, 'set the clock: signatures and tokens depend on it')
}

async function credentialChecks(context: OperationContext, online: boolean): Promise<Check[]> {
  return Promise.all(usedCredentials(context.snapshot).map(({ record }) => credentialCheck(record, context, online)))
}

async function credentialCheck(record: CredentialRecord, context: OperationContext, online: boolean): Promise<Check> {
  const name = `credential ${record.id}`
  const place = credentialPlace(record.recipe)
  const env = environmentOf(record.recipe)
  if (env !== undefined && context.hasSecret !== undefined)
    return context.hasSecret(env)
      ? fine(name, `the value of ${env} is there`)
      : broken(name, `the environment variable ${env} is not set`, `set ${env} where the gateway is started`)
  // Asking a source changes what is kept of it, which not every caller may.
  if (context.checkCredential === undefined || context.isPrivileged === false)
    return doubtful(name, `kept in ${place}; not looked at from here`, 'run doctor on the machine of the gateway')
  if (!online && !isLocal(record.recipe))
    return doubtful(name, `kept in ${place}; whoever issues it was not asked`, 'run doctor --online')
  const checked = await context.checkCredential(record.id)
  return checked.ok ? fine(name, `found in ${place}`) : broken(name, checked.error.message, `look at ${place}`)
}

type Recipe = CredentialRecord['recipe']

function environmentOf(recipe: Recipe): string | undefined {
  if (recipe.type === 'aws' && recipe.keys.from === 'env') return recipe.keys.secretKeyEnv
  return recipe.type === 'api_key' && recipe.secret.source === 'env' ? recipe.secret.env : undefined
}

/** Whether looking at it stays on this machine. */
function isLocal(recipe: Recipe): boolean {
  const local = new Set(['env', 'inline', 'file', 'sealed'])
  switch (recipe.type) {
    case 'api_key':
      return local.has(recipe.secret.source)
    case 'aws':
      return recipe.keys.from === 'env' || (recipe.keys.from === 'secret' && local.has(recipe.keys.secret.source))
    case 'azure':
      return recipe.access.by === 'key' && local.has(recipe.access.secret.source)
    case 'codex_oauth':
    case 'claude_code_oauth':
      return true
    default:
      return false
  }
}

function accountChecks({ snapshot }: OperationContext): Check[] {
  return [...snapshot.providers.values()].flatMap(({ id, authScheme, accounts }) => {
    if (authScheme.kind === 'none' || accounts.some(({ credential }) => credential !== null)) return []
    const next = `give providers.${id} an account with a credential`
    return [doubtful(`provider ${id}`, 'it wants a key, and no account has one', next)]
  })
}

// What a running gateway leaves out at this moment is in order as far as it goes, and somebody's requests fail for it.
async function lockChecks(context: OperationContext): Promise<Check[]> {
  const { snapshot, coordination } = context
  return ((await coordination?.look())?.locks ?? []).flatMap(({ provider: id, account, model, reason, until }) => {
    const provider = snapshot.providers.get(id)
    if (provider === undefined) return []
    const name = account === null ? `provider ${id}` : `account ${id}/${account}`
    const what = model === null ? 'left out' : `left out for ${model}`
    const next = nextStep(context, provider, account, reason) ?? 'look at it with `signalbox accounts list`'
    return [doubtful(name, `${what} until ${new Date(until).toISOString()}: ${reason}`, next)]
  })
}

function routeChecks({ snapshot }: OperationContext): Check[] {
  if (snapshot.providers.size === 0)
    return [broken('providers', 'there are none: nothing can be served', 'run `signalbox provider add <preset>`')]
  return [
    fine(
      'providers',
      `${snapshot.providers.size}, behind ${snapshot.routes.size} ${snapshot.routes.size === 1 ? 'route' : 'routes'}`,
    ),
  ]
}

function egressChecks({ snapshot, hasSecret }: OperationContext): Check[] {
  const { proxies, enabled } = snapshot.egress
  return [...proxies.values()].map((proxy) => {
    const name = `egress ${proxy.id}`
    if (!enabled || !proxy.enabled)
      return doubtful(name, 'switched off: whoever names it cannot be reached', 'switch it on, or take its name away')
    if (proxy.url.from === 'env' && hasSecret?.(proxy.url.env) === false)
      return broken(name, `the environment variable ${proxy.url.env} is not set`, `set it to http://host:port`)
    return fine(name, 'its address is known')
  })
}

function profileChecks({ snapshot, hasSecret }: OperationContext): Check[] {
  return clientProfileViews(snapshot, hasSecret).map(({ id, ready, reasons, protocol, endpoints }) => {
    const name = `client profile ${id}`
    if (ready) return fine(name, `ready for ${protocol} at ${endpoints[0] ?? ''}`)
    return doubtful(name, reasons.join('; '), 'look at client_profiles, and at the accounts behind its models')
  })
}

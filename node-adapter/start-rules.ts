// What a gateway of this machine asks of a configuration beyond its being valid: at the start, where it refuses with 78, and
// again of every one that is to take its place.
import type { CredentialRecord, Snapshot } from '../src/catalog/snapshot.ts'
import { minKeyLength } from '../src/http/authenticate.ts'
import type { Secrets } from '../src/ports/index.ts'
import { keyringProblem } from '../src/sealing/keyring.ts'
import { coordinationProblem } from './coordination.ts'
import { surfaceOf } from './gateway.ts'

/** Why a gateway that listens on `host` may not go by it; empty where it may. */
export function startProblems(host: string, snapshot: Snapshot, secrets: Secrets): readonly string[] {
  const ringProblem = keyringProblem(secrets)
  const coordination = coordinationProblem(snapshot.coordination, snapshot.storage)
  return [
    ...bindProblems(host, snapshot),
    ...keyProblems(snapshot, secrets),
    ...(ringProblem === undefined ? [] : [ringProblem]),
    ...(coordination === undefined ? [] : [coordination]),
  ]
}

// An open gateway that others can reach is a free service for strangers, and soon an empty account.
function bindProblems(host: string, snapshot: Snapshot): readonly string[] {
  const { allowOpenAdmin } = snapshot.server
  if (surfaceOf(host) === 'loopback' || snapshot.keys.length > 0 || allowOpenAdmin) return []
  return [
    `refusing to listen on ${host} without keys. Three ways out: add "keys" to the configuration, ` +
      'listen on 127.0.0.1, or set "server": {"allow_open_admin": true} if everybody who can reach it may use it',
  ]
}

function keyProblems(snapshot: Snapshot, secrets: Secrets): readonly string[] {
  return snapshot.keys
    .filter((key) => !key.revoked)
    .flatMap((key) => {
      const value = secrets.get(key.env)
      if (value === undefined || value === '') return [`key ${key.id}: the environment variable ${key.env} is not set`]
      return value.length < minKeyLength
        ? [`key ${key.id}: the value of ${key.env} is shorter than ${minKeyLength} characters`]
        : []
    })
}

/** Accounts without a key, as warnings: nothing is wrong with a provider that nobody asks. */
export function emptyAccounts(snapshot: Snapshot, secrets: Secrets): readonly string[] {
  return [...snapshot.providers.values()].flatMap(({ id, authScheme, accounts }) =>
    accounts.flatMap(({ id: account, credential }) =>
      authScheme.kind !== 'none' && isUnset(credential, secrets)
        ? [`account ${id}/${account}: the environment variable ${envOf(credential)} is not set`]
        : [],
    ),
  )
}

function isUnset(credential: CredentialRecord | null, secrets: Secrets): boolean {
  const env = envOf(credential)
  return env !== undefined && (secrets.get(env) ?? '') === ''
}

function envOf(credential: CredentialRecord | null): string | undefined {
  const recipe = credential?.recipe
  return recipe?.type === 'api_key' && recipe.secret.source === 'env' ? recipe.secret.env : undefined
}

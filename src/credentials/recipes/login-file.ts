// The login that a coding agent of this machine keeps for itself: read, never written, and never refreshed. Two programs
// that refresh one login would take it from each other.
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Making } from '../recipe.ts'
import { withoutHome } from '../without-home.ts'
import { isToken } from './grant.ts'

/** How long a login that was read is used before its file is read again, in milliseconds. */
export const loginCacheMs = 10_000

/** The client whose login it is. */
export interface LoginClient {
  readonly name: string
  /** What a person types to log in. */
  readonly login: string
}

/** The variable's token; undefined where it is not set. */
export function loginVariable(making: Making, env: string): Secret | undefined {
  const value = making.ports.secrets.get(env)?.trim() ?? ''
  return value === '' ? undefined : new Secret(making.id, value)
}

/** The members of the client's file. Fails with `missing_credential` where it is not there or not JSON. */
export async function readLoginFile(
  making: Making,
  client: LoginClient,
  place: { readonly path: string | null; readonly folderEnv: string; readonly folder: string; readonly file: string },
): Promise<Outcome<Record<string, unknown>>> {
  const { machine, secrets } = making.ports
  if (machine === undefined)
    return missing(making, `this runtime has no files, so the login of ${client.name} has to come from a variable`)
  const ownFolder = secrets.get(place.folderEnv)?.trim() ?? ''
  const folder = ownFolder !== '' ? ownFolder : machine.home === null ? null : `${machine.home}/${place.folder}`
  const path = expandHome(place.path, machine.home) ?? (folder === null ? null : `${folder}/${place.file}`)
  if (path === null) return missing(making, `this user has no home folder: set "path" to the login of ${client.name}`)
  const read = await machine.readOwnFile(path)
  if (!read.ok) return missing(making, `${withoutHome(read.error.message, machine.home)}: ${client.login}`)
  const members = parseJson(read.value)
  return isObject(members) ? ok(members) : missing(making, `the login of ${client.name} is not JSON: ${client.login}`)
}

function expandHome(path: string | null, home: string | null): string | null {
  if (path === null || home === null) return path
  return path.replace(/^(?:~|\$\{HOME\}|\$HOME)(?=\/)/, home)
}

/** The token where it is one and has not run out. `expiresAt` in Unix milliseconds; null: not known. */
export function usableLogin(
  making: Making,
  client: LoginClient,
  login: { readonly token: Secret | undefined; readonly expiresAt: number | null },
): Outcome<{ readonly token: Secret; readonly useUntil: number }> {
  const { token, expiresAt } = login
  if (token === undefined || !isToken(token.reveal()))
    return missing(making, `${client.name} is not logged in: ${client.login}`)
  const now = making.ports.clock.now()
  if (expiresAt !== null && expiresAt <= now)
    return missing(making, `the login of ${client.name} has run out: use ${client.name} once, or ${client.login}`)
  return ok({ token, useUntil: Math.min(now + loginCacheMs, expiresAt ?? Number.MAX_SAFE_INTEGER) })
}

function missing({ id }: Making, what: string): Outcome<never> {
  return failed('missing_credential', { message: `credential ${id}: ${what}` })
}

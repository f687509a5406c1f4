// Gateway keys and tenants: who comes in. No key's value passes through.
import { expiryMs } from './expiry.ts'
import { didYouMean } from './hints.ts'
import type { Path, Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { KeyRecord, Role } from './snapshot.ts'

/** Checks and compiles the gateway keys. */
export function compileKeys(config: Config, report: Report): KeyRecord[] {
  const tenants = config.tenants.map((tenant) => tenant.id)
  checkUnique(config.keys, (key) => key.id, 'id', ['keys'], report)
  checkUnique(config.keys, (key) => key.env, 'env', ['keys'], report)
  checkUnique(config.tenants, (tenant) => tenant.id, 'id', ['tenants'], report)
  return config.keys.map((key, index) => {
    const path: Path = ['keys', index]
    if (key.env !== undefined && key.hash !== undefined) report.problem(path, 'has both "env" and "hash"', 'keep one')
    if (key.env === undefined && key.hash === undefined)
      report.problem([...path, 'env'], 'required', 'the environment variable that holds the key')
    if (key.tenant !== null && !tenants.includes(key.tenant))
      report.problem([...path, 'tenant'], `no tenant ${JSON.stringify(key.tenant)}`, didYouMean(key.tenant, tenants))
    return {
      id: key.id,
      env: key.env ?? '',
      roles: rolesOf(key, path, report),
      tenant: key.tenant,
      expiresAt: expiryOf(key.expires_at, path, report),
      revoked: key.revoked,
    }
  })
}

function rolesOf(key: Config['keys'][number], path: Path, report: Report): Role[] {
  if (key.role !== undefined && key.roles !== undefined)
    report.problem([...path, 'role'], 'stands beside "roles"', 'keep one of the two')
  return [...new Set(key.roles ?? [key.role ?? 'client'])]
}

function expiryOf(value: string | number | null, path: Path, report: Report): number | null {
  if (value === null) return null
  const time = expiryMs(value)
  if (time === undefined)
    report.problem([...path, 'expires_at'], 'not a time', 'write "2027-01-31" or "2027-01-31T12:00:00Z"')
  return time ?? null
}

/** Reports every member whose id another one before it already has. */
export function checkUnique<T>(
  members: readonly T[],
  idOf: (member: T) => string | undefined,
  key: string,
  path: Path,
  report: Report,
): void {
  const first = new Map<string, number>()
  for (const [index, member] of members.entries()) {
    const id = idOf(member)
    if (id === undefined) continue
    const earlier = first.get(id)
    if (earlier === undefined) first.set(id, index)
    else report.problem([...path, index, key], `duplicate ${key} ${JSON.stringify(id)}`, `also at index ${earlier}`)
  }
}

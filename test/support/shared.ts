// Where third-party recordings and specifications lie, beside the checkout. Tests read them there and nowhere else.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(fileURLToPath(new URL('../../..', import.meta.url)), 'shared')

/** True where the folder is there. Where it is not, suites print a reason; under CI=true that is a failure. */
export const hasShared: boolean = existsSync(join(root, 'README.md'))

/** A path inside the shared folder. */
export function sharedPath(...segments: string[]): string {
  return join(root, ...segments)
}

/** Why a suite that needs the folder does not run, for its printed reason; throws under CI=true. */
export function requireShared(suite: string): boolean {
  if (hasShared) return true
  const reason = `${suite}: skipped, the shared folder with recordings and specifications is not beside this checkout`
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(reason)
  return false
}

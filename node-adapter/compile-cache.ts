// Compiled code from one start to the next: on Node it halves the time that a command takes. Kept in this user's own
// folder, because whoever can write there decides what runs here.
import { lstatSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import process from 'node:process'
import { notOurs } from './owner-only.ts'
import { runtimeName } from './runtime-name.ts'

/** The folder of the cache; undefined where the user has no home. */
function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const base = env['XDG_CACHE_HOME'] ?? ''
  if (isAbsolute(base)) return join(base, 'signalbox', 'compiled')
  const home = env['HOME'] ?? homedir()
  return isAbsolute(home) ? join(home, '.cache', 'signalbox', 'compiled') : undefined
}

/**
 * Keeps what this process compiles, and uses what an earlier one kept. Does nothing where that is not possible, and never
 * fails. `NODE_COMPILE_CACHE` names another folder, `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 * @see https://nodejs.org/api/module.html#moduleenablecompilecachecachedir
 */
export async function keepCompiled(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (runtimeName() !== 'node' || env['NODE_COMPILE_CACHE']) return
  try {
    const folder = cacheFolder(env)
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (notOurs(lstatSync(folder), { kind: 'folder' }) !== undefined) return
    const { enableCompileCache } = await import('node:module')
    enableCompileCache(folder)
  } catch {
    // A home that cannot be written to: everything works as well without.
  }
}

// Environment variables behind the core's port.
import type { Secrets } from '../src/ports/index.ts'

/** Values by name: those of `secrets.json` first, then this process's environment. */
export function createSecrets(overrides: Secrets): Secrets {
  return { get: (name) => overrides.get(name) ?? process.env[name] }
}

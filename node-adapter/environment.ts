// Environment variables behind the core's port.
import type { Secrets } from '../src/ports/index.ts'

/** Values by name: those of `secrets.json` first, then this process's environment. */
export function createSecrets(overrides: Secrets): Secrets {
  // Reading process.env asks the operating system each time; what a process was started with does not change.
  const environment = new Map(Object.entries(process.env))
  return { get: (name) => overrides.get(name) ?? environment.get(name) }
}

/** Values of the first that has one that is not empty. */
export function withFallback(first: Secrets, second: Secrets): Secrets {
  return { get: (name) => first.get(name) || second.get(name) }
}

/** The runtime that this process is. */
export type RuntimeName = 'node' | 'bun' | 'deno'

/** Told by the global that only that runtime has. */
export function runtimeName(): RuntimeName {
  if ('Bun' in globalThis) return 'bun'
  return 'Deno' in globalThis ? 'deno' : 'node'
}

// What differs between Node, Bun and Deno once the gateway is built: listening, and the way out.
import type { EgressAbilities, Fetch } from '../src/ports/index.ts'
import type { App } from '../src/app.ts'
import { runtimeName } from './runtime-name.ts'

export interface ListenOptions {
  readonly fetch: App['fetch']
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly headerTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly maxBodyBytes: number
}

export interface Listener {
  readonly port: number
  /** Stops accepting connections; what is under way goes on. */
  stopAccepting(): void
  /** Frees the port. Answers that are written but not yet taken get `patienceMs`, then they are cut. */
  close(patienceMs: number): Promise<void>
}

export interface Runtime {
  readonly fetch: Fetch
  readonly egress: EgressAbilities
  listen(options: ListenOptions): Promise<Listener>
  close(): Promise<void>
}

/** Loads the runtime that this process is; only its own modules are imported. */
export async function loadRuntime(): Promise<Runtime> {
  switch (runtimeName()) {
    case 'bun':
      return (await import('./bun.ts')).createBunRuntime()
    case 'deno':
      return (await import('./deno.ts')).createDenoRuntime()
    case 'node':
      return (await import('./node.ts')).createNodeRuntime()
  }
}

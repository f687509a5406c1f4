// Deno: its own server and its own fetch.
import { createNativeFetch } from '../src/adapters/native-fetch.ts'
import type { Runtime } from './runtime.ts'

// The part of Deno that is used here; its full types would replace the globals of the other runtimes.
interface DenoServer {
  readonly addr: { readonly port: number }
  readonly finished: Promise<void>
  shutdown(): Promise<void>
}
declare const Deno: {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen(): void },
    handler: (request: Request) => Promise<Response> | Response,
  ): DenoServer
}

/** The Deno runtime. */
export function createDenoRuntime(): Runtime {
  return {
    fetch: createNativeFetch(),
    close: async () => {},
    async listen(options) {
      const end = new AbortController()
      const server = Deno.serve(
        // Deno would print its own line; the gateway prints one for all runtimes.
        { hostname: options.host, port: options.port, signal: end.signal, onListen: () => {} },
        options.fetch,
      )
      return {
        port: server.addr.port,
        stopAccepting: () => void server.shutdown(),
        close: async () => {
          end.abort()
          await server.finished
        },
      }
    },
  }
}

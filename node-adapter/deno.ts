// Deno: its own server, and a way out that chooses the address it connects to.
import { createNodeHttpFetch } from './egress-node-http.ts'
import type { Runtime } from './runtime.ts'

// The part of Deno that is used here; its full types would replace the globals of the other runtimes.
interface DenoServer {
  readonly addr: { readonly port: number }
  shutdown(): Promise<void>
}
declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: (request: Request) => Promise<Response> | Response,
  ): DenoServer
}

/** The Deno runtime. */
export function createDenoRuntime(): Runtime {
  const egress = createNodeHttpFetch()
  return {
    fetch: egress.fetch,
    egress: { dnsPinning: true, proxies: true },
    close: () => egress.close(),
    async listen(options) {
      const server = Deno.serve(
        // Deno would print its own line; the gateway prints one for all runtimes.
        { hostname: options.host, port: options.port, onListen: () => {} },
        (request: Request) => options.fetch(request),
      )
      let stopped: Promise<void> | undefined
      const stop = (): Promise<void> => (stopped ??= server.shutdown())
      return {
        port: server.addr.port,
        stopAccepting: () => void stop(),
        // Deno waits for every connection; one that is still open now belongs to a client that does not read.
        close: (patienceMs) => Promise.race([stop(), new Promise<void>((resolve) => setTimeout(resolve, patienceMs))]),
      }
    },
  }
}

// Bun: its own server, and a way out that chooses the address it connects to.
import { createNodeHttpFetch } from './egress-node-http.ts'
import type { Runtime } from './runtime.ts'

// The part of Bun that is used here; its full types would replace the globals of the other runtimes.
interface BunServer {
  readonly port: number
  stop(closeActiveConnections?: boolean): Promise<void>
}
declare const Bun: {
  serve(options: {
    fetch: (request: Request) => Promise<Response> | Response
    hostname: string
    port: number
    idleTimeout: number
    maxRequestBodySize: number
  }): BunServer
}

/** The Bun runtime. */
export function createBunRuntime(): Runtime {
  const egress = createNodeHttpFetch()
  return {
    fetch: egress.fetch,
    egress: { dnsPinning: true, proxies: true },
    close: () => egress.close(),
    async listen(options) {
      const server = Bun.serve({
        fetch: (request) => options.fetch(request),
        hostname: options.host,
        port: options.port,
        // The longest Bun allows; the heartbeat keeps streams below it.
        idleTimeout: 255,
        // The core's own limit answers in the client's dialect, so the server's has to be wider.
        maxRequestBodySize: Math.max(options.maxBodyBytes * 2, 128 * 1024 * 1024),
      })
      let stopped: Promise<void> | undefined
      const stop = (): Promise<void> => (stopped ??= server.stop(false))
      return {
        port: server.port,
        stopAccepting: () => void stop(),
        close: async (patienceMs) => {
          await Promise.race([stop(), new Promise<void>((resolve) => setTimeout(resolve, patienceMs))])
          await server.stop(true)
        },
      }
    },
  }
}

// Node: Hono's server around the fetch handler, undici's dispatcher as the way out.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createUndiciFetch } from './egress-undici.ts'
import type { Runtime } from './runtime.ts'

const sweepMs = 20

/** The Node runtime. */
export function createNodeRuntime(): Runtime {
  const egress = createUndiciFetch()
  return {
    fetch: egress.fetch,
    egress: { dnsPinning: true, proxies: true },
    close: () => egress.close(),
    async listen(options) {
      const listener = getRequestListener(
        // An error of the body would end it too, but be printed with its stack.
        (request, { outgoing }) => options.fetch(request, { hangUp: () => outgoing.destroy() }),
        { hostname: options.host },
      )
      const server = createServer(
        {
          headersTimeout: options.headerTimeoutMs,
          connectionsCheckingInterval: 1000,
          // The core counts the body against its own deadline; a stream's answer may take as long as it takes.
          requestTimeout: 0,
          maxHeaderSize: options.maxHeaderBytes + 1024,
          keepAliveTimeout: 75_000,
        },
        listener as Parameters<typeof createServer>[1],
      )
      server.listen(options.port, options.host)
      await once(server, 'listening')
      const address = server.address()
      let stopped: Promise<void> | undefined
      // The server closes the idle connections itself, but not those that fall idle later.
      const stop = (): Promise<void> => (stopped ??= new Promise((resolve) => server.close(() => resolve())))
      return {
        port: typeof address === 'object' && address !== null ? address.port : options.port,
        stopAccepting: () => void stop(),
        close: async (patienceMs) => {
          const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
          await Promise.race([stop(), new Promise<void>((resolve) => setTimeout(resolve, patienceMs))])
          clearInterval(sweep)
          server.closeAllConnections()
          await stop()
        },
      }
    },
  }
}

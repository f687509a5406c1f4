// Node: Hono's server around the fetch handler, undici's dispatcher as the way out.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createUndiciFetch } from './egress-undici.ts'
import type { Runtime } from './runtime.ts'

/** The Node runtime. */
export function createNodeRuntime(): Runtime {
  const egress = createUndiciFetch()
  return {
    fetch: egress.fetch,
    close: () => egress.close(),
    async listen(options) {
      const listener = getRequestListener(options.fetch, { hostname: options.host })
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
      return {
        port: typeof address === 'object' && address !== null ? address.port : options.port,
        stopAccepting: () => {
          server.close()
          server.closeIdleConnections()
        },
        close: () => closeServer(server),
      }
    },
  }
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}

// Servers of the tests' own, on a port of loopback that was free.
import type { Server as HttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'

export interface Listening {
  readonly port: number
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string
  /** Ends the connections too that are still open. */
  close(): Promise<void>
}

/** Lets a server listen. */
export async function listen(server: Server | HttpServer, host = '127.0.0.1'): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}

/** A port where nobody listens. */
export async function freePort(): Promise<number> {
  const { port, close } = await listen(createServer())
  await close()
  return port
}

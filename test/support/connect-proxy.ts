// An HTTP proxy that knows CONNECT and nothing else, and keeps what it was sent.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { listen } from './loopback.ts'

export interface ConnectProxy {
  readonly port: number
  /** What it was asked, in order. */
  readonly asked: readonly { readonly authority: string; readonly headers: IncomingHttpHeaders }[]
  /** Requests that were no CONNECT: there should be none. */
  readonly others: readonly string[]
  /** Where names lead; what is not here is refused with 502. */
  readonly names: Map<string, { readonly host: string; readonly port: number }>
  /** Answers with this instead of connecting. */
  refuseWith: string | undefined
  /** The value of `proxy-authorization` that it wants. */
  credentials: string | undefined
  close(): Promise<void>
}

/** Listens on loopback. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const asked: { authority: string; headers: IncomingHttpHeaders }[] = []
  const others: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    others.push(`${request.method} ${request.url}`)
    response.writeHead(405).end()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('connect', (request, socket: Socket) => {
    socket.on('error', () => {})
    const authority = request.url ?? ''
    asked.push({ authority, headers: request.headers })
    if (proxy.refuseWith !== undefined) return void socket.end(proxy.refuseWith)
    if (proxy.credentials !== undefined && request.headers['proxy-authorization'] !== proxy.credentials)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n')
    const place = proxy.names.get(authority)
    if (place === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n')
    const target = connect(place.port, place.host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.pipe(socket)
      socket.pipe(target)
    })
    sockets.add(target)
    target.on('error', () => socket.destroy())
    target.on('close', () => socket.destroy())
    socket.on('close', () => target.destroy())
  })
  const { port, close } = await listen(server)
  const proxy: ConnectProxy = {
    port,
    asked,
    others,
    names: new Map(),
    refuseWith: undefined,
    credentials: undefined,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return close()
    },
  }
  return proxy
}

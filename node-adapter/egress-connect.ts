// One way to connect for every transport: resolve, screen, connect to what was screened, tunnel, TLS. One deadline over
// all of it.
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { EgressRoute } from '../src/ports/index.ts'
import { codeOf, egressError } from './egress-errors.ts'
import { openTunnel, proxyError, proxyPlace } from './egress-tunnel.ts'
import { pinnedAddresses, type Resolve } from './pinned-lookup.ts'

export interface ConnectOptions {
  /** Bounds everything from the lookup to the end of the TLS handshake. */
  readonly timeoutMs: number
  readonly allowPrivate: boolean | readonly string[]
  readonly proxy: EgressRoute | null
  readonly resolve: Resolve
  /** Certificates (PEM) that are trusted instead of the runtime's own; for tests. */
  readonly ca?: string | undefined
}

/** How long an address has before the next one is tried beside it. https://www.rfc-editor.org/rfc/rfc8305#section-5 */
const staggerMs = 250

// Sockets under way, so that a deadline closes whatever there is.
type Track = <T extends Socket>(socket: T) => T

/**
 * A connection to the host of `url`, encrypted where that is `https:`; the certificate is always verified, for the name
 * in the URL. Rejects with `blocked_endpoint`, `upstream_unreachable` or `upstream_tls`.
 */
export function connectTo(url: URL, options: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>()
    let over = false
    const end = (cause: unknown): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      for (const socket of open) socket.destroy()
      reject(egressError('upstream_unreachable', cause))
    }
    const timer = setTimeout(() => end(timedOut()), options.timeoutMs)
    const track: Track = (socket) => {
      if (over) socket.destroy()
      else open.add(socket)
      // Whoever closes it late has nobody left to tell.
      socket.on('error', () => {})
      return socket
    }
    establish(url, options, track).then((socket) => {
      if (over) return void socket.destroy()
      over = true
      clearTimeout(timer)
      resolve(socket)
    }, end)
  })
}

function timedOut(): Error {
  return Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' })
}

async function establish(url: URL, options: ConnectOptions, track: Track): Promise<Socket> {
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(url.port || (secure ? 443 : 80))
  const socket =
    options.proxy === null
      ? await connectDirectly(host, port, options, track, !secure)
      : await connectThrough(options.proxy, { host, port }, options, track)
  return secure ? handshake(socket, host, options, track) : socket
}

async function connectDirectly(
  host: string,
  port: number,
  { allowPrivate, resolve }: ConnectOptions,
  track: Track,
  onlyPrivate: boolean,
): Promise<Socket> {
  return connectAny(await pinnedAddresses(host, { allowPrivate, onlyPrivate, resolve }), port, track)
}

async function connectThrough(
  proxy: EgressRoute,
  target: { readonly host: string; readonly port: number },
  options: ConnectOptions,
  track: Track,
): Promise<Socket> {
  // The proxy resolves the name, so only an address that is written out can be screened here.
  if (isIP(target.host) !== 0) await pinnedAddresses(target.host, { ...options, onlyPrivate: false })
  const place = proxyPlace(proxy)
  let socket: Socket
  try {
    // Who configures a proxy says where it is; most are on a private network.
    const pin = { allowPrivate: true, onlyPrivate: false, resolve: options.resolve }
    socket = await connectAny(await pinnedAddresses(place.host, pin), place.port, track)
  } catch (cause) {
    throw proxyError(proxy, 'cannot be reached', codeOf(cause) === undefined ? cause : { code: codeOf(cause) })
  }
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
  await openTunnel(socket, authority, proxy)
  return socket
}

/** The first connection that stands; the others are closed. */
function connectAny(addresses: readonly string[], port: number, track: Track): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const trying = new Set<Socket>()
    let next = 0
    let stagger: NodeJS.Timeout | undefined
    const settle = (winner?: Socket): void => {
      clearTimeout(stagger)
      for (const socket of trying) if (socket !== winner) socket.destroy()
    }
    const start = (): void => {
      clearTimeout(stagger)
      const address = addresses[next++]
      if (address === undefined) return
      const socket = track(
        connect({ host: address, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }),
      )
      trying.add(socket)
      socket.once('connect', () => {
        if (!trying.has(socket)) return
        // Not every runtime reads the option above.
        socket.setNoDelay(true)
        settle(socket)
        trying.clear()
        resolve(socket)
      })
      socket.once('error', (cause) => {
        if (!trying.delete(socket)) return
        if (next < addresses.length) start()
        else if (trying.size === 0) reject(egressError('upstream_unreachable', cause))
      })
      if (next < addresses.length) stagger = setTimeout(start, staggerMs)
    }
    start()
  })
}

// Connections that end during the handshake were not refused by us.
const brokenOff: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

function handshake(socket: Socket, host: string, { ca }: ConnectOptions, track: Track): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const secured = track(
      connectTls({
        socket,
        // What the certificate is held against, also where it is an address and there is no SNI.
        host,
        ...(isIP(host) === 0 && { servername: host }),
        ALPNProtocols: ['http/1.1'],
        minVersion: 'TLSv1.2',
        // Said here, so that no environment variable says otherwise.
        rejectUnauthorized: true,
        ...(ca !== undefined && { ca }),
      }),
    )
    const fail = (cause: unknown): void => {
      socket.destroy()
      reject(egressError(brokenOff.has(codeOf(cause) ?? '') ? 'upstream_unreachable' : 'upstream_tls', cause))
    }
    secured.once('error', fail)
    const onClose = (): void => fail(Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' }))
    secured.once('close', onClose)
    secured.once('secureConnect', () => {
      if (!secured.authorized) return fail(secured.authorizationError)
      secured.off('error', fail).off('close', onClose)
      resolve(secured)
    })
  })
}

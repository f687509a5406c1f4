// HTTP CONNECT: one connection to a proxy becomes one to the target. https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
import type { Socket } from 'node:net'
import type { GatewayError } from '../src/ir/error.ts'
import { proxyUrlProblem } from '../src/policy/proxy-url.ts'
import type { EgressRoute } from '../src/ports/index.ts'
import { egressError } from './egress-errors.ts'

/** The longest answer to CONNECT that is read, in bytes. */
const maxAnswerBytes = 16 * 1024

/** Where a proxy listens. Throws `upstream_unreachable` where its address cannot be used; says nothing of it. */
export function proxyPlace(route: EgressRoute): { readonly host: string; readonly port: number } {
  const url = proxyUrl(route)
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || 80) }
}

// An address from a variable is seen here for the first time.
function proxyUrl(route: EgressRoute): URL {
  const text = route.url.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || proxyUrlProblem(url) !== undefined) throw proxyError(route, 'has no usable address')
  return url
}

/** An error of the proxy by its id, without its address. */
export function proxyError(route: EgressRoute, what: string, cause?: unknown): GatewayError {
  return egressError('upstream_unreachable', cause, `the proxy ${route.id} ${what}`)
}

/**
 * Asks the proxy on `socket` for a tunnel to `authority` (`host:port`); resolves when the next byte is the target's.
 * Rejects with `upstream_unreachable` where the proxy refuses.
 */
export async function openTunnel(socket: Socket, authority: string, route: EgressRoute): Promise<void> {
  socket.write(connectRequest(authority, route))
  const { head, rest } = await readHead(socket, route)
  const status = /^HTTP\/1\.[01] (\d{3})(?:[ \r]|$)/.exec(head)?.[1]
  if (status === undefined) throw proxyError(route, 'did not answer as an HTTP proxy does')
  // Some say 401 where they mean 407.
  if (status === '407' || status === '401') throw proxyError(route, `wants another user name or password (${status})`)
  if (!status.startsWith('2')) throw proxyError(route, `refused to connect to the provider (${status})`)
  // Neither TLS nor HTTP lets a server speak first, so this would be the proxy's own doing.
  if (rest > 0) throw proxyError(route, 'sent more than an answer to CONNECT')
}

function connectRequest(authority: string, route: EgressRoute): string {
  const { username, password } = proxyUrl(route)
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `host: ${authority}`,
    ...(username === '' && password === ''
      ? []
      : [`proxy-authorization: Basic ${Buffer.from(credentials).toString('base64')}`]),
    ...(route.userAgent === null ? [] : [`user-agent: ${route.userAgent}`]),
    ...Object.entries(route.headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

// Read with `read`, not with `data`: a socket that flows cannot be handed to TLS without losing bytes.
function readHead(socket: Socket, route: EgressRoute): Promise<{ readonly head: string; readonly rest: number }> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0)
    const settle = (act: () => void): void => {
      socket.off('readable', onReadable).off('error', onError).off('close', onClose)
      act()
    }
    const fail = (what: string, cause?: unknown): void => settle(() => reject(proxyError(route, what, cause)))
    const onError = (cause: unknown): void => fail('closed the connection', cause)
    const onClose = (): void => fail('closed the connection')
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        head = Buffer.concat([head, chunk])
        const end = head.indexOf('\r\n\r\n')
        if (end >= 0) {
          const rest = head.length - end - 4
          return settle(() => resolve({ head: head.toString('latin1', 0, end), rest }))
        }
        if (head.length > maxAnswerBytes) return fail('sent too long an answer')
      }
    }
    socket.on('readable', onReadable).on('error', onError).on('close', onClose)
    onReadable()
  })
}

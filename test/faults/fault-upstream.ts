// A provider that misbehaves on purpose, on a real socket: every byte, pause and break of it is written by the test, as
// HTTP libraries are too polite for that. It counts connections and keeps what it received.
import { spawn } from 'node:child_process'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from '../support/certificates.ts'
import { listen, type Listening } from '../support/loopback.ts'
import { createRequestReader } from './request-reader.ts'

/** One thing that it does on a connection. The last step says what becomes of the connection; `keep` where none does. */
export type Step =
  | { readonly send: string | Uint8Array }
  | { readonly waitMs: number }
  /** The same bytes again and again, as fast as they are taken or with a pause before each. */
  | { readonly repeat: string | Uint8Array; readonly times: number; readonly gapMs?: number }
  /** keep: the next request is welcome; close: FIN; reset: RST; hang: open and silent for good. */
  | { readonly end: 'keep' | 'close' | 'reset' | 'hang' }

/** What it does with one request: steps, or steps made from what it received. */
export type Reaction = readonly Step[] | ((received: Received) => readonly Step[])

export interface Received {
  /** The path without the name that it came for. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Of this provider, from 1. */
  readonly connection: number
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  /** Resolves when the connection is over, with the same clock. */
  readonly closed: Promise<number>
}

/** What happens where a connection is made. */
export type Entrance =
  | { readonly kind: 'refused' }
  /** Accepted and reset at once. */
  | { readonly kind: 'reset' }
  /** Accepted, and then nothing: no TLS hello, no HTTP. */
  | { readonly kind: 'silent' }
  /** Nothing comes back: the listener takes no more connections, and Linux drops what asks for one. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'tls'; readonly certificate: Certificate; readonly options?: object }
  | { readonly kind: 'http' }

export interface FaultUpstream {
  /** `http://127.0.0.1:port` of its plain entrance. */
  readonly url: string
  /**
   * What requests below `/<name>/` are answered: the first the first reaction and so on; the last one stays.
   * A name without reactions is answered 404.
   */
  on(name: string, ...reactions: readonly Reaction[]): void
  /** The requests below `/<name>/`, oldest first. */
  of(name: string): readonly Received[]
  /** All requests. */
  readonly received: readonly Received[]
  /** Forgets the requests of before. */
  forget(): void
  /** Connections that were made so far, at every entrance. */
  connections(): number
  /** Opens one more entrance; the URL of it without a path, `https:` for TLS. */
  open(entrance: Entrance): Promise<string>
  close(): Promise<void>
}

/** Starts one. What it serves is the same at every entrance. */
export async function startFaultUpstream(): Promise<FaultUpstream> {
  const reactions = new Map<string, { readonly all: readonly Reaction[]; next: number }>()
  const received: Received[] = []
  const names = new Map<Received, string>()
  const sockets = new Set<Socket>()
  const servers: Listening[] = []
  let connections = 0

  function serve(socket: Socket): void {
    admit(socket)
    const connection = connections
    const closed = new Promise<number>((resolve) => socket.on('close', () => resolve(performance.now())))
    const reader = createRequestReader(({ target, headers, body }) => {
      const [, name = '', ...rest] = target.split('/')
      const seen: Received = { path: `/${rest.join('/')}`, headers, body, connection, at: performance.now(), closed }
      received.push(seen)
      names.set(seen, name)
      const script = reactions.get(name)
      const reaction = script?.all[Math.min(script.next++, script.all.length - 1)] ?? respond(404, '{}')
      return perform(socket, typeof reaction === 'function' ? reaction(seen) : reaction)
    })
    socket.on('data', (chunk: Buffer) => reader(chunk))
  }

  function admit(socket: Socket): void {
    connections++
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }

  async function opened(server: Server): Promise<Listening> {
    const listening = await listen(server)
    servers.push(listening)
    return listening
  }

  async function open(entrance: Entrance): Promise<string> {
    switch (entrance.kind) {
      case 'refused':
        // No server listens there, and none is given it by chance, as a port that was free a moment ago may be.
        return 'http://127.0.0.1:3'
      case 'reset':
        return (
          await opened(
            createServer((socket) => {
              admit(socket)
              socket.resetAndDestroy()
            }),
          )
        ).url
      case 'silent': {
        const { port } = await opened(createServer(admit))
        return `https://127.0.0.1:${port}`
      }
      case 'dropped': {
        const full = await startFullListener()
        servers.push(full)
        return full.url
      }
      case 'tls': {
        const { certificate, options } = entrance
        const server = createTlsServer({ ...certificate, ...options }, serve)
        server.on('tlsClientError', () => {})
        const { port } = await opened(server)
        return `https://127.0.0.1:${port}`
      }
      case 'http':
        return (await opened(createServer(serve))).url
    }
  }

  return {
    url: await open({ kind: 'http' }),
    on: (name, ...all) => void reactions.set(name, { all, next: 0 }),
    of: (name) => received.filter((seen) => names.get(seen) === name),
    received,
    forget: () => void received.splice(0),
    connections: () => connections,
    open,
    async close() {
      for (const socket of sockets) socket.destroy()
      for (const one of servers) await one.close()
    },
  }
}

// A process that stands still takes no connection out of its queue. Once the queue is full, Linux answers no SYN.
async function startFullListener(): Promise<Listening> {
  const script =
    'require("node:net").createServer().listen(0,"127.0.0.1",1,function(){console.log(this.address().port)})'
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))))
  child.kill('SIGSTOP')
  const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await pause(100)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of waiting) socket.destroy()
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}

async function perform(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return
    if ('send' in step) await write(socket, step.send)
    else if ('waitMs' in step) await pause(step.waitMs)
    else if ('repeat' in step) await repeat(socket, step.repeat, step.times, step.gapMs ?? 0)
    else if (step.end === 'close') socket.end()
    else if (step.end === 'reset') {
      // What was written has to arrive before the reset, which would throw it away.
      await pause(50)
      socket.resetAndDestroy()
    } else if (step.end === 'hang') await new Promise(() => {})
  }
}

async function repeat(socket: Socket, bytes: string | Uint8Array, times: number, gapMs: number): Promise<void> {
  for (let sent = 0; sent < times && !socket.destroyed; sent++) {
    if (gapMs > 0) await pause(gapMs)
    await write(socket, bytes)
  }
}

/** Resolves once the bytes are taken or the connection is over. */
function write(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  if (bytes.length === 0 || socket.destroyed) return Promise.resolve()
  return new Promise((resolve) => socket.write(bytes, () => resolve()))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export type HeaderLines = Readonly<Record<string, string | readonly string[]>>

/** A whole answer, after which the connection is kept. The status may be any number. */
export function respond(status: number, body: string | object, headers: HeaderLines = {}): readonly Step[] {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const length = String(Buffer.byteLength(text))
  const defaults = { 'content-type': 'application/json', 'content-length': length }
  return [{ send: headOf(status, { ...defaults, ...headers }) + text }, { end: 'keep' }]
}

/** Status line and headers, with the empty line behind them. */
export function headOf(status: number, headers: HeaderLines): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}\r\n`),
  )
  return `HTTP/1.1 ${status} Scripted\r\n${lines.join('')}\r\n`
}

/** A piece of a chunked body. */
export function chunk(bytes: string | Uint8Array): Uint8Array {
  const body = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}

/** The end of a chunked body. */
export const lastChunk = '0\r\n\r\n'

export interface StreamScript {
  /** Before every piece. */
  readonly gapMs?: number
  /** end: the body ends as HTTP wants it; close: the connection ends in the middle of it; default end. */
  readonly finally?: 'end' | 'close' | 'reset' | 'hang'
  readonly headers?: HeaderLines
}

/** An event stream in these pieces, each a chunk of its own; what is left out of it decides how broken it is. */
export function sse(pieces: readonly (string | Uint8Array)[], script: StreamScript = {}): readonly Step[] {
  const { gapMs, headers, finally: end = 'end' } = script
  const head = headOf(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked', ...headers })
  const sent = pieces.flatMap((piece): Step[] => [
    ...(gapMs === undefined ? [] : [{ waitMs: gapMs }]),
    { send: chunk(piece) },
  ])
  return [{ send: head }, ...sent, ...(end === 'end' ? [{ send: lastChunk }, { end: 'keep' as const }] : [{ end }])]
}

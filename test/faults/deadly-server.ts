// A provider that is dead until it is revived: its port takes connections and resets them, so that the tries can be
// counted.
import { createServer } from 'node:http'
import { listen } from '../support/loopback.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'

export interface DeadlyServer {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string
  isAlive(): boolean
  revive(): void
  /** Times of `performance.now()`. */
  counts(): {
    /** Connections that were made while it was dead. */
    readonly diedCalls: number
    readonly revivedAt: number | undefined
    readonly firstServedAt: number | undefined
  }
  close(): Promise<void>
}

/** Starts it, dead. */
export async function startDeadlyServer(): Promise<DeadlyServer> {
  let diedCalls = 0
  let revivedAt: number | undefined
  let firstServedAt: number | undefined
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      firstServedAt ??= performance.now()
      if (!/"stream"\s*:\s*true/.test(body))
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(chatAnswer()))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end([chatChunk({ content: 'hi' }), chatChunk({}, 'stop'), 'data: [DONE]\n\n'].join(''))
    })
  })
  server.on('connection', (socket) => {
    if (revivedAt !== undefined) return
    diedCalls++
    socket.on('error', () => {})
    socket.resetAndDestroy()
  })
  const { url, close } = await listen(server)
  return {
    url,
    isAlive: () => revivedAt !== undefined,
    revive: () => void (revivedAt ??= performance.now()),
    counts: () => ({ diedCalls, revivedAt, firstServedAt }),
    close,
  }
}

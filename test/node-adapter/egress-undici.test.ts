// Node's way out, on real sockets.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUndiciFetch, ResponseHandler } from '../../node-adapter/egress-undici.ts'
import { createCancellation } from '../../src/engine/cancellation.ts'
import { GatewayError } from '../../src/ir/error.ts'
import type { ByteSource, FetchRequest } from '../../src/ports/index.ts'
import { fetchRequest } from '../support/fetch-request.ts'
import { listen, type Listening } from '../support/loopback.ts'

let server: Listening
let answer: (request: IncomingMessage, response: ServerResponse) => void
const egress = createUndiciFetch()

beforeAll(async () => {
  server = await listen(createServer((request, response) => answer(request, response)))
})
afterAll(async () => {
  await egress.close()
  await server.close()
})

const call = (extra: Partial<FetchRequest> = {}): FetchRequest =>
  fetchRequest({
    url: `${server.url}/v1/x?y=1`,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode('{"a":1}'),
    allowPrivate: true,
    allowHttp: true,
    ...extra,
  })

async function readAll(body: ByteSource): Promise<{ readonly bytes: number }> {
  let bytes = 0
  for (;;) {
    const chunk = await body.read()
    if (chunk === undefined) return { bytes }
    bytes += chunk.length
  }
}

describe('the dispatcher as the way out', () => {
  it('sends what it is given and hands the answer over as it arrives', async () => {
    let seen = ''
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => (seen += `${request.method} ${request.url} ${chunk.toString()}`))
      response.writeHead(201, { 'x-a': '1', 'set-cookie': ['b=1', 'c=2'] })
      response.write('one')
      setTimeout(() => response.end('two'), 50)
    }
    const response = await egress.fetch(call())
    expect(response.status).toBe(201)
    expect(response.headers.get('x-a')).toBe('1')
    const decode = (chunk: Uint8Array | undefined): string => new TextDecoder().decode(chunk)
    expect(decode(await response.body.read())).toBe('one')
    expect(decode(await response.body.read())).toBe('two')
    expect(await response.body.read()).toBeUndefined()
    expect(seen).toBe('POST /v1/x?y=1 {"a":1}')
  })

  it('pauses a sender that is faster than the reader, and loses nothing when it goes on', async () => {
    const total = 40 * 1024 * 1024
    let sent = 0
    answer = (_request, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(64 * 1024, 120)
      const pump = (): void => {
        while (sent < total) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', pump)
        }
        response.end()
      }
      pump()
    }
    const { body } = await egress.fetch(call())
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(sent).toBeLessThan(total / 2)
    expect((await readAll(body)).bytes).toBe(total)
  })

  // The dispatcher delivers an empty chunk on each resume of a parser that was paused at a buffer's end. Handing it on
  // and pausing again goes round for ever, so the callbacks are driven by hand here: on sockets it comes and goes.
  it('swallows the empty chunk that a resume may bring', async () => {
    let resumes = 0
    const handler = new ResponseHandler(
      createCancellation(),
      () => {},
      () => {},
    )
    const controller = {
      aborted: false,
      paused: false,
      pause: () => void (controller.paused = true),
      abort: () => {},
      resume: () => {
        resumes++
        controller.paused = false
        handler.onResponseData(controller as never, new Uint8Array(0))
      },
    }
    handler.onRequestStart(controller as never)
    handler.onResponseData(controller as never, new Uint8Array(70_000))
    expect(controller.paused).toBe(true)
    expect((await handler.read())?.length).toBe(70_000)
    const next = handler.read()
    handler.onResponseData(controller as never, new Uint8Array(3))
    expect((await next)?.length).toBe(3)
    expect(resumes).toBe(1)
  })

  it.each(['before the headers', 'in the middle of the body', 'while a read waits'])(
    'closes the connection when cancelled %s',
    async (phase) => {
      let closed: () => void
      const gone = new Promise<void>((resolve) => (closed = resolve))
      answer = (_request, response) => {
        response.on('close', () => closed())
        if (phase !== 'before the headers') response.writeHead(200).write('x')
      }
      const leave = createCancellation()
      const asked = egress.fetch(call({ cancellation: leave }))
      if (phase === 'before the headers') {
        setTimeout(() => leave.cancel(), 20)
        await expect(asked).rejects.toThrow()
      } else {
        const { body } = await asked
        await body.read()
        const waiting = phase === 'while a read waits' ? body.read().catch(() => undefined) : undefined
        await body.cancel()
        await body.cancel()
        await waiting
      }
      await gone
    },
  )

  it('rejects a read where the connection breaks, and a call where nobody listens', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => response.destroy(), 20)
    }
    const { body } = await egress.fetch(call())
    await body.read()
    await expect(body.read()).rejects.toThrow()
    await expect(egress.fetch(call({ url: 'http://127.0.0.1:9/x' }))).rejects.toThrow()
  })

  it('decodes what a provider compressed although it was asked not to', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello '.repeat(10_000)))
    expect((await readAll((await egress.fetch(call())).body)).bytes).toBe(60_000)
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('x')
    await expect(egress.fetch(call())).rejects.toThrow()
  })

  it('hands a redirect over instead of following it', async () => {
    answer = (_request, response) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end()
    expect((await egress.fetch(call())).status).toBe(307)
  })

  it.each(['http://127.0.0.1:1/', 'http://localhost:1/', 'http://[::1]:1/', 'http://169.254.169.254/'])(
    'does not connect to %s for a provider on the open network',
    async (url) => {
      await expect(egress.fetch(call({ url, allowPrivate: false }))).rejects.toSatisfy(
        (cause) => cause instanceof GatewayError && cause.code === 'blocked_endpoint',
      )
    },
  )

  it('reuses its connections', async () => {
    const ports = new Set<number | undefined>()
    answer = (request, response) => {
      ports.add(request.socket.remotePort)
      response.end('ok')
    }
    for (let i = 0; i < 10; i++) await readAll((await egress.fetch(call())).body)
    // The pool may still hold one from before that is being closed.
    expect(ports.size).toBeLessThanOrEqual(2)
  })
})

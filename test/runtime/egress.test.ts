// The way out of each runtime that has sockets of its own, in a real process: what it connects to, what it refuses, how
// it fails, and what it leaves behind.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsHttpServer } from 'node:https'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasOpenssl, makeCertificates, type Certificate, type Certificates } from '../support/certificates.ts'
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.ts'
import { processRuntimes } from '../support/full-run.ts'
import { startEgressProcess, type EgressProcess, type ProbedRuntime } from '../support/egress-process.ts'
import { listen, type Listening } from '../support/loopback.ts'
import type { Probe, Probed } from '../support/egress-probe.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const key = 'sk-egress-0123456789abcdef'
const keyHeaders = { authorization: `Bearer ${key}`, 'x-api-key': key, 'x-goog-api-key': key }
const openssl = hasOpenssl()

const onRuntimes = processRuntimes<ProbedRuntime>('the way out', ['node', 'bun', 'deno'])

describe.each(onRuntimes)('the way out on %s', (runtime) => {
  let probe: EgressProcess
  let port: number
  let answer: Answer
  let secondPort: number
  const atSecond: IncomingMessage[] = []
  const servers: Listening[] = []
  const sockets = new Set<Socket>()
  let certificates: Certificates
  let proxy: ConnectProxy
  let patient: Promise<Probed>

  beforeAll(async () => {
    // What would send everything elsewhere, or take any certificate, if anybody looked at it.
    const misleading = {
      HTTP_PROXY: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      ALL_PROXY: 'http://127.0.0.1:9',
      http_proxy: 'http://127.0.0.1:9',
      https_proxy: 'http://127.0.0.1:9',
      NODE_USE_ENV_PROXY: '1',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    }
    probe = await startEgressProcess(runtime, misleading)
    port = await openServer(createServer((request, response) => answer(request, response)))
    secondPort = await openServer(
      createServer((request, response) => {
        atSecond.push(request)
        response.end('second')
      }),
    )
    if (openssl) certificates = makeCertificates()
    proxy = await startConnectProxy()
    // Its silence passes while other tests run.
    const quiet = await openServer(
      createServer((_request, response) => {
        response.writeHead(200).write('one')
        setTimeout(() => response.end('two'), 5500)
      }),
    )
    patient = send({ url: `http://127.0.0.1:${quiet}/` })
    patient.catch(() => {})
  })
  afterAll(async () => {
    await probe?.stop()
    for (const socket of sockets) socket.destroy()
    for (const one of servers) await one.close()
    await proxy?.close()
    certificates?.remove()
  })
  beforeEach(() => {
    atSecond.length = 0
    answer = (request, response) => {
      request.resume().on('end', () => response.end('ok'))
    }
  })

  /** Its port. It listens until the end of all tests. */
  async function openServer(server: Server): Promise<number> {
    const listening = await listen(server)
    servers.push(listening)
    return listening.port
  }

  async function tcp(serve: (socket: Socket) => void): Promise<number> {
    const made = createTcpServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      serve(socket)
    })
    return openServer(made)
  }

  const open = { allowPrivate: true, allowHttp: true } as const
  const send = (extra: Partial<Probe> = {}): Promise<Probed> =>
    probe.send({ url: `http://127.0.0.1:${port}/v1/x?y=1`, body: '{"a":1}', ...open, ...extra })

  it('sends what it is given, with the host of the URL and no header of its own beyond framing', async () => {
    let seen: IncomingMessage | undefined
    let body = ''
    answer = (request, response) => {
      seen = request
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => response.writeHead(201, { 'x-a': '1', 'set-cookie': ['b=1', 'c=2'] }).end('done'))
    }
    const url = `http://up.example:${port}/v1/x?y=1`
    const headers = { ...keyHeaders, 'content-type': 'application/json', cookie: 'a=1', 'accept-encoding': 'gzip' }
    const probed = await send({ url, names: { 'up.example': [['127.0.0.1']] }, headers })
    expect(probed).toMatchObject({ status: 201, text: 'done', lookups: ['up.example'] })
    expect(probed.headers).toMatchObject({ 'x-a': '1', 'set-cookie': 'b=1, c=2' })
    expect([seen?.method, seen?.url, body]).toEqual(['POST', '/v1/x?y=1', '{"a":1}'])
    const { connection: _, ...sent } = seen?.headers ?? {}
    expect(sent).toEqual({
      ...keyHeaders,
      host: `up.example:${port}`,
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'content-length': '7',
    })
  })

  it('sends a large body whole, also where the connection is used again', async () => {
    const sizes: number[] = []
    answer = (request, response) => {
      let size = 0
      request.on('data', (chunk: Buffer) => (size += chunk.length))
      request.on('end', () => {
        sizes.push(size)
        response.end('ok')
      })
    }
    const body = 'x'.repeat(20 * 1024 * 1024)
    for (let i = 0; i < 2; i++) expect(await send({ body })).toMatchObject({ text: 'ok' })
    expect(sizes).toEqual([body.length, body.length])
  })

  it('asks with GET and without a body as well', async () => {
    let seen = ''
    answer = (request, response) => {
      seen = `${request.method} ${request.headers['content-length']} ${request.headers['transfer-encoding']}`
      response.end('ok')
    }
    const probed = await probe.send({ url: `http://127.0.0.1:${port}/models`, method: 'GET', ...open })
    expect([probed.text, seen]).toEqual(['ok', 'GET undefined undefined'])
  })

  describe('what it connects to', () => {
    it.each([
      ['decimal', 'https://2130706433/'],
      ['hexadecimal', 'https://0x7f.1/'],
      ['octal', 'https://0177.0.0.1/'],
      ['short', 'https://127.1/'],
      ['fullwidth digits', 'https://１２７.０.０.１/'],
      ['mapped IPv6', 'https://[::ffff:127.0.0.1]/'],
      ['IPv6', 'https://[::1]/'],
      ['NAT64', 'https://[64:ff9b::7f00:1]/'],
      ['6to4', 'https://[2002:7f00:1::]/'],
      ['a private range', 'https://10.1.2.3/'],
      ['metadata', 'https://169.254.169.254/'],
      ['localhost', 'https://localhost/'],
    ])('is no private address that is written as %s', async (_name, url) => {
      expect((await send({ url, allowPrivate: false })).error?.code).toBe('blocked_endpoint')
      // And once more without the guard: the transport looks for itself.
      const alone = await send({ url, allowPrivate: false, unguarded: true, names: { localhost: [['127.0.0.1']] } })
      expect(alone.error?.code).toBe('blocked_endpoint')
    })

    it('F-03 · is no public name that leads to a private address, even beside a public one', async () => {
      const url = `https://rebind.example:${port}/`
      for (const addresses of [['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['::ffff:127.0.0.1'], ['fe80::1']]) {
        const names = { 'rebind.example': [addresses] }
        const probed = await send({ url, allowPrivate: false, unguarded: true, names })
        expect([addresses, probed.error?.code]).toEqual([addresses, 'blocked_endpoint'])
      }
    })

    it('F-04 · is the address that was looked at, whatever the name says a moment later', async () => {
      const names = { 'flip.example': [['127.0.0.1'], ['10.255.255.1']] }
      const flipped = await send({ url: `http://flip.example:${port}/`, allowPrivate: ['127.0.0.0/8'], names })
      expect(flipped).toMatchObject({ status: 200, lookups: ['flip.example'] })
    })

    it('is a private address by a block that names it, and no other', async () => {
      expect(await send({ allowPrivate: ['127.0.0.0/8'] })).toMatchObject({ status: 200 })
      expect((await send({ allowPrivate: ['10.0.0.0/8', 'fd00::/8'] })).error?.code).toBe('blocked_endpoint')
      const url = `http://up.example:${port}/`
      const names = { 'up.example': [['127.0.0.1']] }
      expect(await send({ url, names, allowPrivate: ['127.0.0.1/32'] })).toMatchObject({ status: 200 })
      expect((await send({ url, names, allowPrivate: ['127.0.0.2/32'] })).error?.code).toBe('blocked_endpoint')
    })

    it('is no metadata service, whatever is opened', async () => {
      for (const address of ['169.254.169.254', '100.100.100.200', 'fd00:ec2::254']) {
        const names = { 'up.example': [[address]] }
        const probed = await send({ url: 'http://up.example/', names, allowPrivate: true })
        expect([address, probed.error?.code]).toEqual([address, 'blocked_endpoint'])
      }
    })

    it('is no public address without encryption', async () => {
      const probed = await send({ url: 'http://up.example/', names: { 'up.example': [['8.8.8.8']] } })
      expect(probed.error?.code).toBe('blocked_endpoint')
    })

    it('is the next address where the first one refuses', async () => {
      const names = { 'up.example': [['127.0.0.2', '127.0.0.1']] }
      expect(await send({ url: `http://up.example:${port}/`, names })).toMatchObject({ status: 200 })
    })
  })

  it.each([301, 302, 303, 307, 308])('F-19 · does not follow a %d, so no key travels', async (status) => {
    answer = (_request, response) =>
      response.writeHead(status, { location: `http://127.0.0.1:${secondPort}/` }).end('moved')
    expect((await send({ headers: keyHeaders })).status).toBe(status)
    expect(atSecond).toEqual([])
  })

  it('reuses its connection', async () => {
    const ports = new Set<number | undefined>()
    const own = createServer((request, response) => {
      ports.add(request.socket.remotePort)
      request.resume().on('end', () => response.end('ok'))
    })
    const url = `http://127.0.0.1:${await openServer(own)}/`
    for (let i = 0; i < 10; i++) expect(await send({ url })).toMatchObject({ status: 200 })
    expect(ports.size).toBe(1)
  })

  it('F-09 · sends a request again, once, where a connection that had answered was closed under it', async () => {
    const heads: string[] = []
    const own = await tcp((socket) => {
      let requests = 0
      socket.on('data', (chunk: Buffer) => {
        heads.push(chunk.toString('latin1').split('\r\n')[0] ?? '')
        // Says nothing of closing, and closes when the second request is there.
        if (requests++ > 0) return void socket.destroy()
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    const url = `http://127.0.0.1:${own}/`
    expect(await send({ url })).toMatchObject({ text: 'ok' })
    expect(await send({ url })).toMatchObject({ text: 'ok' })
    expect(heads).toHaveLength(3)
  })

  it('F-09: serves every request of a server that closes each connection after its first answer, without a word', async () => {
    let connections = 0
    let requests = 0
    const own = await tcp((socket) => {
      connections++
      socket.once('data', () => {
        requests++
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        // Now at once, now while the connection lies idle, now when the next request is on its way.
        setTimeout(() => socket.end(), [0, 5, 20][connections % 3])
      })
    })
    const url = `http://127.0.0.1:${own}/`
    for (let i = 0; i < 30; i++) expect(await send({ url })).toMatchObject({ status: 200, text: 'ok' })
    // What was written on a connection that its server had closed was read by nobody.
    expect(requests).toBe(30)
  })

  it('does not send a request again that was answered with a hint before the connection closed', async () => {
    let requests = 0
    const own = await tcp((socket) => {
      socket.on('data', () => {
        if (++requests === 1) return void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', () => setTimeout(() => socket.destroy(), 50))
      })
    })
    const url = `http://127.0.0.1:${own}/`
    expect(await send({ url })).toMatchObject({ text: 'ok' })
    expect((await send({ url })).error?.code).toBe('upstream_unreachable')
    expect(requests).toBe(2)
  })

  it('does not send a request again that a new connection swallowed', async () => {
    let requests = 0
    const own = await tcp((socket) => {
      socket.on('data', () => {
        requests++
        socket.destroy()
      })
    })
    expect((await send({ url: `http://127.0.0.1:${own}/` })).error?.code).toBe('upstream_unreachable')
    expect(requests).toBe(1)
  })

  it('holds back a sender that is faster than its reader', async () => {
    let sent = 0
    answer = (_request, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(64 * 1024, 120)
      const pump = (): void => {
        while (sent < 200 * 1024 * 1024) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', pump)
        }
        response.end()
      }
      response.on('error', () => {})
      pump()
    }
    await send({ reading: { waitMs: 500, cancelAfterFirst: true } })
    expect(sent).toBeLessThan(40 * 1024 * 1024)
  })

  it.each([
    ['before the headers', { cancelAfterMs: 100 }],
    ['in the middle of the body', { reading: { cancelAfterFirst: true } }],
    ['while a read waits', { cancelAfterMs: 300 }],
  ] as const)('closes the connection when cancelled %s', async (phase, extra) => {
    let closed: () => void
    let requests = 0
    const gone = new Promise<void>((resolve) => (closed = resolve))
    answer = (_request, response) => {
      requests++
      response.on('close', () => closed())
      if (phase !== 'before the headers') response.writeHead(200).write('x')
    }
    // Once on a new connection and, below, once on one that has answered before.
    const probed = await send(extra)
    if (phase === 'before the headers') expect(probed.error).toBeDefined()
    await gone
    const cancelled = answer
    answer = (_request, response) => response.end('ok')
    expect(await send()).toMatchObject({ text: 'ok' })
    answer = cancelled
    const goneAgain = new Promise<void>((resolve) => (closed = resolve))
    await send(extra)
    await goneAgain
    // Nobody sends it once more because its connection was closed: by us.
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(requests).toBe(2)
  })

  it('F-02, F-06 · gives up connecting in time, also where the name or the handshake hangs', async () => {
    const silent = await tcp(() => {})
    const hanging = await send({ url: `https://127.0.0.1:${silent}/`, connectTimeoutMs: 300 })
    expect(hanging.error?.code).toBe('upstream_unreachable')
    expect(hanging.ms).toBeLessThan(2000)
    const names = { 'slow.example': [['hangs']] }
    const nameless = await send({ url: `http://slow.example:${port}/`, names, connectTimeoutMs: 300 })
    expect(nameless.error).toMatchObject({ code: 'upstream_unreachable', detail: 'ETIMEDOUT' })
    expect(nameless.ms).toBeLessThan(2000)
  })

  it.each([
    ['nobody listens', { url: 'http://127.0.0.1:9/' }, 'upstream_unreachable', 'ECONNREFUSED'],
    ['there is no such name', { url: 'http://nowhere.example/', names: {} }, 'upstream_unreachable', 'ENOTFOUND'],
    ['a name has no address', { url: 'http://e.example/', names: { 'e.example': [[]] } }, 'upstream_unreachable', null],
  ] as const)('says so where %s', async (_name, extra, code, detail) => {
    expect((await send(extra)).error).toMatchObject({ code, detail })
  })

  it('rejects a read where the connection breaks', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 50)
    }
    const probed = await send()
    expect(probed.text).toBe('half')
    expect(probed.error).toBeDefined()
  })

  it('F-41 · reads an answer that is compressed although it asked for none, and no chain of encodings', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello '.repeat(10_000)))
    expect((await send()).bytes).toBe(60_000)
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('x')
    expect((await send()).error?.code).toBe('upstream_bad_content')
    const layers = Array.from({ length: 5000 }, () => 'gzip').join(',')
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': layers.slice(0, 12_000) }).end('x')
    expect((await send()).error?.code).toMatch(/upstream_(?:bad_content|unreachable)/)
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip')
    expect((await send()).error).toBeDefined()
  })

  it('F-41 · unpacks no more of a compressed answer than is read', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    const probed = await send({ reading: { waitMs: 1000, cancelAfterFirst: true } })
    expect(probed.bytes).toBeLessThan(2 * 1024 * 1024)
    expect(probed.grewBy).toBeLessThan(60 * 1024 * 1024)
    // And all of it arrives where somebody reads on.
    expect((await send()).bytes).toBe(200 * 1024 * 1024)
  })

  it.each([
    ['HTTP/1.1 199 Odd\r\ncontent-length: 2\r\n\r\nok', undefined],
    ['HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok', 204],
    ['HTTP/1.1 205 Reset\r\ncontent-length: 2\r\n\r\nok', 205],
    ['HTTP/1.1 304 Not Modified\r\n\r\n', 304],
    ['HTTP/1.1 600 Odd\r\ncontent-length: 2\r\n\r\nok', 502],
    ['HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nok', 502],
    ['SSH-2.0-OpenSSH_9.2\r\n', undefined],
  ])('F-56 · hands over no status that a client cannot be given: %j', async (raw, status) => {
    const own = await tcp((socket) => socket.once('data', () => socket.end(raw)))
    const probed = await send({ url: `http://127.0.0.1:${own}/`, cancelAfterMs: 3000 })
    if (status === undefined) expect(probed.error).toBeDefined()
    else expect(probed.status).toBe(status)
    if (status === 204 || status === 205) expect(probed.bytes ?? 0).toBe(0)
  })

  it('F-13 · ignores informational answers, but no storm of them', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
    const last = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
    const few = await tcp((socket) => socket.once('data', () => socket.end(hints.repeat(3) + last)))
    expect(await send({ url: `http://127.0.0.1:${few}/` })).toMatchObject({ status: 200, text: 'ok' })
    const many = await tcp((socket) => socket.once('data', () => socket.write(hints.repeat(10_000))))
    const stormed = await send({ url: `http://127.0.0.1:${many}/`, cancelAfterMs: 20_000 })
    expect(stormed.error).toBeDefined()
    expect(stormed.ms).toBeLessThan(10_000)
  })

  describe.runIf(openssl)('TLS', () => {
    const names = { 'up.example': [['127.0.0.1']] }
    let seenNames: (string | undefined)[] = []

    async function tlsServer(certificate: Certificate, options: object = {}): Promise<number> {
      const made = createTlsHttpServer({ ...certificate, ...options }, (request, response) => {
        seenNames.push((request.socket as unknown as { servername?: string }).servername)
        request.resume().on('end', () => response.end(`secret ${request.headers.host}`))
      })
      made.on('tlsClientError', () => {})
      return openServer(made)
    }
    beforeEach(() => {
      seenNames = []
    })

    it('speaks to a server of that name, names it in the handshake, and keeps the connection', async () => {
      const at = await tlsServer(certificates.good)
      const url = `https://up.example:${at}/`
      for (let i = 0; i < 3; i++) {
        const probed = await send({ url, names, allowHttp: false, ca: certificates.ca })
        expect(probed).toMatchObject({ status: 200, text: `secret up.example:${at}` })
        expect(probed.lookups).toEqual(i === 0 ? ['up.example'] : [])
      }
      expect(seenNames).toEqual(['up.example', 'up.example', 'up.example'])
    })

    it('holds an address against the addresses in the certificate', async () => {
      const url = (at: number): string => `https://127.0.0.1:${at}/`
      const good = await send({ url: url(await tlsServer(certificates.good)), ca: certificates.ca })
      expect(good).toMatchObject({ status: 200 })
      const wrong = await send({ url: url(await tlsServer(certificates.wrongName)), ca: certificates.ca })
      expect(wrong.error?.code).toBe('upstream_tls')
    })

    it.each([
      ['of another name', 'wrongName'],
      ['that has expired', 'expired'],
      ['that signed itself', 'selfSigned'],
    ] as const)('F-05 · refuses a certificate %s, and sends nothing', async (_name, which) => {
      const at = await tlsServer(certificates[which])
      const probed = await send({ url: `https://up.example:${at}/`, names, ca: certificates.ca, headers: keyHeaders })
      expect(probed.error?.code).toBe('upstream_tls')
      expect(probed.error?.detail).not.toBeNull()
      expect(probed.error?.message).not.toContain('up.example')
      expect(seenNames).toEqual([])
    })

    it('F-05 · refuses an authority that it does not know, and old versions', async () => {
      const good = await tlsServer(certificates.good)
      expect((await send({ url: `https://up.example:${good}/`, names })).error?.code).toBe('upstream_tls')
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
      const at = await tlsServer(certificates.good, old)
      const probed = await send({ url: `https://up.example:${at}/`, names, ca: certificates.ca })
      expect(probed.error?.code).toMatch(/^upstream_(?:tls|unreachable)$/)
      expect(seenNames).toEqual([])
    })

    it('refuses a server that speaks no TLS', async () => {
      const probed = await send({ url: `https://up.example:${port}/`, names, ca: certificates.ca })
      expect(probed.error?.code).toMatch(/^upstream_(?:tls|unreachable)$/)
    })

    it('trusts an authority of the operator by NODE_EXTRA_CA_CERTS', async () => {
      const at = await tlsServer(certificates.good)
      const trusting = await startEgressProcess(runtime, { NODE_EXTRA_CA_CERTS: certificates.caFile })
      try {
        const probed = await trusting.send({ url: `https://up.example:${at}/`, names, ...open })
        expect(probed).toMatchObject({ status: 200 })
      } finally {
        await trusting.stop()
      }
    })

    it('goes through a proxy to the target, encrypted from end to end', async () => {
      const at = await tlsServer(certificates.good)
      proxy.names.set('up.example:443', { host: '127.0.0.1', port: at })
      const url = 'https://up.example/v1'
      const through = { url: `http://127.0.0.1:${proxy.port}` }
      for (let i = 0; i < 2; i++) {
        const probed = await send({ url, allowPrivate: false, allowHttp: false, ca: certificates.ca, proxy: through })
        // The proxy is an address, and the name is the proxy's to resolve.
        expect(probed).toMatchObject({ status: 200, text: 'secret up.example', lookups: [] })
      }
      expect(seenNames).toEqual(['up.example', 'up.example'])
      // One tunnel for both.
      expect(proxy.asked.filter(({ authority }) => authority === 'up.example:443')).toHaveLength(1)
      const wrong = await tlsServer(certificates.wrongName)
      proxy.names.set('up.example:8443', { host: '127.0.0.1', port: wrong })
      const refused = await send({ url: 'https://up.example:8443/', ca: certificates.ca, proxy: through })
      expect(refused.error?.code).toBe('upstream_tls')
    })
  })

  describe('proxies', () => {
    const password = 'pass-0123456789word'
    const at = (extra = ''): string => `http://${extra}127.0.0.1:${proxy.port}`

    beforeEach(() => {
      proxy.refuseWith = undefined
      proxy.credentials = undefined
      proxy.names.set('up.example:80', { host: '127.0.0.1', port })
    })

    it('are told the target, the user, and their own headers; the target is told nothing of them', async () => {
      let seen: IncomingMessage | undefined
      answer = (request, response) => {
        seen = request
        response.end('ok')
      }
      proxy.credentials = `Basic ${Buffer.from(`proxyuser:${password}`).toString('base64')}`
      const probed = await send({
        url: 'http://up.example/v1/x',
        headers: { ...keyHeaders, 'user-agent': 'signalbox' },
        proxy: { url: at(`proxyuser:${password}@`), headers: { 'x-team': 'blue' }, userAgent: 'gateway/1' },
      })
      expect(probed).toMatchObject({ status: 200, text: 'ok' })
      expect(proxy.asked.at(-1)).toEqual({
        authority: 'up.example:80',
        headers: {
          host: 'up.example:80',
          'proxy-authorization': proxy.credentials,
          'user-agent': 'gateway/1',
          'x-team': 'blue',
        },
      })
      expect(seen?.headers).toMatchObject({ ...keyHeaders, host: 'up.example', 'user-agent': 'signalbox' })
      expect(Object.keys(seen?.headers ?? {}).filter((name) => name.startsWith('proxy-') || name === 'x-team')).toEqual(
        [],
      )
      expect(proxy.others).toEqual([])
    })

    it.each([
      ['wants another password', { credentials: 'Basic x' }, /407/],
      ['cannot reach the target', { refuseWith: 'HTTP/1.1 502 Bad Gateway\r\n\r\n' }, /502/],
      ['speaks no HTTP', { refuseWith: 'SSH-2.0-x\r\n\r\n' }, /HTTP proxy/],
      ['closes at once', { refuseWith: '' }, /closed/],
      ['says more than it should', { refuseWith: 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n' }, /more than/],
    ] as const)('that %s give a clear error without their address', async (_name, change, message) => {
      Object.assign(proxy, change)
      const url = `http://up.example/${Math.random()}`
      const { error } = await send({ url, proxy: { url: at(`proxyuser:${password}@`), userAgent: String(message) } })
      expect(error?.code).toBe('upstream_unreachable')
      expect(error?.message).toMatch(message)
      expect(error?.message).toContain('corporate')
      expect(JSON.stringify(error)).not.toMatch(/127\.0\.0\.1|pass-|proxyuser/)
    })

    it('that cannot be reached are not gone around', async () => {
      const { error } = await send({ proxy: { url: `http://proxyuser:${password}@127.0.0.1:9` } })
      expect(error).toMatchObject({ code: 'upstream_unreachable', message: 'the proxy corporate cannot be reached' })
      const unusable = await send({ proxy: { url: `socks5://proxyuser:${password}@127.0.0.1:9` } })
      expect(unusable.error?.code).toBe('upstream_unreachable')
      expect(JSON.stringify(unusable.error)).not.toContain(password)
    })

    it('get no private address to connect to', async () => {
      for (const unguarded of [true, false]) {
        const asked = proxy.asked.length
        const probed = await send({ url: 'https://10.0.0.1/', allowPrivate: false, unguarded, proxy: { url: at() } })
        expect(probed.error?.code).toBe('blocked_endpoint')
        expect(proxy.asked).toHaveLength(asked)
      }
    })

    it('may be asked for by an address of IPv6', async () => {
      proxy.names.set('[fd00::1]:8080', { host: '127.0.0.1', port })
      expect(await send({ url: 'http://[fd00::1]:8080/', proxy: { url: at() } })).toMatchObject({ status: 200 })
    })

    it('count in the time for connecting', async () => {
      const silent = await tcp(() => {})
      const probed = await send({ proxy: { url: `http://127.0.0.1:${silent}` }, connectTimeoutMs: 300 })
      expect(probed.error?.code).toBe('upstream_unreachable')
      expect(probed.ms).toBeLessThan(2000)
    })
  })

  it('waits for a sender that is silent for longer than idle connections are kept', async () => {
    expect((await patient).text).toBe('onetwo')
  })
})

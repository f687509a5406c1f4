// Proxies against one that others wrote: Debian's tinyproxy.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createServer as createPlainServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl, makeCertificates, type Certificates } from '../support/certificates.ts'
import { startEgressProcess, type EgressProcess, type ProbedRuntime } from '../support/egress-process.ts'
import { freePort, listen, type Listening } from '../support/loopback.ts'

function hasTinyproxy(): boolean {
  try {
    execFileSync('tinyproxy', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    // oxlint-disable-next-line no-console -- whoever runs the tests is to know what they left out
    console.warn('skipped: tinyproxy is not installed (apt-get install tinyproxy)')
    return false
  }
}

const password = 'pass-0123456789word'
const runnable = hasTinyproxy() && hasOpenssl()

describe.runIf(runnable)('tinyproxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-tinyproxy-'))
  const logFile = join(folder, 'log')
  let proxy: ChildProcess
  let proxyPort: number
  let certificates: Certificates
  const servers: Listening[] = []
  let port: number
  let plainPort: number

  beforeAll(async () => {
    certificates = makeCertificates()
    const server = createServer(certificates.good, (request, response) => {
      request.resume().on('end', () => response.end(`tls ${request.headers['x-api-key']} ${request.headers.via}`))
    })
    const plain = createPlainServer((request, response) => {
      request.resume().on('end', () => response.end(`plain ${request.url} ${request.headers.via}`))
    })
    servers.push(await listen(server), await listen(plain))
    ;[port, plainPort] = servers.map((one) => one.port) as [number, number]
    proxyPort = await freePort()
    const lines = [
      `Port ${proxyPort}`,
      'Listen 127.0.0.1',
      'Allow 127.0.0.1',
      `BasicAuth proxyuser ${password}`,
      `LogFile "${logFile}"`,
      'LogLevel Connect',
      'MaxClients 20',
      'Timeout 60',
    ]
    const file = join(folder, 'tinyproxy.conf')
    writeFileSync(file, `${lines.join('\n')}\n`)
    proxy = spawn('tinyproxy', ['-d', '-c', file], { stdio: 'ignore' })
    for (;;) {
      const up = await new Promise<boolean>((resolve) => {
        const socket = connect(proxyPort, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
        socket.on('connect', () => socket.destroy())
      })
      if (up) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
  afterAll(async () => {
    proxy?.kill()
    for (const one of servers) await one.close()
    certificates?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  describe.each<ProbedRuntime>(['node', 'bun', 'deno'])('for %s', (runtime) => {
    let probe: EgressProcess
    beforeAll(async () => {
      probe = await startEgressProcess(runtime)
    })
    afterAll(() => probe?.stop())

    const open = { allowPrivate: true, allowHttp: true } as const
    const at = (user: string): { url: string } => ({ url: `http://${user}@127.0.0.1:${proxyPort}` })

    it('opens a tunnel to an encrypted target, and one to a plain one', async () => {
      const proxied = { ...open, ca: certificates.ca, proxy: at(`proxyuser:${password}`) }
      const headers = { 'x-api-key': 'sk-inside-the-tunnel' }
      const secure = await probe.send({ ...proxied, url: `https://127.0.0.1:${port}/v1`, headers })
      expect(secure).toMatchObject({ status: 200, text: 'tls sk-inside-the-tunnel undefined' })
      const clear = await probe.send({ ...proxied, url: `http://127.0.0.1:${plainPort}/v1` })
      expect(clear).toMatchObject({ status: 200, text: 'plain /v1 undefined' })
      const log = readFileSync(logFile, 'utf8')
      expect(log).toContain(`CONNECT 127.0.0.1:${port}`)
      expect(log).toContain(`CONNECT 127.0.0.1:${plainPort}`)
      expect(log).not.toContain('sk-inside')
    })

    it('wants its password', async () => {
      const { error } = await probe.send({
        ...open,
        url: `http://127.0.0.1:${plainPort}/`,
        proxy: at('proxyuser:wrong'),
      })
      expect(error).toMatchObject({ code: 'upstream_unreachable' })
      expect(error?.message).toMatch(/^the proxy corporate .*\(40[17]\)$/)
    })

    it('says so where it cannot reach the target', async () => {
      const proxied = { ...open, proxy: at(`proxyuser:${password}`) }
      const { error } = await probe.send({ ...proxied, url: 'http://127.0.0.1:9/' })
      expect(error).toMatchObject({ code: 'upstream_unreachable', message: expect.stringMatching(/\(50[0-9]\)$/) })
    })
  })
})

// The way out as a client and an operator meet it: a whole gateway on each runtime, with servers that misbehave.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.ts'
import { processRuntimes } from '../support/full-run.ts'
import { startGatewayProcess, type GatewayProcess, type RuntimeName } from '../support/gateway-process.ts'
import { listen, type Listening } from '../support/loopback.ts'
import { chatAnswer } from '../support/upstream.ts'

const key = 'sbx_test_client_0f3a9c5e7d214b68'
const adminKey = 'sbx_test_admin_0f3a9c5e7d214b68'
const providerKey = 'sk-upstream-0123456789abcdef'
const proxyPassword = 'pass-0123456789abcdef'

const whole = JSON.stringify(chatAnswer())

const onRuntimes = processRuntimes<RuntimeName>('the way out of a gateway', ['node', 'bun', 'deno', 'workerd'])

describe.each(onRuntimes)('the way out of a gateway on %s', (runtime) => {
  const pinned = runtime !== 'workerd'
  const servers: Listening[] = []
  let port: number
  let seen: IncomingMessage[] = []
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let atSecond: IncomingMessage[] = []
  let secondPort: number
  let proxy: ConnectProxy
  let gateway: GatewayProcess

  const environment = (): Record<string, string> => ({
    SIGNALBOX_KEY_TEST: key,
    SIGNALBOX_KEY_OPS: adminKey,
    UPSTREAM_KEY: providerKey,
    BROKEN_KEY: `${providerKey}\u00e9`,
    PROXY_URL: `http://proxyuser:${proxyPassword}@127.0.0.1:${proxy.port}`,
    HTTP_PROXY: 'http://127.0.0.1:9',
    http_proxy: 'http://127.0.0.1:9',
    HTTPS_PROXY: 'http://127.0.0.1:9',
  })

  function configFor(extra: object, providers: object): object {
    return {
      config_version: 1,
      keys: [
        { id: 'test', env: 'SIGNALBOX_KEY_TEST', roles: ['client'] },
        { id: 'ops', env: 'SIGNALBOX_KEY_OPS', roles: ['admin'] },
      ],
      credentials: {
        upstream: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' },
        broken: { type: 'api_key', source: 'env', env: 'BROKEN_KEY' },
      },
      storage: { kind: 'memory' },
      providers,
      ...extra,
    }
  }

  const accounts = [{ id: 'a', credential: 'upstream' }]
  const local = { allow_private: true, allow_http: true }
  const chat = (extra: object = {}): object => ({
    type: 'openai_compatible',
    base_url: `http://127.0.0.1:${port}/v1`,
    api_formats: ['openai_chat'],
    accounts,
    ...local,
    ...extra,
  })

  beforeAll(async () => {
    const server = createServer((request, response) => {
      seen.push(request)
      request.resume().on('end', () => answer(request, response))
    })
    const second = createServer((request, response) => {
      atSecond.push(request)
      response.end(whole)
    })
    servers.push(await listen(server), await listen(second))
    ;[port, secondPort] = servers.map((one) => one.port) as [number, number]
    proxy = await startConnectProxy()
    proxy.names.set('up.example:80', { host: '127.0.0.1', port })
    const proxied = {
      egress: [
        {
          id: 'corporate',
          kind: 'proxy',
          url_env: 'PROXY_URL',
          user_agent: 'gateway/1',
          headers: { 'x-team': 'blue' },
        },
        { id: 'off', kind: 'proxy', url: `http://127.0.0.1:${proxy.port}`, enabled: false },
      ],
    }
    gateway = await startGatewayProcess(runtime, {
      config: configFor(pinned ? proxied : {}, {
        chat: chat(),
        claude: { type: 'anthropic', base_url: `http://127.0.0.1:${port}`, accounts, ...local },
        google: { type: 'gemini', base_url: `http://127.0.0.1:${port}/v1beta`, accounts, ...local },
        named: chat({ base_url: `http://localhost:${port}/v1` }),
        blocks: chat({ allow_private: ['127.0.0.0/8'] }),
        namedblocks: chat({ base_url: `http://localhost:${port}/v1`, allow_private: ['127.0.0.0/8', '::1/128'] }),
        elsewhere: chat({ base_url: `http://localhost:${port}/v1`, allow_private: ['10.0.0.0/8'] }),
        broken: chat({ accounts: [{ id: 'a', credential: 'broken' }] }),
        ...(pinned && {
          proxied: chat({ base_url: 'http://up.example/v1', egress: 'corporate' }),
          off: chat({ egress: 'off' }),
        }),
      }),
      env: environment(),
      args: ['--log-level', 'debug'],
    })
  })
  afterAll(async () => {
    await gateway?.stop()
    await proxy?.close()
    for (const one of servers) await one.close()
  })
  beforeEach(() => {
    seen = []
    atSecond = []
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(whole)
  })

  const ask = async (model: string, at = gateway): Promise<{ response: Response; text: string }> => {
    const response = await fetch(`${at.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    })
    return { response, text: await response.text() }
  }

  it.each([
    ['chat', 'authorization', 307],
    ['claude', 'x-api-key', 308],
    ['google', 'x-goog-api-key', 302],
    ['chat', 'authorization', 301],
  ])('F-19 · %s: its key in %s does not follow a redirect with %d', async (provider, header, status) => {
    answer = (_request, response) => response.writeHead(status, { location: `http://127.0.0.1:${secondPort}/x` }).end()
    const { response, text } = await ask(`${provider}/m`)
    expect([response.status, text]).toEqual([502, expect.stringContaining('upstream_redirect')])
    expect(seen[0]?.headers[header]).toContain(providerKey)
    expect(atSecond).toEqual([])
    expect(text).not.toContain(providerKey)
    expect(response.headers.get('location')).toBeNull()
  })

  it('sends no header that a client brought, and asks for plain bytes', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'chat/m', messages: [{ role: 'user', content: 'hi' }] }),
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        cookie: 'a=1',
        'x-forwarded-for': '1.2.3.4',
        'accept-language': 'de',
      },
    })
    expect(response.status).toBe(200)
    expect(seen[0]?.headers).toMatchObject({ 'accept-encoding': 'identity', authorization: `Bearer ${providerKey}` })
    for (const name of ['cookie', 'x-forwarded-for', 'origin', 'referer', 'proxy-authorization', 'proxy-connection'])
      expect([name, seen[0]?.headers[name]]).toEqual([name, undefined])
  })

  it('F-55 · hands over limits and ids of an answer, and nothing else', async () => {
    answer = (_request, response) =>
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'set-cookie': 'a=1',
          'access-control-allow-origin': '*',
          'content-security-policy': "default-src 'none'",
          server: 'evil/1',
          authorization: `Bearer ${providerKey}`,
          'x-api-key': providerKey,
          'x-request-id': 'r1',
          'x-ratelimit-remaining-tokens': '7',
        })
        .end(whole)
    const { response } = await ask('chat/m')
    const kept = Object.fromEntries(response.headers)
    expect(kept).toMatchObject({ 'x-upstream-request-id': 'r1', 'x-ratelimit-remaining-tokens': '7' })
    for (const name of ['set-cookie', 'access-control-allow-origin', 'authorization', 'x-api-key'])
      expect([name, kept[name]]).toEqual([name, undefined])
    expect(JSON.stringify(kept)).not.toMatch(/evil|default-src|sk-upstream/)
  })

  it.each([204, 205, 304, 600, 999])('F-56 · turns the status %d with a body into an error', async (status) => {
    answer = (request) => {
      const { socket } = request
      socket.end(`HTTP/1.1 ${status} Odd\r\ncontent-length: ${whole.length}\r\nconnection: close\r\n\r\n${whole}`)
    }
    const { response, text } = await ask('chat/m')
    expect(response.status).toBe(502)
    expect(JSON.parse(text)).toHaveProperty('error.code')
  })

  it('opens private addresses by name and by block, and no others', async () => {
    expect((await ask('named/m')).response.status).toBe(200)
    expect((await ask('blocks/m')).response.status).toBe(200)
    // Where nobody sees what a name leads to, a block opens no name.
    expect((await ask('namedblocks/m')).response.status).toBe(pinned ? 200 : 502)
    seen = []
    const { response, text } = await ask('elsewhere/m')
    expect([response.status, text]).toEqual([502, expect.stringContaining('blocked_endpoint')])
    expect(seen).toEqual([])
  })

  it('says so where a key cannot be put on a wire', async () => {
    const { text } = await ask('broken/m')
    expect(text).toContain('missing_credential')
    expect(text).not.toContain(providerKey)
    expect(seen).toEqual([])
  })

  it('says in its status what it can do', async () => {
    const response = await fetch(`${gateway.url}/admin/v1/status`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}` },
    })
    const ability = pinned ? 'supported' : 'unsupported'
    expect(await response.json()).toMatchObject({ data: { egress: { dns_pinning: ability, proxies: ability } } })
  })

  if (pinned) {
    it('says at its start what it can do, to whoever asks for details', () => {
      expect(gateway.stderr()).toContain('dns_pinning: supported, proxies: supported')
    })

    it('goes through the proxy of a provider, and never around one', async () => {
      const { response } = await ask('proxied/m')
      expect(response.status).toBe(200)
      expect(proxy.asked.at(-1)).toMatchObject({
        authority: 'up.example:80',
        headers: {
          'proxy-authorization': `Basic ${Buffer.from(`proxyuser:${proxyPassword}`).toString('base64')}`,
          'user-agent': 'gateway/1',
          'x-team': 'blue',
        },
      })
      expect(seen[0]?.headers).toMatchObject({ host: 'up.example', authorization: `Bearer ${providerKey}` })
      seen = []
      const asked = proxy.asked.length
      const off = await ask('off/m')
      expect([off.response.status, off.text]).toEqual([502, expect.stringContaining('blocked_endpoint')])
      expect([seen.length, proxy.asked.length]).toEqual([0, asked])
    })

    it('sends nothing at all where proxies are switched off but named', async () => {
      const settings = { default_egress: 'corporate', egress_enabled: false }
      const egress = [{ id: 'corporate', kind: 'proxy', url_env: 'PROXY_URL' }]
      const config = configFor({ server: settings, egress }, { chat: chat() })
      const closed = await startGatewayProcess(runtime, { config, env: environment() })
      try {
        const { response, text } = await ask('chat/m', closed)
        expect([response.status, text]).toEqual([502, expect.stringContaining('blocked_endpoint')])
        expect(seen).toEqual([])
        expect(closed.stderr()).toContain('is switched off')
      } finally {
        await closed.stop()
      }
    })
  } else {
    it('refuses a configuration with proxies, and says why', async () => {
      const egress = [{ id: 'corporate', kind: 'proxy', url_env: 'PROXY_URL' }]
      const config = configFor({ egress }, { chat: chat() })
      const refused = await startGatewayProcess(runtime, { config, env: environment() })
      try {
        const { response } = await ask('chat/m', refused)
        expect(response.status).toBe(503)
        expect(refused.stderr()).toContain('this runtime cannot go through a proxy')
        expect(seen).toEqual([])
      } finally {
        await refused.stop()
      }
    })
  }
})

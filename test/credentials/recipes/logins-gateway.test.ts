// The logins of coding agents and cloud tokens through a real gateway with a HOME of its own: what a provider receives.
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { importSPKI, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startGatewayProcess, type GatewayProcess } from '../../support/gateway-process.ts'
import { chatAnswer, json, startUpstream, type Upstream } from '../../support/upstream.ts'
import { listen, type Listening } from '../../support/loopback.ts'
import { receive } from './token-server.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

// A real process, and failures that are remembered for five real seconds.
vi.setConfig({ testTimeout: 60_000 })

let gateway: GatewayProcess
let upstream: Upstream
let endpoint: Listening
let beforeLogin: Awaited<ReturnType<typeof ask>>
const refusals: string[] = []

// Google's and Microsoft's endpoints in one place; each checks what it wants to see.
const server = createServer((request, response) => {
  void receive(request).then(async (text) => {
    const form = Object.fromEntries(new URLSearchParams(text))
    const grant = (token: string): void => void response.end(JSON.stringify({ access_token: token, expires_in: 3599 }))
    if (request.url === '/tenant-1/oauth2/v2.0/token' && form['client_secret'] === 'az-secret')
      return grant('eyJ.azure')
    try {
      const key = await importSPKI(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'RS256')
      await jwtVerify(form['assertion'] ?? '', key, { audience: `${endpoint.url}/google`, issuer: 'robot@p.test' })
      grant('ya29.robot')
    } catch (cause) {
      refusals.push(String(cause))
      response.writeHead(400).end('{"error":"invalid_grant"}')
    }
  })
})

const chat = json(chatAnswer())
const message = json({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
})

beforeAll(async () => {
  endpoint = await listen(server)
  upstream = await startUpstream()
  for (const model of ['codex', 'google', 'azure']) upstream.on(model, chat)
  upstream.on('claude', message)
  const reach = { allow_private: true, allow_http: true }
  const provider = (type: string, credential: string, base = '/v1') => ({
    type,
    base_url: `${upstream.url}${base}`,
    ...reach,
    accounts: [{ id: 'main', credential }],
  })
  gateway = await startGatewayProcess('node', {
    config: {
      config_version: 1,
      credentials: {
        codex: { type: 'codex_oauth' },
        claude: { type: 'claude_code_oauth' },
        google: { type: 'google_service_account', ...reach },
        azure: { type: 'azure', ...reach },
      },
      providers: {
        codex: provider('openai_compatible', 'codex'),
        claude: provider('anthropic', 'claude'),
        google: provider('openai_compatible', 'google'),
        azure: provider('openai_compatible', 'azure'),
      },
      storage: { kind: 'memory' },
    },
    env: {
      GOOGLE_SERVICE_ACCOUNT_JSON: JSON.stringify({
        type: 'service_account',
        client_email: 'robot@p.test',
        private_key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        token_uri: `${endpoint.url}/google`,
      }),
      AZURE_AUTHORITY_HOST: endpoint.url,
      AZURE_TENANT_ID: 'tenant-1',
      AZURE_CLIENT_ID: 'app-1',
      AZURE_CLIENT_SECRET: 'az-secret',
    },
  })
  beforeLogin = await ask('codex')
  // The failure is remembered for five seconds, so that nobody hammers a source: they pass while other tests run.
  keep('.codex/auth.json', { tokens: { access_token: 'codex-fake-1', account_id: 'acc-1' } })
})
afterAll(async () => {
  await gateway.stop()
  await Promise.all([upstream.close(), endpoint.close()])
})

function keep(path: string, content: unknown, mode = 0o600): void {
  const file = join(gateway.home, path)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, JSON.stringify(content))
  chmodSync(file, mode)
}

async function ask(model: string, path = '/v1/chat/completions', headers: Record<string, string> = {}) {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: `${model}/${model}`, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
  })
  return { status: response.status, text: await response.text() }
}

const lastHeaders = (model: string) => upstream.of(model).at(-1)?.headers ?? {}

describe('a provider receives', () => {
  it('Claude Code’s token as bearer and no x-api-key, with its beta added to those of the client', async () => {
    keep('.claude/.credentials.json', {
      claudeAiOauth: { accessToken: 'sk-ant-oat01-fake', refreshToken: 'never', expiresAt: Date.now() + 3_600_000 },
    })
    const answer = await ask('claude', '/v1/messages', { 'anthropic-beta': 'files-api-2025-04-14' })
    expect(answer.status).toBe(200)
    const { authorization, 'x-api-key': apiKey, 'anthropic-beta': betas } = lastHeaders('claude')
    expect({ authorization, apiKey }).toEqual({ authorization: 'Bearer sk-ant-oat01-fake', apiKey: undefined })
    expect(String(betas).split(/, ?/).toSorted()).toEqual(['files-api-2025-04-14', 'oauth-2025-04-20'])
  })

  it('a token for a Google service account', async () => {
    const answer = await ask('google')
    expect(refusals).toEqual([])
    expect(answer.status).toBe(200)
    expect(lastHeaders('google').authorization).toBe('Bearer ya29.robot')
  })

  it('a token for an Azure application', async () => {
    expect((await ask('azure')).status).toBe(200)
    expect(lastHeaders('azure').authorization).toBe('Bearer eyJ.azure')
  })

  it('nothing of a login that others can read, and the log says which mode to set', async () => {
    const before = upstream.of('claude').length
    keep('.claude/.credentials.json', { claudeAiOauth: { accessToken: 'sk-ant-oat01-open' } }, 0o644)
    await expect
      .poll(async () => (await ask('claude', '/v1/messages')).status, { timeout: 20_000, interval: 500 })
      .toBeGreaterThanOrEqual(500)
    expect(
      upstream
        .of('claude')
        .slice(before)
        .map((seen) => seen.headers.authorization),
    ).not.toContain('Bearer sk-ant-oat01-open')
    expect(gateway.stderr()).toContain('chmod')
    expect(gateway.stderr()).not.toContain('sk-ant-oat01')
  })

  it('Codex’s token as bearer with the account beside it, read anew after a new login', async () => {
    expect(beforeLogin.status).toBeGreaterThanOrEqual(500)
    expect(beforeLogin.text).not.toContain(gateway.home)
    await expect.poll(() => ask('codex'), { timeout: 10_000, interval: 500 }).toMatchObject({ status: 200 })
    expect(lastHeaders('codex')).toMatchObject({ authorization: 'Bearer codex-fake-1', 'chatgpt-account-id': 'acc-1' })
  })
})

// The same with a gateway of its own process and real connections: a reset in the middle of an answer, and a client that
// does not read.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { chatChunk, messageStream, startUpstream, stream, type Upstream } from '../support/upstream.ts'
import { decodeEmbedded } from './repair-heard.ts'

let upstream: Upstream
let gateway: GatewayProcess

beforeAll(async () => {
  upstream = await startUpstream()
  const reachable = { allow_private: true, allow_http: true, accounts: [{ id: 'a', credential: 'up' }] }
  gateway = await startGatewayProcess('node', {
    env: { SIGNALBOX_KEY: 'sbx_test_key_of_a_client_0123456789', UPSTREAM_KEY: 'sk-test-key-of-a-provider' },
    config: {
      config_version: 1,
      server: { limits: { client_stall_ms: 2000 } },
      keys: [{ id: 'test', env: 'SIGNALBOX_KEY', role: 'client' }],
      credentials: { up: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' } },
      providers: {
        chat: { ...reachable, type: 'openai_compatible', base_url: `${upstream.url}/v1`, api_formats: ['openai_chat'] },
        claude: { ...reachable, type: 'anthropic', base_url: upstream.url },
      },
      routes: {
        r: {
          stream_failure: 'continue',
          targets: [
            { name: 'first', provider: 'chat', model: 'breaks', priority: 1 },
            { name: 'second', provider: 'claude', model: 'claude-sonnet-4-5', priority: 2 },
          ],
        },
      },
      storage: { kind: 'memory' },
    },
  })
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await upstream?.close()
})

const headers = { authorization: 'Bearer sbx_test_key_of_a_client_0123456789', 'content-type': 'application/json' }
const body = (model: string): string =>
  JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hi' }] })

describe('a gateway on Node', () => {
  it('goes on with an answer whose connection was reset', async () => {
    upstream.on('breaks', stream([chatChunk({ role: 'assistant' }), chatChunk({ content: 'One, ' })], 'cut'))
    const { open, close } = messageStream([' two', ' three.'])
    upstream.on('claude-sonnet-4-5', stream([...open, ...close], 'close'))
    const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body: body('r') })
    const heard = decodeEmbedded('openai-chat', await response.text())
    expect(heard).toMatchObject({ text: 'One, two three.', end: 'success', starts: 1, faults: [] })
    const [asked] = upstream.of('claude-sonnet-4-5')
    expect(JSON.parse(asked?.body.toString() ?? '').messages.at(-1)).toMatchObject({ role: 'assistant' })
    expect(asked?.body.toString()).toContain('"One,"')
  })

  it('reads no further for a client that does not read, and gives it up', async () => {
    let written = 0
    upstream.on('endless', async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const event = chatChunk({ content: 'x'.repeat(16_000) })
      while (!response.destroyed) {
        written += event.length
        if (!response.write(event)) await Promise.race([once(response, 'drain'), once(response, 'close')])
      }
    })
    const { hostname, port } = new URL(gateway.url)
    const socket = connect({ host: hostname, port: Number(port) })
    const text = body('chat/endless')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    socket.write(
      [
        'POST /v1/chat/completions HTTP/1.1',
        `host: ${hostname}:${port}`,
        ...lines,
        `content-length: ${text.length}`,
        '',
        text,
      ].join('\r\n'),
    )
    socket.pause()
    socket.on('error', () => {})
    await expect.poll(() => upstream.of('endless').length, { timeout: 5000 }).toBe(1)
    await upstream.of('endless')[0]?.aborted
    // The kernel's buffers on four sockets are what it got rid of; limits.max_stream_bytes comes later.
    expect(written).toBeLessThan(40 * 1024 * 1024)
    await new Promise((resolve) => socket.resume().on('close', resolve))
    // Lines of the log and nothing else: no error with its stack.
    expect(
      gateway
        .stderr()
        .split('\n')
        .filter((line) => /^\s+at |Error/.test(line)),
    ).toEqual([])
  }, 30_000)
})

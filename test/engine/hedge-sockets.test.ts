// The same with a gateway of its own process and real connections: the loser's provider sees that nobody waits any more.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { full } from '../support/full-run.ts'
import { startGatewayProcess, type GatewayProcess, type RuntimeName } from '../support/gateway-process.ts'
import { chatAnswer, json, silence, startUpstream, type Answer, type Upstream } from '../support/upstream.ts'

const clientKey = 'sbx_test_key_of_a_client_0123456789'
const runtimes: readonly RuntimeName[] = full ? ['node', 'bun', 'deno', 'workerd'] : ['node']
const names = ['silent', 'begun', 'refused'] as const

function start(runtime: RuntimeName, upstream: Upstream): Promise<GatewayProcess> {
  const reachable = { allow_private: true, allow_http: true, accounts: [{ id: 'a', credential: 'up' }] }
  return startGatewayProcess(runtime, {
    env: { SIGNALBOX_KEY: clientKey, UPSTREAM_KEY: 'sk-test-key-of-a-provider' },
    config: {
      config_version: 1,
      keys: [{ id: 'test', env: 'SIGNALBOX_KEY', role: 'client' }],
      credentials: { up: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' } },
      providers: {
        chat: { ...reachable, type: 'openai_compatible', base_url: `${upstream.url}/v1`, api_formats: ['openai_chat'] },
      },
      policy: { hedge: { enabled: true, delay_ms: 50, max_parallel: 2 } },
      routes: Object.fromEntries(
        names.map((name) => [
          name,
          {
            targets: [
              { provider: 'chat', model: name, priority: 1 },
              { provider: 'chat', model: `after-${name}`, priority: 2 },
            ],
          },
        ]),
      ),
      storage: { kind: 'memory' },
    },
  })
}

const begun: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write('{"id":"chatcmpl-1","object":')
}

/** The scripts of a first target and of its hedge, which answers once so many requests have come to the first. */
function pair(first: Answer, hedge: Answer, count = 1): readonly [Answer, Answer] {
  let come = 0
  let open = (): void => {}
  const all = new Promise<void>((resolve) => (open = resolve))
  return [
    async (response, received) => {
      await first(response, received)
      if (++come === count) open()
    },
    (response, received) => all.then(() => hedge(response, received)),
  ]
}

function ask(gateway: GatewayProcess, model: string, path: string): Promise<Response> {
  const messages = [{ role: 'user', content: 'hi' }]
  return fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 9, messages }),
  })
}

describe.each(runtimes)('a gateway on %s that hedges', (runtime) => {
  let upstream: Upstream
  let gateway: GatewayProcess

  beforeAll(async () => {
    upstream = await startUpstream()
    gateway = await start(runtime, upstream)
  }, 60_000)

  afterAll(async () => {
    await gateway?.stop()
    await upstream?.close()
  })

  it.each([
    ['as bytes', 'a connection without headers', 'silent', silence, '/v1/chat/completions'],
    ['as bytes', 'an answer that has begun', 'begun', begun, '/v1/chat/completions'],
    ['translated', 'a connection without headers', 'silent', silence, '/v1/messages'],
    ['translated', 'an answer that has begun', 'begun', begun, '/v1/messages'],
  ] as const)('answers with the hedge, %s, and closes %s', async (_wire, _what, name, answer, path) => {
    const [first, hedge] = pair(answer, json(chatAnswer('from the hedge')))
    upstream.on(name, first)
    upstream.on(`after-${name}`, hedge)
    const response = await ask(gateway, name, path)
    expect([response.status, response.headers.get('x-used-fallback')]).toEqual([200, 'true'])
    expect(await response.text()).toContain('from the hedge')
    const [lost, won] = [upstream.of(name).at(-1), upstream.of(`after-${name}`).at(-1)]
    for (const [seen, model] of [
      [lost, name],
      [won, `after-${name}`],
    ] as const) {
      expect(seen?.headers.authorization).toBe('Bearer sk-test-key-of-a-provider')
      expect(JSON.parse(seen?.body.toString() ?? '')).toMatchObject({ model, messages: [{ content: 'hi' }] })
    }
    await lost?.aborted
  })

  it('closes what is under way when a hedge is refused for what the request is', async () => {
    const [first, hedge] = pair(silence, json({ error: { message: 'too hot' } }, 400))
    upstream.on('refused', first)
    upstream.on('after-refused', hedge)
    const response = await ask(gateway, 'refused', '/v1/chat/completions')
    expect([response.status, (await response.json()).error.message]).toEqual([400, 'too hot'])
    await upstream.of('refused').at(-1)?.aborted
  })

  it('goes on serving, each request for itself', async () => {
    const [first, hedge] = pair(silence, json(chatAnswer('from the hedge')), 8)
    upstream.on('silent', first)
    upstream.on('after-silent', hedge)
    const from = upstream.of('silent').length
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(gateway, 'silent', '/v1/chat/completions')))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    await Promise.all(answers.map((answer) => answer.text()))
    const lost = upstream.of('silent').slice(from)
    expect(lost).toHaveLength(8)
    await Promise.all(lost.map(({ aborted }) => aborted))
    expect(gateway.stderr()).not.toMatch(/internal_error|unhandled|UnhandledPromise/i)
  })
})

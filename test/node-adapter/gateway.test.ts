// A gateway that is taken apart in the middle of its work: what its clients still get.
import { afterEach, describe, expect, it } from 'vitest'
import { startGateway, type Gateway } from '../../node-adapter/gateway.ts'
import { compileConfig } from '../../src/catalog/compile.ts'

const noLog = { debug() {}, info() {}, warn() {}, error() {} }
let gateway: Gateway | undefined
afterEach(async () => {
  await gateway?.stop(0)
})

async function start(): Promise<Gateway> {
  const document = { config_version: 1, providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } }
  const compiled = compileConfig({ document })
  if (!compiled.ok) throw new Error('the configuration of this test does not compile')
  const { snapshot } = compiled
  const secrets = { get: () => undefined }
  gateway = await startGateway({ snapshot, secrets, host: '127.0.0.1', port: 0, log: noLog, adminToken: 'unused' })
  return gateway
}

const model = 'mock/fault-stall-mid-stream-1'
const contents = [{ role: 'user', parts: [{ text: 'x' }] }]
const messages = [{ role: 'user', content: 'x' }]

describe('F-84 · stopping with a stream under way', () => {
  it.each<[string, string, object]>([
    ['openai-chat', '/v1/chat/completions', { model, stream: true, messages }],
    ['openai-completions', '/v1/completions', { model, stream: true, prompt: 'x' }],
    ['openai-responses', '/v1/responses', { model, stream: true, input: 'x' }],
    ['anthropic-messages', '/v1/messages', { model, stream: true, max_tokens: 9, messages }],
    ['gemini', `/v1beta/models/${model}:streamGenerateContent?alt=sse`, { contents }],
    ['gemini, as an array', `/v1beta/models/${model}:streamGenerateContent`, { contents }],
  ])('reaches the client of %s with an error event before its connection closes', async (_wire, path, body) => {
    const { url, stop } = await start()
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = (await reader?.read())?.value ?? ''
    const stopped = stop(0)
    // Throws where the connection was cut.
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) text += read.value
    expect(text).toContain('the gateway is stopping')
    await stopped
    gateway = undefined
  })

  it('is not held up by a connection that only waits for a next request', async () => {
    const { url, stop } = await start()
    await (await fetch(`${url}/health`)).text()
    const began = performance.now()
    await stop(0)
    expect(performance.now() - began).toBeLessThan(900)
    gateway = undefined
  })
})

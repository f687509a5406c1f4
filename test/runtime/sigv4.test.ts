// The same gateway on four runtimes, asked over sockets, before a Bedrock that checks every signature with code of its
// own: what one runtime's fetch does to a URL or a header would break it.
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { afterAll, describe, expect, it, beforeAll } from 'vitest'
import { processRuntimes } from '../support/full-run.ts'
import { startGatewayProcess, type GatewayProcess, type RuntimeName } from '../support/gateway-process.ts'
import { startAwsService, type AwsService } from '../support/sigv4.ts'

const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'IQoJ/session+token==',
}
const key = 'sbx_test_client_0f3a9c5e7d214b68'
const region = 'eu-central-1'
const model = 'anthropic.claude-3-5-sonnet-20241022-v2:0'
const arn = 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0'

const answer = {
  output: { message: { role: 'assistant', content: [{ text: 'Grüße, 世界' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
  metrics: { latencyMs: 1 },
}

const events: readonly (readonly [name: string, payload: object])[] = [
  ['messageStart', { role: 'assistant' }],
  ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Grüße, ' } }],
  ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: '世界' } }],
  ['contentBlockStop', { contentBlockIndex: 0 }],
  ['messageStop', { stopReason: 'end_turn' }],
  ['metadata', { usage: answer.usage, metrics: answer.metrics }],
]

/** The stream as Amazon frames it, written with Amazon's own library. */
function eventStream(): Buffer {
  const codec = new EventStreamCodec(
    (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
    (text) => Buffer.from(text, 'utf8'),
  )
  const header = (value: string) => ({ type: 'string' as const, value })
  return Buffer.concat(
    events.map(([name, payload]) =>
      codec.encode({
        headers: {
          ':event-type': header(name),
          ':content-type': header('application/json'),
          ':message-type': header('event'),
        },
        body: Buffer.from(JSON.stringify(payload)),
      }),
    ),
  )
}

function configFor(bedrock: AwsService): object {
  return {
    keys: [{ id: 'test', env: 'SIGNALBOX_KEY_TEST', role: 'client' }],
    providers: { aws: { type: 'bedrock', base_url: bedrock.url, region, allow_private: true, allow_http: true } },
    routes: {
      plain: { targets: [{ provider: 'aws', model }] },
      profile: { targets: [{ provider: 'aws', model: arn }] },
      elsewhere: { targets: [{ provider: 'aws', model, region: 'us-west-2' }] },
    },
    storage: { kind: 'memory' },
  }
}

const onRuntimes = processRuntimes<RuntimeName>('signatures', ['node', 'bun', 'deno', 'workerd'])

describe.each(onRuntimes)('requests to Bedrock from %s', (runtime) => {
  let bedrock: AwsService
  let gateway: GatewayProcess

  beforeAll(async () => {
    bedrock = await startAwsService(
      () => ({ keys, region, service: 'bedrock', now: Date.now() }),
      ({ path }, response) => {
        if (path.endsWith('/converse')) {
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
          return
        }
        response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' }).end(eventStream())
      },
    )
    gateway = await startGatewayProcess(runtime, {
      config: configFor(bedrock),
      env: {
        SIGNALBOX_KEY_TEST: key,
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_SESSION_TOKEN: keys.sessionToken,
      },
    })
  })
  afterAll(async () => {
    await gateway?.stop()
    await bedrock?.close()
  })

  const ask = (name: string, members: object = {}): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: name, messages: [{ role: 'user', content: 'Ünïcödé?' }], ...members }),
    })

  it('are signed so that another implementation accepts them', async () => {
    const response = await ask('plain')
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Grüße, 世界' } }] })
    expect(bedrock.received.at(-1)).toMatchObject({
      refusal: undefined,
      path: '/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse',
    })
  })

  it('are signed with an ARN in the path, and answered with an event stream', async () => {
    const response = await ask('profile', { stream: true })
    const text = await response.text()
    expect(text).toContain('Grüße, ')
    expect(text).toContain('世界')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    expect(bedrock.received.at(-1)).toMatchObject({
      refusal: undefined,
      path: `/model/${encodeURIComponent(arn)}/converse-stream`,
    })
  })

  it('are refused where they are signed for another region', async () => {
    expect((await ask('elsewhere')).status).toBe(502)
    expect(bedrock.received.at(-1)?.refusal).toMatchObject({ type: 'InvalidSignatureException' })
  })
})

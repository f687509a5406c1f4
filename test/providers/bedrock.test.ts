// Amazon Bedrock: which id, which address, what each family takes, and whole requests whose signature is checked.
import { describe, expect, it } from 'vitest'
import { modelIds } from './bedrock-ids.ts'
import { compileConfig } from '../../src/catalog/compile.ts'
import type { ProviderRecord } from '../../src/catalog/snapshot.ts'
import type { IrRequest } from '../../src/ir/request.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { bedrock } from '../../src/providers/bedrock/index.ts'
import { bedrockId } from '../../src/providers/bedrock/models.ts'
import type { CallPlace } from '../../src/providers/provider.ts'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'
import { callErrors } from '../support/bedrock-model.ts'
import { bytesOf, recordings } from '../support/corpus.ts'
import { list, record, type Json } from '../support/json.ts'
import { requireShared } from '../support/shared.ts'
import { refusalOf } from '../support/sigv4.ts'

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const env = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }

function providerWith(members: object = {}): ProviderRecord {
  const compiled = compileConfig({
    document: { providers: { b: { type: 'bedrock', region: 'us-east-1', ...members } } },
  })
  const found = compiled.ok ? compiled.snapshot.providers.get('b') : undefined
  if (found === undefined) throw new Error(JSON.stringify(compiled))
  return found
}

function place(members: Partial<CallPlace> = {}): CallPlace {
  const model = 'anthropic.claude-3-haiku-20240307-v1:0'
  const provider = providerWith()
  return {
    provider,
    dialect: 'bedrock-converse',
    task: 'generate',
    stream: false,
    model,
    region: 'us-east-1',
    ...members,
  }
}

describe('the id of a model', () => {
  it.each(modelIds)('%s in %s is %s', (name, region, id) => {
    expect(bedrockId(name, { region, profile: null })).toBe(id)
    // Whatever comes out is an id in the eyes of the service.
    expect(callErrors(`/model/${encodeURIComponent(id)}/converse`, { messages: [] })).toEqual([])
  })

  it('gets the profile that the provider asks for, unless it has one', () => {
    const options = { region: 'eu-west-1', profile: 'global' } as const
    expect(bedrockId('claude-sonnet-4-5', options)).toBe('global.anthropic.claude-sonnet-4-5-20250929-v1:0')
    expect(bedrockId('amazon.nova-pro-v1:0', options)).toBe('global.amazon.nova-pro-v1:0')
    expect(bedrockId('us.amazon.nova-pro-v1:0', options)).toBe('us.amazon.nova-pro-v1:0')
    const none = { region: 'eu-west-1', profile: 'none' } as const
    expect(bedrockId('claude-sonnet-4-5', none)).toBe('anthropic.claude-sonnet-4-5-20250929-v1:0')
    expect(
      bedrock.modelId?.(place({ model: 'claude-opus-4-1', provider: providerWith({ inference_profile: 'none' }) })),
    ).toBe('anthropic.claude-opus-4-1-20250805-v1:0')
  })
})

describe('the id of a model whose tokens are counted', () => {
  // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html: a foundation model, and no profile.
  const account = 'arn:aws:bedrock:us-east-1:123456789012'
  it.each([
    ['claude-sonnet-4-5', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['global.anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic.claude-haiku-4-5-20251001-v1:0'],
    [
      `${account}:inference-profile/us-gov.anthropic.claude-3-7-sonnet-20250219-v1:0`,
      'anthropic.claude-3-7-sonnet-20250219-v1:0',
    ],
    [`${account}:application-inference-profile/abc`, `${account}:application-inference-profile/abc`],
  ])('%s is %s', (model, id) => {
    expect(bedrock.modelId?.(place({ model, task: 'count-tokens' }))).toBe(id)
  })
})

describe('the address', () => {
  const call = '/model/m/converse'
  it.each([
    ['us-east-1', 'https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse'],
    ['us-gov-west-1', 'https://bedrock-runtime.us-gov-west-1.amazonaws.com/model/m/converse'],
    ['cn-north-1', 'https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m/converse'],
  ])('in %s', (region, url) => {
    expect(bedrock.url?.(call, place({ region }))).toEqual({ ok: true, value: url })
  })

  it('of one that has an endpoint of its own stays as it is', () => {
    const provider = providerWith({ base_url: 'https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/' })
    expect(bedrock.url?.(call, place({ provider, region: 'eu-west-1' }))).toEqual({
      ok: true,
      value: 'https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/model/m/converse',
    })
  })

  it('needs a region that is one', () => {
    for (const region of [null, 'evil.example.com/', 'US EAST'])
      expect(bedrock.url?.(call, place({ region }))).toMatchObject({ ok: false, error: { code: 'missing_credential' } })
  })

  it('lists models at the other face of the service', () => {
    expect(bedrock.discovery?.({ provider: providerWith(), region: 'eu-west-1' })).toEqual({
      ok: true,
      value: [
        'https://bedrock.eu-west-1.amazonaws.com/foundation-models?byOutputModality=TEXT',
        'https://bedrock.eu-west-1.amazonaws.com/inference-profiles?maxResults=1000',
      ],
    })
  })
})

// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
describe('what a family takes', () => {
  const asked: IrRequest = {
    source: 'openai-chat',
    model: 'm',
    instructions: [{ type: 'text', text: 'Be brief.', at: 'messages[0]' }],
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }], at: 'messages[1]' }],
    tools: [],
    sampling: {},
    stream: false,
  }
  const tool = { type: 'function', name: 'f', schema: { type: 'object' }, at: 'tools[0]' } as const
  const image = {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' },
    at: 'messages[1].content[0]',
  } as const
  const file = {
    type: 'file',
    source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' },
    at: 'messages[1].content[1]',
  } as const
  const fit = (model: string, request: Partial<IrRequest>) => bedrock.fit?.({ ...asked, ...request }, place({ model }))
  const holding = (part: typeof image | typeof file): Partial<IrRequest> => ({
    turns: [{ role: 'user', parts: [part] }],
  })

  it.each([
    ['anthropic.claude-v2:1', 'tools images'],
    ['anthropic.claude-3-5-haiku-20241022-v1:0', 'images'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', ''],
    ['amazon.nova-micro-v1:0', 'images documents'],
    ['eu.amazon.nova-lite-v1:0', ''],
    ['amazon.titan-text-express-v1', 'tools images'],
    ['amazon.titan-text-premier-v1:0', 'tools images documents'],
    ['meta.llama3-8b-instruct-v1:0', 'tools images'],
    ['us.meta.llama3-1-70b-instruct-v1:0', 'images'],
    ['us.meta.llama3-2-3b-instruct-v1:0', 'tools images'],
    ['us.meta.llama3-2-90b-instruct-v1:0', ''],
    ['mistral.mistral-7b-instruct-v0:2', 'tools images'],
    ['mistral.mistral-large-2402-v1:0', 'images'],
    ['us.mistral.pixtral-large-2502-v1:0', ''],
    ['cohere.command-r-plus-v1:0', 'images'],
    ['cohere.command-text-v14', 'tools images'],
    ['cohere.command-a-03-2025-v1:0', ''],
    ['mistral.mistral-large-3-675b-instruct', ''],
    ['meta.llama5-maverick-v1:0', ''],
    ['ai21.jamba-instruct-v1:0', 'tools images documents'],
    ['ai21.jamba-1-5-large-v1:0', 'images'],
    ['arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-lite-v1', 'tools images'],
    ['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl', ''],
    ['deepseek.v3-v1:0', ''],
  ])('%s refuses: %s', (model, refused) => {
    const found = {
      tools: fit(model, { tools: [tool] }),
      images: fit(model, holding(image)),
      documents: fit(model, holding(file)),
    }
    const names = Object.entries(found).flatMap(([name, outcome]) => (outcome?.ok === false ? [name] : []))
    expect(names.join(' ')).toBe(refused)
    for (const outcome of Object.values(found))
      if (outcome?.ok === false) expect(outcome.error).toMatchObject({ code: 'unsupported_content' })
  })

  it('says where the thing is that it refuses, and who refuses it', () => {
    expect(fit('amazon.titan-text-express-v1', holding(image))).toMatchObject({
      error: { param: image.at, message: 'messages[1].content[0]: Titan Text takes no images on Bedrock' },
    })
    const inResult = { type: 'tool-result', callId: 'c', parts: [{ ...image, at: 'x' }], at: 'messages[2]' } as const
    expect(fit('cohere.command-r-v1:0', { turns: [{ role: 'user', parts: [inResult] }] })).toMatchObject({
      error: { param: 'x' },
    })
  })

  it.each(['amazon.titan-text-express-v1', 'mistral.mixtral-8x7b-instruct-v0:1', 'cohere.command-text-v14'])(
    '%s hears its instructions from the user',
    (model) => {
      expect(fit(model, {})).toMatchObject({
        ok: true,
        value: {
          request: { instructions: [], turns: [{ role: 'user', parts: [{ text: 'Be brief.' }, { text: 'Hi' }] }] },
          losses: [{ path: 'messages[0]', action: 'approximated' }],
        },
      })
    },
  )

  const required = { mode: 'required' } as const
  const named = { mode: 'tool', name: 'f' } as const
  it.each<[string, IrRequest['toolChoice'], IrRequest['toolChoice'], number]>([
    ['anthropic.claude-3-haiku-20240307-v1:0', named, named, 0],
    ['amazon.nova-pro-v1:0', required, required, 0],
    ['mistral.mistral-large-2407-v1:0', required, required, 0],
    ['mistral.mistral-large-2407-v1:0', named, required, 1],
    ['cohere.command-r-v1:0', required, undefined, 1],
    ['meta.llama3-1-8b-instruct-v1:0', named, undefined, 1],
    ['ai21.jamba-1-5-mini-v1:0', { mode: 'auto' }, undefined, 0],
  ])('%s with the choice %j gets %j', (model, toolChoice, sent, losses) => {
    const outcome = fit(model, { tools: [tool], ...(toolChoice !== undefined && { toolChoice }) })
    expect(outcome).toMatchObject({ ok: true })
    if (outcome?.ok !== true) return
    expect(outcome.value.request.toolChoice).toEqual(sent)
    expect(outcome.value.losses.map(({ path }) => path)).toEqual(Array(losses).fill('tool_choice'))
  })

  it.each([
    ['meta.llama3-1-70b-instruct-v1:0', [tool], false],
    ['meta.llama3-1-70b-instruct-v1:0', [], true],
    ['mistral.mistral-large-2402-v1:0', [tool], false],
    ['cohere.command-r-v1:0', [tool], true],
    ['us.mistral.pixtral-large-2502-v1:0', [tool], false],
    ['us.meta.llama4-maverick-17b-instruct-v1:0', [tool], false],
    ['ai21.jamba-1-5-large-v1:0', [tool], false],
    ['us.writer.palmyra-x5-v1:0', [tool], false],
    ['us.amazon.nova-premier-v1:0', [tool], true],
    ['mistral.devstral-2-123b', [tool], true],
    ['ai21.j2-ultra-v1', [], false],
  ])('%s with %j streams: %s', (model, tools, stream) => {
    expect(fit(model, { tools, stream: true, instructions: [] })).toMatchObject({
      ok: true,
      value: { request: { stream }, losses: stream ? [] : [{ path: 'stream', action: 'approximated' }] },
    })
  })

  it.each([
    ['meta.llama3-1-70b-instruct-v1:0', undefined],
    ['amazon.nova-lite-v1:0', 4],
    ['global.amazon.nova-2-lite-v1:0', 6],
    ['cohere.command-r-v1:0', 5],
    ['mistral.mistral-large-2402-v1:0', 6],
    ['anthropic.claude-3-haiku-20240307-v1:0', 6],
  ])('%s keeps %s of six stop sequences, and the loss has the name that the client knows', (model, kept) => {
    const outcome = fit(model, { sampling: { stop: ['1', '2', '3', '4', '5', '6'] }, source: 'anthropic-messages' })
    if (outcome?.ok !== true) throw new Error('refused')
    expect(outcome.value.request.sampling.stop?.length).toBe(kept)
    expect(outcome.value.losses).toEqual(
      kept === 6 ? [] : [{ path: 'stop_sequences', action: 'dropped', reason: expect.any(String) }],
    )
  })

  // https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-7
  it.each([
    ['us.anthropic.claude-opus-4-7', false],
    ['global.anthropic.claude-opus-5-5', false],
    ['jp.anthropic.claude-sonnet-5', false],
    ['us.anthropic.claude-opus-4-6-v1', true],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', true],
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', true],
  ])('%s lets its sampling be set: %s', (model, sets) => {
    const sampling = { temperature: 0.3, topP: 0.9, topK: 5, maxOutputTokens: 9 }
    const outcome = fit(model, { sampling })
    if (outcome?.ok !== true) throw new Error('refused')
    expect(outcome.value.request.sampling).toEqual(sets ? sampling : { maxOutputTokens: 9 })
    expect(outcome.value.losses.map(({ path }) => path)).toEqual(sets ? [] : ['temperature', 'top_p', 'top_k'])
    const defaults = fit(model, { sampling: { temperature: 1, topP: 1 } })
    expect(defaults).toMatchObject({ ok: true, value: { losses: [] } })
  })

  it('writes no more than it can', () => {
    expect(
      fit('amazon.titan-text-premier-v1:0', { sampling: { maxOutputTokens: 9000 }, instructions: [] }),
    ).toMatchObject({
      value: {
        request: { sampling: { maxOutputTokens: 3072 } },
        losses: [{ path: 'max_completion_tokens', action: 'approximated' }],
      },
    })
  })
})

const model = 'anthropic.claude-3-5-sonnet-20241022-v2:0'
const question = { messages: [{ role: 'user', content: 'What is the capital of Japan?' }] }
const answer = {
  output: { message: { role: 'assistant', content: [{ text: 'Tokyo.' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
  metrics: { latencyMs: 1 },
}

function gateway(
  upstream: (request: FetchRequest) => FetchResponse,
  { provider = {}, targets = [{}] }: { provider?: object; targets?: readonly object[] } = {},
): TestApp {
  return createTestApp({
    config: {
      providers: { aws: { type: 'bedrock', region: 'us-east-1', ...provider } },
      routes: {
        m: {
          targets: targets.map((one, index) => ({
            name: `t${index}`,
            provider: 'aws',
            model,
            priority: index,
            ...one,
          })),
        },
      },
      storage: { kind: 'memory' },
    },
    upstream,
    env,
  })
}

/** What the service says to what was sent. */
function checked(request: FetchRequest | undefined, app: TestApp, region: string) {
  if (request === undefined) throw new Error('nothing was sent')
  const url = new URL(request.url)
  const headers = { ...Object.fromEntries(Object.entries(request.headers)), host: url.host }
  const body = request.body ?? new Uint8Array()
  const signed = { method: 'POST', path: url.pathname + url.search, headers, body }
  return refusalOf(signed, { keys, region, service: 'bedrock', now: app.clock.now() })
}

function bodyOf(request: FetchRequest | undefined): Json {
  return record(JSON.parse(new TextDecoder().decode(request?.body)))
}

describe('a request of a Chat client', () => {
  it('arrives signed, at the region, with a body that the service takes', async () => {
    const app = gateway(() => jsonAnswer(answer))
    const response = await app.request('/v1/chat/completions', { json: { model: 'm', ...question, max_tokens: 50 } })
    expect(response.status).toBe(200)
    expect(list(record(await response.json())['choices'])[0]).toMatchObject({ message: { content: 'Tokyo.' } })
    const [sent] = app.sent
    expect(sent?.url).toBe(
      'https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse',
    )
    expect(checked(sent, app, 'us-east-1')).toBeUndefined()
    expect(callErrors(new URL(sent?.url ?? '').pathname, bodyOf(sent))).toEqual([])
    // And a signature of another service, region or key is noticed.
    expect(checked(sent, app, 'us-west-2')).toMatchObject({ status: 403 })
  })

  it.runIf(requireShared('a recorded stream of Bedrock'))('gets the recorded event stream as its own', async () => {
    const recording = recordings().find(({ file }) =>
      file.includes('bedrock-converse-stream-with-content-tool-call.0.event'),
    )
    if (recording === undefined) throw new Error('no recording')
    let sent = false
    const body = {
      read: async () => (sent ? undefined : ((sent = true), bytesOf(recording))),
      cancel: async () => {},
    }
    const headers = new Headers({ 'content-type': 'application/vnd.amazon.eventstream' })
    const app = gateway(() => ({ status: 200, headers, body }))
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const response = await app.request('/v1/chat/completions', {
      json: { model: 'm', ...question, tools, stream: true },
    })
    expect(app.sent[0]?.url).toMatch(/%3A0\/converse-stream$/)
    expect(checked(app.sent[0], app, 'us-east-1')).toBeUndefined()
    const text = await response.text()
    expect(text).toContain('"tool_calls"')
    expect(text).toMatch(/"finish_reason":"tool_calls"/)
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  it.each([
    ['targets of their own', [{ region: 'eu-west-3' }, {}]],
    ['a target that has several', [{ regions: ['eu-west-3', 'us-east-1'] }]],
  ])('goes to one region after the other, signed for each: %s', async (_name, targets) => {
    const app = gateway(
      ({ url }) => (url.includes('eu-west-3') ? jsonAnswer({ message: 'no' }, 503) : jsonAnswer(answer)),
      { targets },
    )
    expect((await app.request('/v1/chat/completions', { json: { model: 'm', ...question } })).status).toBe(200)
    expect(app.sent.map(({ url }) => new URL(url).host)).toEqual([
      'bedrock-runtime.eu-west-3.amazonaws.com',
      'bedrock-runtime.us-east-1.amazonaws.com',
    ])
    expect(checked(app.sent[0], app, 'eu-west-3')).toBeUndefined()
    expect(checked(app.sent[1], app, 'us-east-1')).toBeUndefined()
  })

  it('to a model that streams no calls is answered with a stream all the same', async () => {
    const toolUse = { toolUse: { toolUseId: 't1', name: 'f', input: { a: 1 } } }
    const called = { ...answer, output: { message: { role: 'assistant', content: [toolUse] } }, stopReason: 'tool_use' }
    const app = gateway(() => jsonAnswer(called), { targets: [{ model: 'us.meta.llama3-1-70b-instruct-v1:0' }] })
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const response = await app.request('/v1/chat/completions', {
      json: { model: 'm', ...question, tools, stream: true, stop: ['x'] },
    })
    expect(app.sent[0]?.url).toMatch(/\/converse$/)
    expect(bodyOf(app.sent[0])['inferenceConfig']).toBeUndefined()
    expect(response.headers.get('x-signalbox-losses')).toMatch(/stream.*stop|stop.*stream/)
    const text = await response.text()
    expect(text).toContain('"name":"f"')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  it('with an image for a family that sees none goes on to one that does', async () => {
    const app = gateway(() => jsonAnswer(answer), { targets: [{ model: 'cohere.command-r-plus-v1:0' }, {}] })
    const url = 'data:image/png;base64,iVBORw0KGgo='
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]
    expect((await app.request('/v1/chat/completions', { json: { model: 'm', messages } })).status).toBe(200)
    expect(app.sent).toHaveLength(1)
    const alone = gateway(() => jsonAnswer(answer), { targets: [{ model: 'cohere.command-r-plus-v1:0' }] })
    const refused = await alone.request('/v1/chat/completions', { json: { model: 'm', messages } })
    expect(refused.status).toBe(400)
    expect(record(record(await refused.json())['error'])).toMatchObject({
      param: 'messages[0].content[0]',
      message: expect.stringContaining('Command R takes no images on Bedrock'),
    })
  })

  it('whose tokens are to be counted gets an estimate where the model counts none', async () => {
    const json = { model: 'm', messages: [{ role: 'user', content: 'a b c' }] }
    const nova = gateway(() => jsonAnswer(answer), { targets: [{ model: 'amazon.nova-pro-v1:0' }] })
    const estimated = await nova.request('/v1/messages/count_tokens', { json })
    expect(estimated.headers.get('x-signalbox-token-count')).toBe('estimated')
    expect(nova.sent).toEqual([])
    const message = "The provided model doesn't support counting tokens."
    const refusing = gateway(() => jsonAnswer({ message }, 400, { 'x-amzn-errortype': 'ValidationException' }))
    const told = await refusing.request('/v1/messages/count_tokens', { json })
    expect([told.status, told.headers.get('x-signalbox-token-count')]).toEqual([200, 'estimated'])
    const counting = gateway(() => jsonAnswer({ inputTokens: 12 }), { targets: [{ model: 'claude-sonnet-4-5' }] })
    expect(await (await counting.request('/v1/messages/count_tokens', { json })).json()).toEqual({ input_tokens: 12 })
    expect(counting.sent[0]?.url).toMatch(/\/model\/anthropic\.claude-sonnet-4-5-20250929-v1%3A0\/count-tokens$/)
  })

  it('with a key of Bedrock itself is not signed', async () => {
    const app = createTestApp({
      config: {
        credentials: { k: { type: 'api_key', env: 'AWS_BEARER_TOKEN_BEDROCK' } },
        providers: { aws: { type: 'bedrock', region: 'eu-west-1', accounts: [{ id: 'a', credential: 'k' }] } },
        storage: { kind: 'memory' },
      },
      upstream: () => jsonAnswer(answer),
      env: { AWS_BEARER_TOKEN_BEDROCK: 'ABSKexample' },
    })
    await app.request('/v1/chat/completions', { json: { model: `aws/${model}`, ...question } })
    expect(app.sent[0]?.headers).toMatchObject({ authorization: 'Bearer ABSKexample' })
  })

  it('takes the region of the credential where nothing else names one', async () => {
    const app = createTestApp({
      config: { providers: { aws: { type: 'bedrock' } }, storage: { kind: 'memory' } },
      upstream: () => jsonAnswer(answer),
      env: { ...env, AWS_REGION: 'ap-south-1' },
    })
    const response = await app.request('/v1/chat/completions', { json: { model: `aws/${model}`, ...question } })
    expect(response.status).toBe(200)
    expect(new URL(app.sent[0]?.url ?? '').host).toBe('bedrock-runtime.ap-south-1.amazonaws.com')
    expect(checked(app.sent[0], app, 'ap-south-1')).toBeUndefined()
  })

  // What AWS says to a clock that is wrong; it is our key that is refused, so the client is not told 403.
  it('whose signature AWS refuses is a fault of our side', async () => {
    const message =
      'Signature expired: 20250130T203827Z is now earlier than 20250130T204131Z (20250130T204631Z - 5 min.)'
    const app = gateway(() => jsonAnswer({ message }, 403, { 'x-amzn-errortype': 'InvalidSignatureException' }))
    const response = await app.request('/v1/chat/completions', { json: { model: 'm', ...question } })
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(app.traces[0]).toMatchObject({ errorCode: 'upstream_auth', status: 502 })
  })
})
